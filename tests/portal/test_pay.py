"""Paying online in the portal: choosing, the way to the gateway and back, the webhook, the saved card."""

import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import Account
from billing.services.invoices import Line, issue_invoice
from core.scope import isp_scope
from lab.stripe.server import StripeLab
from payments.gateways.base import Keys
from payments.models import BalanceSettings, Checkout, GatewayAccount, GatewayEvent, LookupKind, Payment, SavedMethod
from payments.services import lookup
from payments.services.gateway_accounts import connect_gateway
from payments.tasks import process_event, sweep_gateways
from subscribers.models import PortalUser
from subscribers.portal_roles import PortalRole
from tests.factories.subscribers import InvoiceGroupFactory, SubscriberFactory
from tests.payments.gateways.acts import ref
from tests.payments.gateways.test_stripe import GOOD

EVENTS = "/gateways/stripe/events/"


@pytest.fixture
def lab(settings):
    server = StripeLab()
    server.start()
    settings.STRIPE_API_BASE = server.url
    yield server
    server.stop()


@pytest.fixture
def connected(isp, lab, monkeypatch):
    """WispMega takes cards; Maria owes two invoices."""
    monkeypatch.setattr(connection, "is_under_test", True, raising=False)
    keys = lab.open_account("WispMega", "MX", "MXN")["keys"]
    with isp_scope(isp):
        return connect_gateway(by=None, isp=ref(isp), gateway="stripe", keys=Keys(keys["live"]), at=timezone.now())


@pytest.fixture
def debts(isp, maria, connected):
    with isp_scope(isp):
        return [bill(maria.subscriber, amount, days) for amount, days in (("499.50", 20), ("300", 5))]


def bill(subscriber, amount, days):
    on = timezone.localdate() - timedelta(days=days)
    line = Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16))
    return issue_invoice(by=None, subscriber=subscriber, lines=[line], on=on, due_on=on, currency="MXN")


def owed(isp, maria):
    with isp_scope(isp):
        return Account.objects.get(subscriber=maria.subscriber).balance


def session_of(answer):
    return answer["Location"].rpartition("/")[2]


def text_of(answer):
    return answer.content.decode()


def test_the_page_shows_what_is_open_and_names_the_gateways_host_only_there(browser, debts, lab):
    answer = browser.get("/pay/")
    page = text_of(answer)
    assert all(invoice.number in page for invoice in debts)
    assert "MX$799.50" in page or "$799.50" in page
    assert f"form-action 'self' {lab.url}" in answer["Content-Security-Policy"]
    assert lab.url not in browser.get("/")["Content-Security-Policy"]


def test_a_link_of_an_invoice_ticks_that_invoice_alone(browser, debts):
    page = text_of(browser.get(f"/pay/?invoice={debts[1].uuid}"))
    assert page.count("checked") == 1
    assert "$300.00" in page.partition("data-total")[2]


def test_a_card_is_paid_on_the_hosted_page_and_the_way_back_books_it(browser, isp, maria, debts, lab):
    answer = browser.post("/pay/", {"chosen": [str(invoice.uuid) for invoice in debts]})
    assert answer.status_code == 303
    address, _ = lab.pay(session_of(answer), **GOOD)
    assert address.startswith("http://wispmega.localhost/pay/")
    page = text_of(browser.get(address.removeprefix("http://wispmega.localhost")))
    assert "Thank you, your payment has arrived" in page
    assert owed(isp, maria) == 0
    with isp_scope(isp):
        assert Payment.objects.get().checkout.by_name == maria.audit_label


def test_somebody_who_comes_back_without_paying_can_go_on(browser, isp, maria, debts, lab):
    answer = browser.post("/pay/", {"chosen": [str(debts[0].uuid)]})
    with isp_scope(isp):
        checkout = Checkout.objects.get()
    page = text_of(browser.get(f"/pay/{checkout.uuid}/?back=1"))
    assert "Nothing was paid yet" in page
    assert answer["Location"] in page
    assert owed(isp, maria) == Decimal("799.50")


def test_who_pays_without_signing_in_sees_how_far_it_is_and_no_name(at, browser, isp, maria, debts):
    browser.post("/pay/", {"chosen": [str(debts[0].uuid)]})
    with isp_scope(isp):
        checkout = Checkout.objects.get()
    page = text_of(at("wispmega.localhost").get(f"/pay/{checkout.uuid}/"))
    assert "We are looking for your payment" in page
    assert maria.subscriber.last_name not in page
    assert at("fibrandina.localhost").get(f"/pay/{checkout.uuid}/").content.count(b"We are looking") == 0


