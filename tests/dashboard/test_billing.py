"""Invoices, runs and settings of billing on the pages of staff."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from billing.models import BillingRun, BillingSettings, Discount, GroupBilling, Invoice
from billing.services import invoices
from core.scope import isp_scope
from payments.services import payments
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import InvoiceGroupFactory, ServiceFactory, SubscriberFactory, TariffFactory


@pytest.fixture
def clerk(isp, signed_in):
    return signed_in(make_member(isp, Role.BILLING, email="bill@wispmega.example"))


def today():
    return timezone.localdate(timezone=ZoneInfo("America/Mexico_City"))


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return SubscriberFactory(first_name="Ana", last_name="Núñez")


def issue(isp, person, amount="500", days=0, **more):
    with isp_scope(isp):
        line = invoices.Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16))
        on = today() - timedelta(days=days)
        return invoices.issue_invoice(by=None, subscriber=person, lines=[line], on=on, currency="MXN", **more)


def test_the_list_says_what_is_filtered_and_sums_it(clerk, isp, ana):
    assert "No invoices yet" in clerk.get("/wispmega/billing/").content.decode()
    with isp_scope(isp):
        eva = SubscriberFactory(first_name="Eva", last_name="Ruiz")
    issue(isp, ana, "500")
    issue(isp, ana, "300", days=40)
    issue(isp, eva, "70")
    page = clerk.get("/wispmega/billing/").content.decode()
    assert "MX$870.00" in page or "$870.00" in page
    page = clerk.get("/wispmega/billing/", {"state": "overdue"}).content.decode()
    assert "$300.00" in page
    assert "000002" in page
    assert "000001" not in page
    page = clerk.get("/wispmega/billing/", {"q": "eva"}).content.decode()
    assert ("000003" in page, "000001" in page) == (True, False)
    page = clerk.get("/wispmega/billing/", {"q": "000001"}).content.decode()
    assert "Núñez" in page
    for state in ("open", "paid", "credited", "written_off", "credit_note"):
        response = clerk.get("/wispmega/billing/", {"state": state})
        assert ("000001" in response.content.decode()) == (state == "open")
    wrong = clerk.get("/wispmega/billing/", {"since": "never"})
    assert wrong.status_code == 422
    assert "No invoice fits" in wrong.content.decode()
    sheet = clerk.get("/wispmega/billing/csv/", {"state": "overdue"}).content.decode()
    assert "000002" in sheet
    assert "300.00" in sheet
    assert "000001" not in sheet


def test_the_list_takes_a_fixed_number_of_queries(clerk, isp, ana, count_queries):
    def queries():
        with count_queries() as seen:
            clerk.get("/wispmega/billing/")
        return len(seen)

    issue(isp, ana)
    queries()
    few = queries()
    for _ in range(10):
        issue(isp, ana)
    assert queries() == few


def test_the_page_of_an_invoice_shows_what_settled_it_and_its_pdf(clerk, isp, ana):
    invoice = issue(isp, ana)
    with isp_scope(isp):
        payments.register_payment(
            by=None, subscriber=ana, amount=Decimal(200), currency="MXN", on=invoice.issued_on, source="desk",
            reference="Folio 77",
        )  # fmt: skip
    page = clerk.get(f"/wispmega/billing/invoices/{invoice.uuid}/").content.decode()
    for part in ("000001", "Núñez", "Folio 77", "$200.00", "$300.00", "partly paid", "Issued an invoice"):
        assert part in page, part
    pdf = clerk.get(f"/wispmega/billing/invoices/{invoice.uuid}/pdf/")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")


def test_a_credit_note_over_a_part_and_over_the_rest(clerk, isp, ana):
    invoice = issue(isp, ana)
    here = f"/wispmega/billing/invoices/{invoice.uuid}/credit/"
    for amount in ("0", "-5", "1e30", "12,50x", "500.01", "1.005"):
        wrong = clerk.post(here, {"amount": amount, "reason": "Outage"})
        assert wrong.status_code == 422, amount
        assert "id_amount_error" in wrong.content.decode()
        assert "Outage" in wrong.content.decode()
    response = clerk.post(here, {"amount": "80", "reason": "Outage"})
    assert response.status_code == 302
    with isp_scope(isp):
        note = Invoice.objects.get(kind="credit_note")
        assert (note.total, note.credits, note.by_name.startswith("Bill") or bool(note.by_name)) == (80, invoice, True)
    assert "420" in clerk.get(here).content.decode()
    clerk.post(here, {"amount": "420", "reason": "All"})
    again = clerk.post(here, {"amount": "1", "reason": "More"})
    with isp_scope(isp):
        assert Invoice.objects.filter(kind="credit_note").count() == 2
    assert again.status_code == 422
    assert "Nothing is left" in again.content.decode()


def test_what_is_open_is_written_off_with_a_reason(clerk, isp, ana):
    invoice = issue(isp, ana)
    here = f"/wispmega/billing/invoices/{invoice.uuid}/write-off/"
    assert "id_reason_error" in clerk.post(here, {"reason": " "}).content.decode()
    clerk.post(here, {"reason": "moved away"})
    with isp_scope(isp):
        assert Invoice.objects.get().written_off == 500
    assert "Nothing of this invoice is open" in clerk.post(here, {"reason": "again"}, follow=True).content.decode()


def lines(*rows, act="check", **more):
    day = today().isoformat()
    data = {"on": day, "due_on": day, "note": "", "act": act, "line-TOTAL_FORMS": str(len(rows))}
    data |= {"line-INITIAL_FORMS": "0", **more}
    for place, (text, quantity, price, rate) in enumerate(rows):
        row = {"text": text, "quantity": quantity, "unit_price": price, "tax_rate": rate}
        data |= {f"line-{place}-{name}": value for name, value in row.items()}
    return data


def test_a_single_invoice_is_summed_up_before_it_is_issued(clerk, isp, ana):
    with isp_scope(isp):
        TariffFactory(tax_rate=Decimal(16))
    here = f"/wispmega/subscribers/{ana.number}/account/invoice/"
    page = clerk.get(here).content.decode()
    assert page.count("Description") == 1
    added = clerk.post(here, lines(("Router", "1", "1160", "16.00"), act="add"))
    assert added.status_code == 200
    assert 'name="line-1-text"' in added.content.decode()
    assert "Router" in added.content.decode()
    rows = [("Router", "2", "580", "16.00"), ("Visit", "1", "100", "0.00"), ("", "1", "", "0.00")]
    looked = clerk.post(here, lines(*rows)).content.decode()
    assert "$1,260.00" in looked
    assert "$160.00" in looked
    with isp_scope(isp):
        assert not Invoice.objects.exists()
    response = clerk.post(here, lines(*rows, act="issue"))
    with isp_scope(isp):
        invoice = Invoice.objects.get()
        assert response["Location"].endswith(f"/billing/invoices/{invoice.uuid}/")
        assert (invoice.total, invoice.tax, invoice.lines.count(), invoice.by_kind) == (1260, 160, 2, "staff")


@pytest.mark.parametrize("price", ["0", "-1", "1e30", "12,5a", "NaN"])
def test_a_bad_amount_is_said_at_its_field_and_nothing_is_lost(clerk, isp, ana, price):
    here = f"/wispmega/subscribers/{ana.number}/account/invoice/"
    wrong = clerk.post(here, lines(("Router", "1", price, "0.00"), act="issue"))
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "id_line-0-unit_price_error" in page
    assert "Router" in page
    with isp_scope(isp):
        assert not Invoice.objects.exists()


@pytest.mark.parametrize(("name", "value"), [("on", "1899-01-01"), ("on", "2999-01-01"), ("due_on", "2999-01-01")])
def test_days_out_of_reach_are_refused(clerk, isp, ana, name, value):
    here = f"/wispmega/subscribers/{ana.number}/account/invoice/"
    page = clerk.post(here, lines(("Router", "1", "5", "0.00"), act="issue", **{name: value})).content.decode()
    assert f"id_{name}_error" in page
    empty = clerk.post(here, lines(("", "1", "", "0.00"), act="issue")).content.decode()
    assert "id_line-0-text_error" in empty or "Write what the invoice is for" in empty


def test_the_account_tab_has_invoices_entries_and_a_statement(clerk, isp, ana):
    issue(isp, ana, "500")
    page = clerk.get(f"/wispmega/subscribers/{ana.number}/account/").content.decode()
    for part in ("000001", "Single invoice", "Statement of account", "$500.00"):
        assert part in page, part
    here = f"/wispmega/subscribers/{ana.number}/account/statement/"
    days = {"since": today().isoformat(), "until": (today() + timedelta(days=2)).isoformat()}
    assert "Balance before" in clerk.get(here, days).content.decode()
    assert clerk.get(f"{here}pdf/", days).content.startswith(b"%PDF")
    assert "500.00" in clerk.get(f"{here}csv/", days).content.decode()
    wrong = clerk.get(here, {"since": "2026-02-02", "until": "2026-01-01"})
    assert (wrong.status_code, "id_until_error" in wrong.content.decode()) == (422, True)


def test_a_run_is_worked_out_looked_at_and_confirmed(clerk, isp, ana):
    with isp_scope(isp):
        ServiceFactory(subscriber=ana, price=Decimal(499))
    assert "No run yet" in clerk.get("/wispmega/billing/runs/").content.decode()
    for day in ("1899-01-01", "2999-01-01", "soon"):
        assert "id_on_error" in clerk.post("/wispmega/billing/runs/", {"on": day}).content.decode()
    response = clerk.post("/wispmega/billing/runs/", {"on": today().isoformat()})
    page = clerk.get(response["Location"]).content.decode()
    for part in ("waits for confirmation", "Núñez", "$499.00", "first invoice", "Make the invoices"):
        assert part.lower() in page.lower(), part
    assert "Núñez" not in clerk.get(response["Location"], {"odd": "zero"}).content.decode()
    clerk.post(f"{response['Location']}start/")
    again = clerk.post(f"{response['Location']}start/", follow=True).content.decode()
    assert "Somebody was quicker" in again
    with isp_scope(isp):
        run = BillingRun.objects.get()
        assert (run.state, run.by_kind) == ("running", "staff")
    part = clerk.get(response["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "every 1s" in part
    clerk.post(f"{response['Location']}stop/")
    assert "Somebody stopped it." in clerk.get(response["Location"]).content.decode()
    clerk.post(f"{response['Location']}resume/")
    with isp_scope(isp):
        assert BillingRun.objects.get().state == "running"


def test_a_forecast_is_discarded(clerk, isp):
    response = clerk.post("/wispmega/billing/runs/", {"on": today().isoformat()})
    clerk.post(f"{response['Location']}discard/")
    with isp_scope(isp):
        assert not BillingRun.objects.exists()


def test_settings_and_what_groups_have_of_their_own(clerk, isp):
    with isp_scope(isp):
        group = InvoiceGroupFactory(name="Empresas")
    here = "/wispmega/settings/billing/"
    values = {
        "billing_day": "5", "due_days": "7", "in_advance": "on", "lead_days": "3", "hour": "8", "is_automatic": "on",
        "odd_percent": "40", "bound_percent": "3", "invoice_limit": "", "iban": "DE89 3704 0044 0532 0130 00",
        "begins_on": "",
    }  # fmt: skip
    clerk.post(here, values)
    with isp_scope(isp):
        settings = BillingSettings.load()
        assert (settings.billing_day, settings.is_automatic, settings.bills_suspended) == (5, True, False)
        assert settings.iban == "DE89370400440532013000"
    for name, value in (
        ("billing_day", "29"),
        ("billing_day", "0"),
        ("hour", "24"),
        ("iban", "DE00"),
        ("due_days", "x"),
    ):
        wrong = clerk.post(here, values | {name: value})
        assert (wrong.status_code, f"id_{name}_error" in wrong.content.decode()) == (422, True), name
    assert "The next run begins by itself" in clerk.get("/wispmega/billing/runs/").content.decode()
    clerk.post(f"{here}groups/{group.uuid}/", {"billing_day": "15", "due_days": ""})
    with isp_scope(isp):
        assert GroupBilling.objects.get().billing_day == 15
    assert "Empresas" in clerk.get(here).content.decode()
    clerk.post(f"{here}groups/{group.uuid}/", {"billing_day": "", "due_days": ""})
    with isp_scope(isp):
        assert not GroupBilling.objects.exists()


def test_discounts_are_given_and_ended(clerk, isp, ana):
    with isp_scope(isp):
        service = ServiceFactory(subscriber=ana)
    here = f"/wispmega/subscribers/{ana.number}/services/{service.number}/discounts/"
    day = today().isoformat()
    for values, name in (
        ({"percent": "10", "amount": "5"}, "percent"),
        ({"percent": "", "amount": ""}, "percent"),
        ({"percent": "101"}, "percent"),
        ({"amount": "0"}, "amount"),
        ({"percent": "10", "ends_on": "2020-01-01"}, "ends_on"),
    ):
        wrong = clerk.post(here, {"starts_on": day, "reason": "Loyalty", **values})
        assert (wrong.status_code, f"id_{name}_error" in wrong.content.decode()) == (422, True), values
    clerk.post(here, {"starts_on": day, "reason": "Loyalty", "percent": "10"})
    assert "Loyalty" in clerk.get(here).content.decode()
    with isp_scope(isp):
        discount = Discount.objects.get()
    clerk.post(f"{here}{discount.uuid}/end/")
    with isp_scope(isp):
        assert Discount.objects.get().ends_on is not None


def test_who_may_only_look_finds_no_buttons_and_a_technician_no_money(signed_in, isp, ana):
    invoice = issue(isp, ana)
    reader = signed_in(make_member(isp, Role.READ_ONLY, email="read@wispmega.example"))
    page = reader.get(f"/wispmega/billing/invoices/{invoice.uuid}/").content.decode()
    assert "000001" in page
    assert "credit/" not in page
    assert reader.post(f"/wispmega/billing/invoices/{invoice.uuid}/credit/", {"amount": "5"}).status_code == 403
    technician = signed_in(make_member(isp, Role.TECHNICIAN, email="tech@wispmega.example"))
    assert "/wispmega/billing/" not in technician.get("/wispmega/").content.decode()
    refused = technician.get(f"/wispmega/subscribers/{ana.number}/account/")
    assert (refused.status_code, "000001" in refused.content.decode()) == (403, False)
