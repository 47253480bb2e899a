"""The public balance page: who is found, and what nobody learns from it."""

import html
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from company.models import PortalSettings
from core.scope import isp_scope
from payments.models import BalanceLink, BalanceSettings, GatewayAccount, LookupKind, PaymentReport
from payments.services import lookup
from payments.tasks import sweep_payment_drafts
from tests.captcha import payload
from tests.dashboard.test_subscribers import text_of as words_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.files import upload
from tests.factories.payments import bill
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory

PAGE = "/balance/wispmega/"
# What differs from one question to the next without saying anything: texts, numbers, lists of them, names of marks.
PLAIN = re.compile(r"'[^']*'(::\w+(\[\])?)*|ARRAY\[[^]]*\](::\w+(\[\])?)*|\(\d+(, \d+)*\)|\"s\d+_x\d+\"|\b\d+\b")
ALL = {f"by_{kind.value}": True for kind in LookupKind}


def text_of(answer):
    return html.unescape(words_of(answer))


@pytest.fixture
def ana(isp):
    """A customer who owes two invoices, and can be found in every way."""
    with isp_scope(isp):
        BalanceSettings(pk=1, is_on=True, **ALL).save()
        person = SubscriberFactory(
            first_name="María Ana",
            last_name="Gómez",
            id_number="GOMA800101",
            tax_id="GOMA800101AB1",
            email="ana@example.com",
            mobile="+525512345678",
            address="Calle Secreta 7",
        )
        PortalUserFactory(subscriber=person, username="ana.gomez")
        ServiceFactory(subscriber=person, number=5001)
        person.invoice = bill(person, "499")
        bill(person, "120.50")
        PaymentMethodFactory(name="BBVA 99", portal_name="Transfer", transfer_code="012180000000000000")
    return person


class Visitor:
    def __init__(self, client, page=PAGE):
        self.client, self.page = client, page

    def ask(self, kind="service", value="5001", **changes):
        solved = payload(self.client.get(f"{self.page}captcha/").json())
        return self.client.post(self.page, {"kind": kind, "value": value, "captcha": solved} | changes)

    def look(self, *args, **changes):
        return self.client.get(self.ask(*args, **changes).url)


@pytest.fixture
def visitor(at, ana):
    return Visitor(at("wispmega.localhost"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("service", "5001"),
        ("service", " 5001 "),
        ("username", "ANA.gomez"),
        ("username", "ana.gomez@wispmega"),
        ("id_number", "goma800101"),
        ("id_number", "GOMA-800101"),
        ("tax_id", "goma800101ab1"),
        ("email", "Ana@Example.com"),
    ],
)
def test_each_way_finds_what_is_open_and_shows_no_more_than_initials(visitor, ana, kind, value):
    page = text_of(visitor.look(kind, value))
    assert "$619.50" in page
    assert ana.invoice.number in page
    assert "M. A. G." in page
    for secret in ("María", "Gómez", "Calle Secreta", "ana@example.com", "5512345678", "GOMA800101"):
        assert secret not in page
    assert "Transfer" in page
    assert "BBVA 99" not in page


MISSES = [
    ("service", "5002"),
    ("service", "500"),
    ("service", "5001x"),
    ("service", "9" * 40),
    ("username", "ana"),
    ("id_number", "GOMA80010"),
    ("tax_id", "GOMA800101AB2"),
    ("email", "%@example.com"),
]


@pytest.mark.parametrize(("kind", "value"), MISSES)
def test_a_miss_looks_like_somebody_who_owes_nothing(isp, visitor, kind, value):
    with isp_scope(isp):
        ServiceFactory(subscriber=SubscriberFactory(first_name="Sin", last_name="Deuda"), number=7777)

    def bare(answer):
        page = re.sub(r'nonce="[^"]*"|csrfmiddlewaretoken" value="[^"]*"', "", answer.content.decode())
        return re.sub(r"[A-Za-z0-9_-]{43}", "", page)

    assert bare(visitor.look(kind, value)) == bare(visitor.look("service", "7777"))