def test_a_slip_that_is_paid_days_later_is_booked_by_its_bell(browser, at, isp, maria, debts, lab):
    answer = browser.post("/pay/", {"chosen": [str(debts[0].uuid)]})
    address, _ = lab.pay(session_of(answer), way="oxxo")
    page = text_of(browser.get(address.removeprefix("http://wispmega.localhost")))
    assert "We are waiting for your money" in page
    assert f"{lab.url}/voucher/" in page
    assert "On its way" in text_of(browser.get("/pay/"))
    with isp_scope(isp):
        money = Checkout.objects.get().number
    lab.end_voucher(lab.books.holder(money).rows[money]["payment_intent"], paid=True)
    ring(at, isp, lab)
    assert owed(isp, maria) == 300


def ring(at, isp, lab, host="wispmega.localhost"):
    """Bring all events of the account once more, and work them off."""
    from lab.stripe.webhooks import shown, signature

    with isp_scope(isp):
        account = GatewayAccount.objects.get()
        ledger = lab.books.ledger(account.secret)
    import json

    for event in reversed(ledger.find("event")):
        body = json.dumps(shown(event)).encode()
        signed = signature(account.webhook_secret, body, int(time.time()))
        answer = at(host).post(EVENTS, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signed)
        assert answer.content in (b"Kept.", b"The signature is not right.")
    with isp_scope(isp):
        waiting = list(GatewayEvent.objects.filter(processed_at=None).values_list("pk", flat=True))
    for number in waiting:
        process_event(isp_id=isp.pk, event_id=number)
    return answer.content


def test_a_bell_is_checked_kept_once_and_its_repeat_does_nothing(at, browser, isp, maria, debts, lab):
    lab.pay(session_of(browser.post("/pay/", {"chosen": [str(invoice.uuid) for invoice in debts]})), **GOOD)
    ring(at, isp, lab)
    with isp_scope(isp):
        first = GatewayEvent.objects.count()
    ring(at, isp, lab)
    with isp_scope(isp):
        assert (GatewayEvent.objects.count(), Payment.objects.count()) == (first, 1)
    assert owed(isp, maria) == 0


def test_a_bell_of_one_isp_is_forged_at_another(at, isp, other_isp, browser, debts, lab, monkeypatch):
    keys = lab.open_account("Fibrandina", "CO", "COP")["keys"]
    with isp_scope(other_isp):
        connect_gateway(by=None, isp=ref(other_isp), gateway="stripe", keys=Keys(keys["live"]), at=timezone.now())
    lab.pay(session_of(browser.post("/pay/", {"chosen": [str(debts[0].uuid)]})), **GOOD)
    assert ring(at, isp, lab, host="fibrandina.localhost") == b"The signature is not right."
    with isp_scope(other_isp):
        assert not GatewayEvent.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 300_000, b"\xff\xfe"])
def test_what_is_no_event_is_refused_and_not_kept(at, isp, connected, body):
    client = at("wispmega.localhost")
    answer = client.post(EVENTS, body, content_type="application/json", HTTP_STRIPE_SIGNATURE="t=1,v1=x")
    assert answer.status_code in (400, 413)
    assert client.post("/gateways/nobody/events/", b"{}", content_type="application/json").status_code == 404
    with isp_scope(isp):
        assert not GatewayEvent.objects.exists()


def test_when_every_bell_is_lost_the_sweep_books_it(browser, isp, maria, debts, lab):
    lab.pay(session_of(browser.post("/pay/", {"chosen": [str(invoice.uuid) for invoice in debts]})), **GOOD)
    with isp_scope(isp):
        Checkout.objects.update(check_at=timezone.now())
    sweep_gateways(isp_id=isp.pk)
    assert owed(isp, maria) == 0


