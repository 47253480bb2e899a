"""Invoices, payments and reports. Call them in an ISP's scope."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from billing.services import invoices
from payments.models import Payment
from payments.services import payments, reports
from tests.factories.company import PaymentMethodFactory
from tests.factories.files import upload

DAY = date(2026, 3, 1)


def bill(person, amount="500", *, on=DAY, **more):
    """An invoice of one line."""
    lines = [invoices.Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16))]
    return invoices.issue_invoice(by=None, subscriber=person, lines=lines, on=on, currency="MXN", **more)


def pay(person, amount="500", **more):
    """A payment at the desk."""
    said = {"by": None, "currency": "MXN", "on": DAY, "source": Payment.Source.DESK, **more}
    return payments.register_payment(subscriber=person, amount=Decimal(amount), **said)


def report(person, amount="500", *, voucher=None, by=None, form=None, **more):
    """A payment report, with a voucher unless told that there is none."""
    submission = reports.submission_of(person, form or uuid4())
    if voucher is not False:
        reports.keep_voucher(submission=submission, upload=voucher or upload(name="voucher.jpg"))
    said = {"currency": "MXN", "paid_on": DAY, "reference": "", "language": "es", **more}
    said.setdefault("method", None)
    said["method"] = said["method"] or PaymentMethodFactory(name="Transferencia")
    return reports.report_payment(by=by, subscriber=person, submission=submission, amount=Decimal(amount), **said)