def test_a_hit_and_a_miss_take_the_same_statements(isp, visitor, count_queries):
    def statements(kind, value):
        with count_queries() as asked:
            answer = visitor.ask(kind, value)
        with count_queries() as shown:
            visitor.client.get(answer.url)
        # Which ISP a host is of is known for seconds, and then asked again.
        own = [query["sql"] for query in [*asked, *shown] if '"tenants_' not in query["sql"]]
        plain = [PLAIN.sub("?", sql) for sql in own if '"domains_' not in sql]
        return [re.sub(r"\(\?(, \?)*\)", "?", sql) for sql in plain]

    visitor.ask()  # so that caches are warm
    hits = [
        statements("service", "5001"),
        statements("id_number", "GOMA800101"),
        statements("email", "ana@example.com"),
    ]
    misses = [statements("service", "1"), statements("id_number", "nobody"), statements("email", "nobody@example.com")]
    for hit, miss in zip(hits, misses, strict=True):
        for one, other in zip(hit, miss, strict=True):
            assert one == other


def test_the_pages_take_eight_queries_at_most(visitor, count_queries):
    url = visitor.ask().url
    visitor.client.get(url)
    for address in (PAGE, url):
        with count_queries() as counted:
            assert visitor.client.get(address).status_code == 200
        assert len(counted) <= 8, [query["sql"][:300] for query in counted]


def test_neighbours_who_share_a_number_choose_by_their_initials(isp, visitor):
    with isp_scope(isp):
        for first in ("Beto", "Celia"):
            person = SubscriberFactory(first_name=first, last_name="Gómez", id_number="GOMA800101")
            bill(person, "77" if first == "Beto" else "88")
        # Who owes nothing is not named.
        SubscriberFactory(first_name="Dora", last_name="Gómez", id_number="GOMA800101")
    answer = visitor.look("id_number", "GOMA800101")
    page = text_of(answer)
    assert "Choose your initials" in page
    assert re.findall(r"[A-Z]\. (?:[A-Z]\. )?G\.", page) == ["M. A. G.", "B. G.", "C. G."]
    assert "$" not in page
    url = visitor.ask("id_number", "GOMA800101").url
    assert "$88.00" in text_of(visitor.client.get(f"{url}?person=3"))
    for wrong in ("4", "0", "-1", "x", "²", "99999999999"):
        assert "Choose your initials" in text_of(visitor.client.get(f"{url}?person={wrong}"))


def test_with_the_phone_asked_for_the_number_alone_is_not_enough(isp, visitor):
    with isp_scope(isp):
        BalanceSettings.objects.update(asks_phone=True)
    assert "required" in text_of(visitor.ask())
    assert "last four" in text_of(visitor.ask(phone="12a4"))
    assert "$619.50" not in text_of(visitor.look(phone="0000"))
    assert "$619.50" in text_of(visitor.look(phone="5678"))


def test_only_what_the_isp_allows_can_be_named(isp, visitor):
    with isp_scope(isp):
        BalanceSettings.objects.update(by_email=False)
    assert "valid choice" in text_of(visitor.ask("email", "ana@example.com"))
    with isp_scope(isp):
        BalanceSettings.objects.update(**dict.fromkeys(ALL, False) | {"by_service": True})
    # With one way there is nothing to choose.
    assert "$619.50" in text_of(visitor.look(""))


def test_it_is_off_until_the_isp_switches_it_on(isp, visitor):
    url = visitor.ask().url
    with isp_scope(isp):
        BalanceSettings.objects.update(is_on=False)
    assert "No balance page" in text_of(visitor.client.get(PAGE))
    assert "No balance page" in text_of(visitor.client.post(PAGE, {"kind": "service", "value": "5001"}))
    assert "$" not in text_of(visitor.client.get(url))


