"""Reporting a payment in the portal, and what one finds there of one's payments."""

import html
import re
from uuid import uuid4

import pytest

from core.models import StoredFile
from core.scope import isp_scope
from payments.models import PaymentReport, PaymentSettings, VoucherDraft
from payments.services import reports
from subscribers.portal_roles import PortalRole
from tests.dashboard.test_subscribers import text_of as words_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.files import picture, upload
from tests.factories.payments import bill, pay, report
from tests.factories.subscribers import InvoiceGroupFactory, SubscriberFactory

PAGE = "/payments/report/"


def text_of(answer):
    return html.unescape(words_of(answer))


@pytest.fixture
def method(isp):
    with isp_scope(isp):
        return PaymentMethodFactory(name="BBVA 0123456789", portal_name="Transfer")


@pytest.fixture
def invoice(isp, maria):
    with isp_scope(isp):
        return bill(maria.subscriber, "499")


def form(way, **changes):
    said = {
        "submission": str(uuid4()),
        "amount": "499",
        "paid_on": "2026-03-09",
        "method": str(way.uuid),
        "reference": "REF 1",
        "comment": "",
        "invoices": [],
    }
    return said | changes


def made(isp):
    with isp_scope(isp):
        return list(PaymentReport.objects.order_by("pk").select_related("method", "voucher"))


def test_a_payment_is_reported_with_its_voucher(isp, browser, maria, method, invoice):
    page = browser.get(f"{PAGE}?invoice={invoice.uuid}").content.decode()
    assert 'name="amount" value="499.00"' in page
    assert "Transfer" in page
    assert "0123456789" not in page
    answer = browser.post(PAGE, form(method, invoices=[str(invoice.uuid)], voucher=upload()), follow=True)
    assert "to be checked" in text_of(answer)
    row = made(isp)[0]
    with isp_scope(isp):
        assert list(row.invoices.all()) == [invoice]
    assert (row.portal_user_id, row.is_public, row.amount, row.reference) == (maria.pk, False, 499, "REF 1")
    assert browser.get(f"/payments/reports/{row.uuid}/voucher/").getvalue()[:2] == b"\xff\xd8"


def test_a_double_click_reports_once(isp, browser, method):
    said = form(method)
    browser.post(PAGE, said)
    browser.post(PAGE, said)
    assert len(made(isp)) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"amount": "0"}, "above zero"),
        ({"amount": "-1"}, "no amount"),
        ({"amount": "1e30"}, "no amount"),
        ({"amount": "499 USD"}, "no amount in MXN"),
        ({"paid_on": "1899-01-01"}, "too long ago"),
        ({"paid_on": "2999-01-01"}, "still to come"),
        ({"method": str(uuid4())}, "valid choice"),
        ({"reference": ""}, "Add the voucher, or write the reference"),
        ({"invoices": [str(uuid4())]}, "paid meanwhile"),
        ({"voucher": upload(b"MZ not a picture", "v.exe")}, "another kind"),
        ({"voucher": upload(b"%PDF-1.7 broken", "v.pdf")}, "cannot be read"),
        ({"voucher": upload(b"", "empty.jpg")}, "empty"),
        ({"voucher": upload(picture() + b"0" * 11 * 1024 * 1024, "large.jpg")}, "too large"),
    ],
)
def test_bad_input_is_named_and_nothing_is_lost(isp, browser, method, changes, says):
    answer = browser.post(PAGE, form(method, comment="KEEP ME", **changes))
    assert says in text_of(answer)
    assert 'value="KEEP ME"' in answer.content.decode()
    assert made(isp) == []


def test_the_voucher_stays_when_something_else_is_wrong(isp, browser, method):
    said = form(method, amount="0", reference="")
    page = browser.post(PAGE, said | {"voucher": upload(name="foto.jpg")})
    assert "foto.jpg" in text_of(page)
    browser.post(PAGE, said | {"amount": "499"})
    assert made(isp)[0].voucher.name == "foto.jpg"
    with isp_scope(isp):
        assert not VoucherDraft.objects.exists()
        assert StoredFile.objects.count() == 1


def test_a_comma_is_understood(isp, browser, method):
    browser.post(PAGE, form(method, amount="1.234,50"))
    assert str(made(isp)[0].amount) == "1234.50"


