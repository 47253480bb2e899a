"""A subscriber's invoices in the portal."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from billing.models import Invoice
from billing.services import invoices
from core.scope import isp_scope
from payments.services import payments
from portal import addresses
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberFactory

HOST = "wispmega.localhost"


def today():
    return timezone.localdate(timezone=ZoneInfo("America/Mexico_City"))


def issue(isp, person, amount="500", days=0):
    with isp_scope(isp):
        line = invoices.Line(text="Internet en casa", unit_price=Decimal(amount), tax_rate=Decimal(16))
        on = today() - timedelta(days=days)
        return invoices.issue_invoice(by=None, subscriber=person, lines=[line], on=on, currency="MXN")


@pytest.fixture
def eva(isp):
    with isp_scope(isp):
        return PortalUserFactory(username="eva", language="en")


@pytest.fixture
def client(at, eva):
    made = at(HOST)
    made.post("/sign-in/", {"login": "eva", "password": PASSWORD})
    return made


def test_the_list_shows_what_is_open_and_nothing_of_others(client, isp, eva):
    assert "No invoices yet" in client.get("/invoices/").content.decode()
    mine = issue(isp, eva.subscriber, "500", days=30)
    issue(isp, eva.subscriber, "300")
    with isp_scope(isp):
        other = SubscriberFactory()
    others = issue(isp, other, "777")
    with isp_scope(isp):
        payments.register_payment(
            by=None, subscriber=eva.subscriber, amount=Decimal(200), currency="MXN", on=today(), source="desk"
        )
    page = client.get("/invoices/").content.decode()
    for part in ("000001", "000002", "overdue", "$600.00", "$300.00"):
        assert part in page, part
    assert "777" not in page
    assert "Internet en casa" in client.get(f"/invoices/{mine.uuid}/").content.decode()
    assert client.get(f"/invoices/{mine.uuid}/pdf/").content.startswith(b"%PDF")
    for path in ("", "pdf/"):
        refused = client.get(f"/invoices/{others.uuid}/{path}")
        assert (refused.status_code, b"777" in refused.content) == (404, False)


def test_the_list_takes_at_most_eight_queries(client, isp, eva, count_queries):
    def queries():
        with count_queries() as seen:
            client.get("/invoices/")
        return [query["sql"] for query in seen.captured_queries]

    issue(isp, eva.subscriber)
    queries()
    few = queries()
    for _ in range(25):
        issue(isp, eva.subscriber)
    many = queries()
    assert len(many) == len(few) <= 8, "\n".join(many)
    second = client.get("/invoices/?page=2").content.decode()
    assert "000001" in second
    assert "000026" not in second
    assert "000026" in client.get("/invoices/?page=x").content.decode()


def test_buttons_show_where_their_page_is(client, isp, eva, monkeypatch):
    invoice = issue(isp, eva.subscriber)
    monkeypatch.setattr("portal.invoice_views.has_page", lambda path: path == "/pay/")
    page = client.get(f"/invoices/{invoice.uuid}/").content.decode()
    assert f"/pay/?invoice={invoice.uuid}" in page
    assert "/payments/report/" not in page
    monkeypatch.setattr("portal.invoice_views.has_page", lambda path: False)
    assert "/pay/?" not in client.get(f"/invoices/{invoice.uuid}/").content.decode()
    assert (addresses.has_page("/invoices/"), addresses.has_page("/no-such-page/")) == (True, False)


def test_a_statement_as_pdf_and_csv(client, isp, eva):
    issue(isp, eva.subscriber)
    days = {"since": today().isoformat(), "until": today().isoformat()}
    assert client.get("/statement/pdf/", days).content.startswith(b"%PDF")
    assert "500.00" in client.get("/statement/csv/", days).content.decode()
    wrong = client.get("/statement/csv/", {"since": "1899-01-01", "until": "x"})
    assert (wrong.status_code, "id_until_error" in wrong.content.decode()) == (422, True)
    assert client.get("/statement/exe/", days).status_code == 404


def test_who_does_not_see_money_sees_no_invoices(at, isp, eva):
    with isp_scope(isp):
        member = PortalUserFactory(subscriber=eva.subscriber, username="kid", role="member", language="en")
        assert Invoice.objects.count() == 0
    invoice = issue(isp, eva.subscriber)
    client = at(HOST)
    client.post("/sign-in/", {"login": member.username, "password": PASSWORD})
    refused = client.get(f"/invoices/{invoice.uuid}/")
    assert (refused.status_code, b"000001" in refused.content) == (403, False)
    assert "/invoices/" not in client.get("/").content.decode()