def test_without_a_solved_captcha_nobody_is_looked_for(isp, visitor):
    for wrong in ("", "nonsense"):
        assert visitor.ask(captcha=wrong).status_code == 422
    solved = payload(visitor.client.get(f"{PAGE}captcha/").json())
    assert visitor.ask(captcha=solved).status_code == 302
    assert "not completed in time" in text_of(visitor.ask(captcha=solved))
    with isp_scope(isp):
        assert BalanceLink.objects.count() == 1


def test_a_solution_for_the_install_form_opens_nothing_here(visitor):
    solved = payload(visitor.client.get("/install/wispmega/captcha/").json())
    assert "not completed in time" in text_of(visitor.ask(captcha=solved))


def test_guessing_is_slow(visitor, monkeypatch):
    from portal import balance_views

    monkeypatch.setattr(balance_views, "PER_VALUE", 2)
    assert [visitor.ask().status_code for _ in range(3)] == [302, 302, 429]
    # Another number is another counter, up to that of the network.
    assert visitor.ask("service", "1").status_code == 302
    monkeypatch.setattr(balance_views, "PER_NETWORK", 4)
    assert "Many looks" in text_of(visitor.ask("service", "2"))


def test_a_link_is_over_after_half_an_hour_and_opens_no_other_isp(isp, other_isp, visitor, at):
    url = visitor.ask().url
    with isp_scope(other_isp):
        BalanceSettings(pk=1, is_on=True, by_service=True).save()
    elsewhere = at("fibrandina.localhost").get(url.replace("wispmega", "fibrandina"))
    assert "This page is over" in text_of(elsewhere)
    with isp_scope(isp):
        BalanceLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert "This page is over" in text_of(visitor.client.get(url))
    sweep_payment_drafts(isp_id=isp.pk)
    with isp_scope(isp):
        assert not BalanceLink.objects.exists()


@pytest.mark.parametrize("host", ["wispmega.localhost", "portal.localhost"])
def test_it_works_on_the_own_and_on_the_shared_portal(at, ana, host):
    assert "$619.50" in text_of(Visitor(at(host)).look())


def test_an_isp_whose_links_carry_the_code_has_no_other_address(isp, at, ana):
    with isp_scope(isp):
        PortalSettings(pk=1, identifier="uuid").save()
    client = at("wispmega.localhost")
    assert client.get(PAGE).status_code == client.get("/balance/").status_code == 404
    assert "$619.50" in text_of(Visitor(client, f"/balance/{isp.uuid}/").look())


def test_short_and_old_addresses_lead_here(at, ana):
    client = at("wispmega.localhost")
    assert client.get("/balance/").url == PAGE
    old = client.get("/saldo/wispmega/?from=qr")
    assert (old.status_code, old.url) == (301, f"{PAGE}?from=qr")


def test_the_text_of_the_isp_stands_above_the_form_and_is_no_markup(isp, visitor):
    with isp_scope(isp):
        BalanceSettings.objects.update(title="Consulta tu saldo", text="<b>Hola</b> https://wispmega.example/pagos")
    page = visitor.client.get(PAGE).content.decode()
    assert "<h1>Consulta tu saldo</h1>" in page
    assert "&lt;b&gt;Hola" in page
    assert 'href="https://wispmega.example/pagos"' in page


def report_form(isp, **changes):
    with isp_scope(isp):
        from payments.models import PaymentMethod

        method = PaymentMethod.objects.get()
    said = {"submission": str(uuid4()), "amount": "499", "paid_on": "2026-03-09"}
    return said | {"method": str(method.uuid), "reference": "R", "comment": "", "invoices": []} | changes


def test_a_payment_is_reported_without_signing_in(isp, visitor, ana):
    url = visitor.ask().url
    assert "I have paid" in text_of(visitor.client.get(url))
    page = text_of(visitor.client.get(f"{url}report/?person=1"))
    assert "M. A. G." in page
    assert "Gómez" not in page
    said = report_form(isp, invoices=[str(ana.invoice.uuid)], voucher=upload())
    answer = visitor.client.post(f"{url}report/?person=1", said, follow=True)
    assert "We have your report" in text_of(answer)
    with isp_scope(isp):
        row = PaymentReport.objects.get()
        assert (row.subscriber, row.is_public, row.portal_user) == (ana, True, None)
        assert row.voucher.content_type == "image/jpeg"
        assert list(row.invoices.all()) == [ana.invoice]