def test_what_can_be_chosen_is_what_is_visible_reportable_and_of_the_own_group(isp, browser, maria):
    with isp_scope(isp):
        group = InvoiceGroupFactory(name="Empresas")
        PaymentMethodFactory(name="Hidden", visible_in_portal=False)
        PaymentMethodFactory(name="Out of use", is_active=False)
        PaymentMethodFactory(name="At the desk", takes_reports=False)
        PaymentMethodFactory(name="Of companies").groups.add(group)
        PaymentMethodFactory(name="For all")
    page = browser.get(PAGE).content.decode()
    assert "For all" in page
    for name in ("Hidden", "Out of use", "At the desk", "Of companies"):
        assert name not in page
    with isp_scope(isp):
        group.is_default = True
        group.save()
    # Who has no group belongs to the default one.
    assert "Of companies" in browser.get(PAGE).content.decode()


def test_the_isp_can_switch_it_off(isp, browser, method):
    with isp_scope(isp):
        PaymentSettings(pk=1, takes_reports=False).save()
    assert browser.post(PAGE, form(method)).url == "/payments/"
    assert "Report a payment" not in text_of(browser.get("/payments/"))
    assert made(isp) == []


def test_a_report_is_withdrawn_until_somebody_has_looked(isp, browser, maria, method):
    with isp_scope(isp):
        row = report(maria.subscriber, by=maria, method=method)
    assert "withdrawn" in text_of(browser.post(f"/payments/reports/{row.uuid}/withdraw/", follow=True))
    assert made(isp)[0].state == "withdrawn"
    page = text_of(browser.post(f"/payments/reports/{row.uuid}/withdraw/", follow=True))
    assert "looked at this report already" in page


def test_nobody_reaches_the_report_or_payment_of_somebody_else(isp, browser, method):
    with isp_scope(isp):
        other = SubscriberFactory()
        row, payment = report(other, method=method), pay(other)
    browser.post(f"/payments/reports/{row.uuid}/withdraw/")
    assert made(isp)[0].state == "pending"
    assert b"JFIF" not in b"".join(browser.get(f"/payments/reports/{row.uuid}/voucher/"))
    assert "Received from" not in text_of(browser.get(f"/payments/{payment.number}/"))


def test_the_own_payments_have_receipts(isp, browser, maria, invoice):
    assert "No payment yet" in text_of(browser.get("/payments/"))
    with isp_scope(isp):
        payment = pay(maria.subscriber, "499")
    assert "$499.00" in text_of(browser.get("/payments/"))
    page = text_of(browser.get(f"/payments/{payment.number}/"))
    assert invoice.number in page
    assert "López" in page


def test_a_role_that_pays_nothing_reports_nothing(isp, browser, maria, method):
    with isp_scope(isp):
        maria.role = PortalRole.READ_ONLY
        maria.save()
    browser.post(PAGE, form(method))
    assert made(isp) == []
    assert "Report a payment" not in text_of(browser.get("/payments/"))


def test_too_many_reports_are_told_so(isp, browser, maria, method, monkeypatch):
    monkeypatch.setattr(reports, "WAITING_AT_ONCE", 1)
    browser.post(PAGE, form(method))
    assert "wait to be checked" in text_of(browser.post(PAGE, form(method)))
    assert len(made(isp)) == 1


def test_the_page_takes_the_same_queries_for_two_as_for_twenty(isp, browser, maria, method, count_queries):
    def queries():
        with count_queries() as counted:
            assert re.search(r"\$\d", browser.get("/payments/").content.decode())
        return len(counted)

    with isp_scope(isp):
        report(maria.subscriber, by=maria, method=method, voucher=False)
        pay(maria.subscriber)
    few = queries()
    with isp_scope(isp):
        for _ in range(8):
            report(maria.subscriber, by=maria, method=method, voucher=False)
            pay(maria.subscriber, method=PaymentMethodFactory())
    assert queries() == few


def test_account_details_can_be_copied(isp, browser):
    with isp_scope(isp):
        PaymentMethodFactory(name="BBVA", bank="BBVA", holder="WispMega SA", transfer_code="012180012345678901")
    page = browser.get("/payment-methods/").content.decode()
    key = re.search(r'id="(m\d+-\d)" value="012180012345678901"', page).group(1)
    assert f'data-copy="{key}"' in page
