"""Staff and payments at gateways: keys and the health light, the list, refunds, and payments that fit nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from billing.models import Account, LedgerEntry
from billing.services.ledger import book
from core.scope import isp_scope
from lab.stripe.server import StripeLab
from payments.models import Checkout, GatewayAccount, Payment, PaymentMethod, Refund, StrayPayment
from payments.services.checkouts import begin_checkout
from payments.services.truth import reconcile
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import ref
from tests.payments.gateways.test_stripe import GOOD

SETTINGS = "/wispmega/settings/online-payments/"
STRIPE = f"{SETTINGS}stripe/"
ONLINE = "/wispmega/payments/online/"
STRAYS = "/wispmega/payments/strays/"


@pytest.fixture
def lab(settings, monkeypatch):
    monkeypatch.setattr(connection, "is_under_test", True, raising=False)
    server = StripeLab()
    server.start()
    settings.STRIPE_API_BASE = server.url
    yield server
    server.stop()


@pytest.fixture
def keys(lab):
    return lab.open_account("WispMega SA", "MX", "MXN")["keys"]


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.BILLING)


@pytest.fixture
def connected(clerk, keys):
    clerk.post(STRIPE, {"secret": keys["live"]})
    return clerk


@pytest.fixture
def paid(isp, connected, lab):
    """Ana has paid 800 by card."""
    with isp_scope(isp):
        ana = SubscriberFactory(first_name="Ana", last_name="Ríos", number=77)
        owes(ana)
        return pay(isp, lab, ana)


def owes(person):
    kind = LedgerEntry.Kind.CORRECTION
    book(by=None, subscriber=person, kind=kind, amount=Decimal(800), on=timezone.localdate())


def pay(isp, lab, person, **changed):
    checkout = begin_checkout(
        by=None,
        isp=ref(isp),
        subscriber=person,
        account=GatewayAccount.objects.get(),
        amount=Decimal(800),
        at=timezone.now(),
        host="wispmega.localhost",
    )
    lab.pay(checkout.number, **GOOD)
    lab.books.holder(checkout.number).rows[checkout.number].update(changed)
    return reconcile(checkout=checkout, at=timezone.now())


def test_each_gateway_says_what_it_is_before_it_is_connected(clerk):
    page = text_of(clerk.get(SETTINGS))
    for title in ("Stripe", "Mercado Pago"):
        assert title in page
    assert page.count("not connected") == 2
    assert f'href="{STRIPE}"' in page


def test_a_pasted_key_is_tried_the_webhook_registered_and_the_light_is_green(isp, clerk, keys, lab):
    page = text_of(clerk.post(STRIPE, {"secret": f" {keys['live']} "}, follow=True))
    assert "Connected to WispMega SA." in page
    for word in ("live", "MX · MXN", "All is well", "registered", "none yet", "bg-green"):
        assert word in page
    assert keys["live"] not in page
    with isp_scope(isp):
        account = GatewayAccount.objects.get()
        assert account.method.kind == PaymentMethod.Kind.GATEWAY
    rows = lab.books.ledger(keys["live"]).find("webhook_endpoint")
    assert [row["url"] for row in rows] == ["http://wispmega.localhost/gateways/stripe/events/"]
    assert account.webhook_secret not in page
    assert keys["live"] not in str(audit_rows(isp))


def test_a_key_that_is_none_is_said_so_at_its_field_and_not_kept(isp, clerk, lab):
    answer = clerk.post(STRIPE, {"secret": "sk_live_wrong"})
    assert answer.status_code == 422
    assert "The gateway does not take it" in text_of(answer)
    assert clerk.post(STRIPE, {"secret": ""}).status_code == 422
    with isp_scope(isp):
        assert not GatewayAccount.objects.exists()


def test_a_test_key_is_yellow_and_not_offered_to_subscribers(isp, clerk, keys):
    page = text_of(clerk.post(STRIPE, {"secret": keys["test"]}, follow=True))
    assert "test mode" in page
    assert "bg-yellow" in page
    with isp_scope(isp):
        assert not GatewayAccount.objects.offered().exists()


def test_keys_that_were_revoked_turn_the_light_red(isp, connected, keys, lab):
    del lab.books.ledgers[keys["live"]]
    page = text_of(connected.post(f"{STRIPE}check/", follow=True))
    assert "The keys do not work" in page
    assert "bg-red" in page
    with isp_scope(isp):
        assert not GatewayAccount.objects.offered().exists()


def test_a_gateway_that_is_away_says_nothing_about_the_keys(connected, lab, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    page = text_of(connected.post(f"{STRIPE}check/", follow=True))
    assert "bg-green" in page
    assert "nothing is known of the keys" in page


def test_it_is_taken_out_of_use_and_put_back(isp, connected):
    assert "Stripe is out of use." in text_of(connected.post(f"{STRIPE}switch/", {"is_active": "0"}, follow=True))
    with isp_scope(isp):
        assert not GatewayAccount.objects.get().method.is_active
    page = text_of(connected.post(f"{STRIPE}switch/", {"is_active": "1"}, follow=True))
    assert "Subscribers can pay with Stripe." in page


def test_bank_transfers_are_offered_where_the_isp_wants_them(isp, connected, lab, paid):
    assert f"{STRIPE}transfers/" in text_of(connected.get(SETTINGS))
    page = text_of(connected.post(f"{STRIPE}transfers/", {"takes": "1"}, follow=True))
    assert "Stripe offers bank transfers, too." in page
    assert "offered on the payment page" in page
    assert ("payments.gateway.transfers_changed", {"gateway": "stripe", "takes": True}) in audit_rows(isp)
    with isp_scope(isp):
        bea = SubscriberFactory()
        owes(bea)
        checkout = begin_checkout(
            by=None,
            isp=ref(isp),
            subscriber=bea,
            account=GatewayAccount.objects.get(),
            amount=Decimal(800),
            at=timezone.now(),
            host="wispmega.localhost",
        )
        lab.pay(checkout.number, way="customer_balance")
        checkout = reconcile(checkout=checkout, at=timezone.now())
        assert (checkout.state, str(checkout.shown_way)) == ("processing", "bank transfer")
        lab.end_voucher(lab.books.holder(checkout.number).rows[checkout.number]["payment_intent"], paid=True)
        assert reconcile(checkout=checkout, at=timezone.now()).state == "paid"
        assert Account.objects.get(subscriber=bea).balance == 0
    page = text_of(connected.post(f"{STRIPE}transfers/", {"takes": "0"}, follow=True))
    assert "Stripe offers no bank transfers." in page


def test_where_stripe_takes_none_transfers_are_not_offered(isp, connected):
    with isp_scope(isp):
        GatewayAccount.objects.update(currency="BRL")
    assert "transfers/" not in text_of(connected.get(SETTINGS))
    connected.post(f"{STRIPE}transfers/", {"takes": "1"})
    with isp_scope(isp):
        assert not GatewayAccount.objects.get().takes_transfers


def test_keys_of_another_account_are_refused_while_payments_are_open(isp, connected, lab, paid):
    with isp_scope(isp):
        Checkout.objects.update(state="processing")
    other = lab.open_account("Another", "MX", "MXN")["keys"]["live"]
    assert "another account" in text_of(connected.post(STRIPE, {"secret": other}))


def test_a_gateway_that_there_is_not_is_not_there(clerk):
    assert clerk.get(f"{SETTINGS}nobody/").status_code == 404


def test_the_list_shows_how_far_each_payment_is_and_can_be_narrowed_down(connected, paid):
    page = text_of(connected.get(ONLINE))
    assert "77 · Ana Ríos" in page
    assert "$800.00" in page
    assert "Stripe · card" in page
    assert "Ana Ríos" not in text_of(connected.get(f"{ONLINE}?state=processing"))
    assert "Ana Ríos" in text_of(connected.get(f"{ONLINE}?state=nonsense"))


def test_the_list_asks_the_database_a_fixed_number_of_times(isp, connected, lab, paid, count_queries):
    connected.get(ONLINE)
    with count_queries() as few:
        connected.get(ONLINE)
    with isp_scope(isp):
        for _ in range(4):
            person = SubscriberFactory()
            book(
                by=None,
                subscriber=person,
                kind=LedgerEntry.Kind.CORRECTION,
                amount=Decimal(800),
                on=timezone.localdate(),
            )
            pay(isp, lab, person)
    with count_queries() as many:
        connected.get(ONLINE)
    assert len(few) == len(many)


def test_a_payment_is_paid_back_in_part_from_its_page(isp, connected, lab, paid):
    address = f"/wispmega/payments/{paid.payment.number}/refund/"
    page = text_of(connected.get(address))
    assert "$800.00" in page
    key = page.partition('name="key" value="')[2].partition('"')[0]
    sent = {"amount": "300.50", "reason": "Outage", "key": key}
    page = text_of(connected.post(address, sent, follow=True))
    assert "Paid back." in page
    assert "$499.50" in page
    connected.post(address, sent)  # the same form again
    with isp_scope(isp):
        assert Refund.objects.get().by_kind == "staff"
        assert Account.objects.get(subscriber__number=77).balance == Decimal("300.50")


@pytest.mark.parametrize("amount", ["0", "-1", "800.01", "1e30", "1,5", "abc", ""])
def test_an_amount_that_cannot_go_back_is_said_so_at_its_field(isp, connected, paid, amount):
    address = f"/wispmega/payments/{paid.payment.number}/refund/"
    sent = {"amount": amount, "reason": "x", "key": "7a6fdb1e-0000-4000-8000-000000000000"}
    answer = connected.post(address, sent)
    assert answer.status_code == 422
    assert "is-invalid" in text_of(answer)
    with isp_scope(isp):
        assert not Refund.objects.exists()


def test_who_works_on_no_money_pays_nothing_back(isp, paid):
    support = staff_client(isp, Role.SUPPORT)
    assert support.get(f"/wispmega/payments/{paid.payment.number}/refund/").status_code == 403
    page = text_of(support.get(ONLINE))
    assert "Ana Ríos" in page
    assert "/refund/" not in page


@pytest.fixture
def stray(isp, connected, lab):
    with isp_scope(isp):
        ana = SubscriberFactory(first_name="Ana", last_name="Ríos", number=77)
        owes(ana)
        pay(isp, lab, ana, amount_total=45000)
        return StrayPayment.objects.get()


def test_a_payment_that_fits_nothing_is_assigned_to_a_subscriber(isp, connected, stray):
    assert "another amount than was asked for" in text_of(connected.get(STRAYS)).lower()
    wrong = connected.post(f"{STRAYS}{stray.uuid}/assign/", {"number": "4711"})
    assert wrong.status_code == 422
    assert "There is no subscriber with this number." in text_of(wrong)
    page = text_of(connected.post(f"{STRAYS}{stray.uuid}/assign/", {"number": "77"}, follow=True))
    assert "The payment was booked for Ana Ríos." in page
    with isp_scope(isp):
        assert Account.objects.get(subscriber__number=77).balance == 350
    page = text_of(connected.post(f"{STRAYS}{stray.uuid}/dismiss/", {"note": "x"}, follow=True))
    assert "Somebody else has decided this meanwhile." in page


def test_it_is_put_aside_with_a_reason(connected, stray):
    assert connected.post(f"{STRAYS}{stray.uuid}/dismiss/", {"note": ""}).status_code == 422
    page = text_of(connected.post(f"{STRAYS}{stray.uuid}/dismiss/", {"note": "Sold a router"}, follow=True))
    assert "Sold a router" in page
    assert "Every payment has found its subscriber" in page


def assigned(isp, client, stray):
    client.post(f"{STRAYS}{stray.uuid}/assign/", {"number": "77"})
    with isp_scope(isp):
        return Payment.objects.get()


def test_what_was_assigned_wrongly_goes_back_to_where_it_was(isp, connected, stray):
    address = f"/wispmega/payments/{assigned(isp, connected, stray).number}/"
    page = text_of(connected.get(address))
    assert f"{STRAYS}{stray.uuid}/return/" in page
    wrong = connected.post(f"{STRAYS}{stray.uuid}/return/", {"reason": ""})
    assert wrong.status_code == 422
    page = text_of(connected.post(f"{STRAYS}{stray.uuid}/return/", {"reason": "Typing error"}, follow=True))
    assert "The payment fits nothing again" in page
    assert "Typing error" in page
    with isp_scope(isp):
        assert Account.objects.get(subscriber__number=77).balance == 800
    page = text_of(connected.post(f"{STRAYS}{stray.uuid}/return/", {"reason": "x"}, follow=True))
    assert "It waits already" in page
    assert "/return/" not in text_of(connected.get(address))


def test_what_was_put_aside_is_decided_anew(isp, connected, stray):
    connected.post(f"{STRAYS}{stray.uuid}/dismiss/", {"note": "Sold a router"})
    assert f"{STRAYS}{stray.uuid}/return/" in text_of(connected.get(STRAYS))
    assert "card-footer" in text_of(connected.post(f"{STRAYS}{stray.uuid}/return/", {"reason": "x"}, follow=True))


def test_what_was_assigned_is_paid_back_at_the_gateway(isp, connected, lab, stray):
    address = f"/wispmega/payments/{assigned(isp, connected, stray).number}/"
    assert f"{address}refund/" in text_of(connected.get(address))
    page = text_of(connected.get(f"{address}refund/"))
    assert stray.number in page
    key = page.partition('name="key" value="')[2].partition('"')[0]
    page = text_of(connected.post(f"{address}refund/", {"amount": "450", "reason": "x", "key": key}, follow=True))
    assert "Paid back." in page
    with isp_scope(isp):
        assert (Refund.objects.get().state, Account.objects.get(subscriber__number=77).balance) == ("done", 800)


def test_the_light_goes_stale(isp, connected):
    with isp_scope(isp):
        GatewayAccount.objects.update(checked_at=timezone.now() - timedelta(days=5))
    assert "long ago" in text_of(connected.get(SETTINGS))


def test_the_payments_page_leads_to_the_refund_and_not_to_taking_it_back(connected, paid):
    page = text_of(connected.get(f"/wispmega/payments/{paid.payment.number}/"))
    assert f"/wispmega/payments/{paid.payment.number}/refund/" in page


def test_the_method_of_a_gateway_has_no_account_number_and_no_other_kind(isp, connected):
    with isp_scope(isp):
        method = GatewayAccount.objects.get().method
    page = text_of(connected.get(f"/wispmega/settings/payments/{method.uuid}/"))
    assert 'name="fee_percent"' in page
    assert 'name="account_number"' not in page
    assert 'name="kind"' not in page
    assert 'value="gateway"' not in text_of(connected.get("/wispmega/settings/payments/add/"))