def test_a_link_that_found_nobody_reports_nothing(isp, visitor):
    url = visitor.ask("service", "1").url
    visitor.client.post(f"{url}report/", report_form(isp))
    visitor.client.post(f"{PAGE}{'x' * 43}/report/", report_form(isp))
    with isp_scope(isp):
        assert not PaymentReport.objects.exists()


def test_a_link_reports_a_few_times_only(isp, visitor, monkeypatch):
    from portal import balance_views

    monkeypatch.setattr(balance_views, "PER_LINK", 1)
    url = visitor.ask().url
    visitor.client.post(f"{url}report/?person=1", report_form(isp))
    page = visitor.client.post(f"{url}report/?person=1", report_form(isp, comment="KEEP ME"))
    assert "Many reports" in text_of(page)
    assert 'value="KEEP ME"' in page.content.decode()
    with isp_scope(isp):
        assert PaymentReport.objects.count() == 1


def test_names_are_masked_whatever_they_are(in_isp):
    for first, last, business, masked in [
        ("María", "Gómez", "", "M. G."),
        ("ñandú", "de la Cruz Ríos", "", "Ñ. D. L. C."),
        ("Ana", "", "Comercial del Norte SA", "C. D. N. S."),
        ("123", "", "", "–"),
    ]:
        person = SubscriberFactory(first_name=first, last_name=last, business_name=business)
        assert lookup.masked_name(person) == masked


@pytest.fixture
def gateway(isp, ana):
    """An account at a gateway that subscribers can pay at."""
    with isp_scope(isp):
        method = PaymentMethodFactory(name="Stripe", portal_name="Tarjeta", kind="gateway")
        return GatewayAccount.objects.create(
            gateway="stripe", method=method, is_active=True, can_charge=True, is_live=True
        )


def test_without_a_gateway_nothing_is_offered_online(visitor):
    url = visitor.ask().url
    assert "Pay now" not in text_of(visitor.client.get(url))
    assert "This page is over" in text_of(visitor.client.get(f"{url}pay/?person=1"))


def test_what_is_open_is_paid_online_without_signing_in(isp, visitor, ana, gateway, monkeypatch):
    from portal import balance_views

    begun = []

    def begin(**said):
        begun.append(said)
        raise balance_views.CannotPay

    monkeypatch.setattr(balance_views, "begin_checkout", begin)
    monkeypatch.setitem(balance_views.REFUSALS, balance_views.CannotPay, "The gateway is asleep.")
    url = visitor.ask().url
    assert "Pay now" in text_of(visitor.client.get(url))
    page = visitor.client.get(f"{url}pay/?person=1")
    assert f'action="{url}pay/?person=1"' in page.content.decode()
    assert "Gómez" not in text_of(page)
    answer = visitor.client.post(f"{url}pay/?person=1", {"chosen": [str(ana.invoice.uuid)]})
    assert "The gateway is asleep." in text_of(answer)
    assert [(said["by"], said["subscriber"], said["amount"], said["terms"]) for said in begun] == [(None, ana, 499, "")]


def test_a_link_that_found_nobody_pays_nothing(visitor, gateway, monkeypatch):
    url = visitor.ask("service", "1").url
    assert "Pay now" not in text_of(visitor.client.get(url))
    assert "This page is over" in text_of(visitor.client.post(f"{url}pay/?person=1", {"chosen": ["other"]}))


def test_on_the_shared_portal_paying_leads_to_the_own_host(at, ana, gateway):
    shared = Visitor(at("portal.localhost"))
    url = shared.ask().url
    there = shared.client.get(f"{url}pay/?person=1").url
    assert there.startswith("http")
    assert "wispmega" in there.partition("/balance/")[0]
    assert there.endswith(f"{url}pay/?person=1")
