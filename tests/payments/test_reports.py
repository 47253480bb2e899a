"""Payment reports: what a subscriber claims, and what staff make of it."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from billing.models import Invoice, LedgerEntry
from core import uploads
from core.acting import InAnothersName, acting
from core.models import AuditEntry, StoredFile
from messaging.models import Message
from payments.models import Payment, PaymentReport, VoucherDraft
from payments.services import payments, reports
from payments.tasks import sweep_payment_drafts
from tenants.roles import Role
from tests.factories.company import PaymentMethodFactory
from tests.factories.files import picture, upload
from tests.factories.payments import bill, pay, report
from tests.factories.staff import make_member
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.BILLING, name="Clara Clerk")


def left_of(invoice):
    return Invoice.objects.select_related("entry").get(pk=invoice.pk).open


def test_an_approved_report_becomes_a_payment_with_its_invoices(in_isp, clerk):
    ana = SubscriberFactory(email="ana@example.com")
    first, second = bill(ana, "500"), bill(ana, "300", on=timezone.localdate())
    made = report(ana, "300", reference="REF 7", invoices=[second])
    assert (made.state, made.voucher.content_type, left_of(second)) == ("pending", "image/jpeg", 300)
    payment = reports.approve_report(by=clerk, report=made)
    made.refresh_from_db()
    assert (made.state, made.payment, made.by_name) == ("approved", payment, "Clara Clerk")
    assert (payment.source, payment.reference, payment.key) == ("report", "REF 7", f"report:{made.uuid}")
    assert (left_of(first), left_of(second)) == (500, 0)
    mail = Message.objects.get()
    # In the language that the report was made in.
    assert (mail.to, mail.subject) == ("ana@example.com", f"Recibo {payment.number} de WispMega")
    assert "300.00" in mail.text
    assert second.number in mail.text


def test_a_rejected_report_leaves_the_invoice_open_and_says_why(in_isp, clerk):
    user = PortalUserFactory(email="eva@example.com", language="en")
    invoice = bill(user.subscriber)
    made = report(user.subscriber, by=user, invoices=[invoice])
    reports.reject_report(by=clerk, report=made, reason="The voucher cannot be read.")
    made.refresh_from_db()
    assert (made.state, made.payment, left_of(invoice)) == ("rejected", None, 500)
    mail = Message.objects.get()
    assert mail.to == "eva@example.com"
    assert "The voucher cannot be read." in mail.text
    assert "/payments/" in mail.text
    assert not Payment.objects.exists()
    assert AuditEntry.objects.get(verb="payments.report.rejected").details["reason"] == "The voucher cannot be read."


def test_nobody_decides_twice(in_isp, clerk):
    made = report(SubscriberFactory())
    reports.approve_report(by=clerk, report=made)
    for again in (
        lambda: reports.approve_report(by=clerk, report=made),
        lambda: reports.reject_report(by=clerk, report=made, reason="no"),
        lambda: reports.withdraw_report(by=PortalUserFactory(), report=made),
    ):
        with pytest.raises(reports.NotPending), transaction.atomic():
            again()
    assert Payment.objects.count() == LedgerEntry.objects.count() == 1


def test_a_form_sent_twice_is_one_report_and_another_form_another_one(in_isp):
    ana, form = SubscriberFactory(), uuid4()
    assert report(ana, form=form) == report(ana, form=form)
    assert PaymentReport.objects.count() == 1
    report(ana)
    assert PaymentReport.objects.count() == 2


def test_the_number_of_anothers_form_opens_nothing(in_isp):
    ana, eva, form = SubscriberFactory(), SubscriberFactory(), uuid4()
    first, second = report(ana, form=form), report(eva, form=form)
    assert (first.subscriber, second.subscriber) == (ana, eva)


def test_the_voucher_is_written_anew_and_the_same_file_is_known_again(in_isp):
    ana, eva = SubscriberFactory(), SubscriberFactory()
    data = picture() + b"<script>hidden</script>"
    one = report(ana, voucher=upload(data, "a.jpg"))
    two = report(eva, voucher=upload(data, "another name.jpg"))
    other = report(eva, voucher=upload(picture(colour="#112233"), "b.jpg"))
    with uploads.open_file(one.voucher) as stored:
        assert b"hidden" not in stored.read()
    assert list(PaymentReport.objects.like(two)) == [one]
    assert list(PaymentReport.objects.like(other)) == []


def test_the_same_reference_is_known_again_in_reports_and_payments(in_isp):
    ana, eva = SubscriberFactory(), SubscriberFactory()
    paid = pay(ana, reference="spei 88")
    one = report(eva, reference="SPEI 88", voucher=False)
    two = report(ana, reference="spei 88", voucher=False)
    assert list(PaymentReport.objects.like(two)) == [one]
    assert list(Payment.objects.with_reference(one.reference)) == [paid]
    # Nothing has the same reference as nothing.
    blank = report(ana, voucher=upload(picture(colour="#445566")))
    report(eva, voucher=upload(picture(colour="#778899")))
    assert not PaymentReport.objects.like(blank).exists()
    assert not Payment.objects.with_reference("").exists()


@pytest.mark.parametrize("amount", ["0", "-1", "1e30"])
def test_no_report_of_an_amount_that_is_none(in_isp, amount):
    with pytest.raises(payments.BadAmount):
        report(SubscriberFactory(), amount, voucher=False)
    assert not PaymentReport.objects.exists()


def test_nobody_reports_for_the_invoice_of_somebody_else(in_isp):
    invoice = bill(SubscriberFactory())
    with pytest.raises(payments.OthersInvoice), transaction.atomic():
        report(SubscriberFactory(), invoices=[invoice], voucher=False)
    assert not PaymentReport.objects.exists()


def test_somebody_who_reports_without_end_is_stopped(in_isp, clerk):
    ana = SubscriberFactory()
    made = [report(ana, voucher=False) for _ in range(reports.WAITING_AT_ONCE)]
    with pytest.raises(reports.TooManyReports), transaction.atomic():
        report(ana, voucher=False)
    reports.reject_report(by=clerk, report=made[0], reason="no")
    report(ana, voucher=False)


def test_nobody_reports_or_withdraws_in_a_preview(in_isp, clerk):
    user = PortalUserFactory()
    made = report(user.subscriber, by=user)
    with acting(clerk, "Ana"):
        with pytest.raises(InAnothersName):
            report(user.subscriber, by=user, voucher=False)
        with pytest.raises(InAnothersName):
            reports.withdraw_report(by=user, report=made)
    assert PaymentReport.objects.get().state == "pending"


def test_what_is_paid_on_top_is_no_part_of_what_is_booked(in_isp, clerk):
    store = PaymentMethodFactory(kind="store", fee_fixed=Decimal(12), fee_percent=Decimal(2), fee_bearer="subscriber")
    ana = SubscriberFactory()
    bill(ana, "500")
    assert store.fee_on_top(Decimal(500)) == 22
    payment = reports.approve_report(by=clerk, report=report(ana, "522", method=store))
    assert (payment.amount, payment.fee) == (500, 22)
    # A fee that the ISP bears is none of the subscriber's.
    store.fee_bearer = "isp"
    assert store.fee_on_top(Decimal(500)) == 0


def test_staff_book_what_has_come_if_it_is_not_what_was_reported(in_isp, clerk):
    ana = SubscriberFactory()
    invoice = bill(ana)
    payment = reports.approve_report(by=clerk, report=report(ana, "500"), amount=Decimal("450.50"))
    assert (payment.amount, payment.fee, left_of(invoice)) == (Decimal("450.50"), 0, Decimal("49.50"))


def test_vouchers_that_nobody_sent_are_swept(in_isp, isp):
    old = reports.keep_voucher(submission=uuid4(), upload=upload(picture(colour="#010203")))
    new = reports.keep_voucher(submission=uuid4(), upload=upload())
    VoucherDraft.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    sweep_payment_drafts(isp_id=isp.pk)
    assert list(VoucherDraft.objects.all()) == [new]
    assert list(StoredFile.objects.all()) == [new.file]


def test_a_second_voucher_takes_the_place_of_the_first(in_isp):
    submission = uuid4()
    first = reports.keep_voucher(submission=submission, upload=upload())
    second = reports.keep_voucher(submission=submission, upload=upload(picture(colour="#010203")))
    assert list(VoucherDraft.objects.all()) == [second]
    assert not StoredFile.objects.filter(pk=first.file_id).exists()