def test_a_card_that_is_kept_is_shown_with_the_agreement_and_can_be_ended(browser, isp, maria, debts, lab):
    answer = browser.post("/pay/", {"chosen": [str(debts[0].uuid)], "saves": "on"})
    address, _ = lab.pay(session_of(answer), **GOOD)
    browser.get(address.removeprefix("http://wispmega.localhost"))
    page = text_of(browser.get("/pay/card/"))
    assert "Visa •••• 4242" in page
    assert "I allow WispMega to charge this card" in page
    with isp_scope(isp):
        card = SavedMethod.objects.get()
    assert "No card pays by itself" in text_of(browser.post(f"/pay/card/{card.uuid}/end/", follow=True))
    with isp_scope(isp):
        assert SavedMethod.objects.get().ended_how == "subscriber"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"chosen": ["another"]},
        {"chosen": ["00000000-0000-0000-0000-000000000000"]},
        {"chosen": ["other"]},
    ],
)
def test_what_cannot_be_paid_says_why_and_begins_nothing(browser, isp, debts, sent):
    answer = browser.post("/pay/", sent)
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Choose at least one invoice." in page or "is paid already" in page
    with isp_scope(isp):
        assert not Checkout.objects.exists()


def test_an_invoice_of_somebody_else_is_not_among_the_choices(browser, isp, debts):
    with isp_scope(isp):
        strange = bill(SubscriberFactory(), "999", 3)
    assert strange.number not in text_of(browser.get(f"/pay/?invoice={strange.uuid}"))
    assert browser.post("/pay/", {"chosen": [str(strange.uuid)]}).status_code == 422
    with isp_scope(isp):
        assert not Checkout.objects.exists()


def test_a_gateway_that_is_away_says_so_and_loses_nothing(browser, isp, debts, lab):
    from lab.stripe.server import Fault

    lab.faults.append(Fault("POST", "/v1/checkout/sessions", "lost", times=1))
    sent = {"chosen": [str(debts[0].uuid)]}
    answer = browser.post("/pay/", sent)
    assert "did not answer" in text_of(answer)
    assert text_of(answer).count("checked") == 1
    assert browser.post("/pay/", sent).status_code == 303
    with isp_scope(isp):
        assert Checkout.objects.count() == 1


def test_only_who_may_pay_gets_there(browser, isp, maria, debts):
    with isp_scope(isp):
        PortalUser.objects.filter(pk=maria.pk).update(role=PortalRole.READ_ONLY)
    assert "Go on to the payment page" not in text_of(browser.get("/pay/"))
    assert browser.post("/pay/", {"chosen": [str(debts[0].uuid)]}).status_code == 403


def test_without_a_gateway_the_page_says_what_else_there_is(browser):
    assert "Paying online is not possible" in text_of(browser.get("/pay/"))
    assert 'href="/pay/"' not in text_of(browser.get("/"))


def test_what_is_found_without_signing_in_is_paid_without_signing_in(at, isp, maria, debts, lab):
    with isp_scope(isp):
        BalanceSettings(pk=1, is_on=True, by_username=True).save()
        secret = lookup.look_up(kind=LookupKind.USERNAME, value="maria", country="MX")
    visitor, address = at("wispmega.localhost"), f"/balance/wispmega/{secret}/pay/?person=1"
    assert lab.url in visitor.get(address)["Content-Security-Policy"]
    answer = visitor.post(address, {"chosen": [str(invoice.uuid) for invoice in debts]})
    assert answer.status_code == 303
    back, _ = lab.pay(session_of(answer), **GOOD)
    page = text_of(visitor.get(back.removeprefix("http://wispmega.localhost")))
    assert "Thank you, your payment has arrived" in page
    assert maria.subscriber.last_name not in page
    assert owed(isp, maria) == 0
    assert visitor.post(address, {"chosen": ["other"]}).status_code == 410


def test_a_gateway_that_is_not_for_the_subscribers_group_is_not_offered(browser, isp, debts):
    with isp_scope(isp):
        GatewayAccount.objects.get().method.groups.add(InvoiceGroupFactory())
    assert "Paying online is not possible" in text_of(browser.get("/pay/"))


def test_how_to_pay_leads_to_paying_online(browser, debts):
    assert 'href="/pay/"' in text_of(browser.get("/payment-methods/"))


def test_the_pages_of_payment_carry_no_chat(browser, isp, debts):
    from company.models import ChatWidget

    with isp_scope(isp):
        ChatWidget(pk=1, vendor="crisp", account="abc", is_on=True).save()
    assert "chat" in text_of(browser.get("/")).partition("</main>")[2]
    assert "chat.js" not in text_of(browser.get("/pay/"))


def test_the_page_asks_the_database_a_fixed_number_of_times(browser, isp, maria, debts, count_queries):
    with count_queries() as few:
        browser.get("/pay/")
    with isp_scope(isp):
        for day in range(6, 16):
            bill(maria.subscriber, "10", day)
    with count_queries() as many:
        browser.get("/pay/")
    assert len(many) == len(few)
