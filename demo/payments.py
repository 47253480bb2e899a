"""Payments of the last weeks, reports that wait with their vouchers, fees and accounts, the balance page."""

import random
import zoneinfo
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from billing.models import Invoice
from billing.services import invoices
from demo.companies import Company
from demo.pictures import paper
from demo.suspensions import kept_in_debt
from payments.models import BalanceSettings, Payment, PaymentMethod, PaymentSettings
from payments.services import payments, reports
from subscribers.models import Service
from tenants.models import ISP

BILLED, REPORTS = 60, 6
# By the kind of a method: holder and numbers are the company's, invented.
ACCOUNTS = {
    "bank_transfer": {"account_number": "0123456789", "transfer_code": "012180001234567897"},
    "store": {"account_number": "4152 3137 0000 1111", "fee_fixed": Decimal(12), "fee_bearer": "subscriber"},
    "wallet": {"account_number": "300 123 4567"},
}


def seed_payments(company: Company, isp: ISP) -> None:
    """Where nothing has been billed yet, some customers get an invoice first."""
    chance = random.Random(f"payments of {company.slug}")  # noqa: S311
    for method in PaymentMethod.objects.all():
        holder = company.profile.get("legal_name", company.name) if method.kind == "bank_transfer" else ""
        PaymentMethod.objects.filter(pk=method.pk).update(holder=holder, **ACCOUNTS.get(method.kind, {}))
        if method.kind == "cash":
            PaymentMethod.objects.filter(pk=method.pk).update(takes_reports=False)
    PaymentSettings(pk=1, confirms=True, reactivates=True, grace_cap=Decimal(2000)).save()
    BalanceSettings(pk=1, is_on=True, by_service=True, by_username=True, by_id_number=True).save()
    if not Invoice.objects.exists():
        _bill(isp, chance)
    open_ones = Invoice.objects.unpaid().exclude(subscriber__in=kept_in_debt()).select_related("subscriber", "entry")
    waiting = list(open_ones.order_by("pk")[:BILLED])
    chance.shuffle(waiting)
    methods = list(PaymentMethod.objects.filter(is_active=True))
    _pay(isp, waiting[REPORTS : 2 * len(waiting) // 3], methods, chance)
    _report(isp, waiting[:REPORTS], [method for method in methods if method.kind != "cash"], company, chance)


def _today(isp: ISP) -> date:
    return timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone))


def _bill(isp: ISP, chance: random.Random) -> None:
    day = _today(isp) - timedelta(days=24)
    services = Service.objects.lasting().select_related("tariff", "subscriber").order_by("pk")[:BILLED]
    for service in services:
        line = invoices.Line(text=service.tariff.name, unit_price=service.full_price, tax_rate=Decimal(16))
        on = day + timedelta(days=chance.randrange(0, 8))
        invoices.issue_invoice(by=None, subscriber=service.subscriber, lines=[line], on=on, currency=isp.currency)


def _pay(isp: ISP, rows: list[Invoice], methods: list[PaymentMethod], chance: random.Random) -> None:
    today = _today(isp)
    for number, invoice in enumerate(rows):
        part = Decimal(2) if number % 9 == 0 else Decimal(1)  # now and then half of it
        method = chance.choice(methods)
        payments.register_payment(
            by=None,
            subscriber=invoice.subscriber,
            amount=max((invoice.open / part).quantize(Decimal("0.01")), Decimal("0.01")),
            currency=isp.currency,
            on=max(invoice.issued_on, today - timedelta(days=chance.randrange(0, 20))),
            source=Payment.Source.DESK,
            method=method,
            fee=method.fee_on_top(invoice.open),
            reference="" if method.kind == "cash" else f"{chance.randrange(10**7, 10**8)}",
            invoices=[invoice],
        )


def _report(
    isp: ISP, rows: list[Invoice], methods: list[PaymentMethod], company: Company, chance: random.Random
) -> None:
    for number, invoice in enumerate(rows):
        reference = f"{chance.randrange(10**7, 10**8)}" if number != 1 else "40018822"
        method, day = chance.choice(methods), _today(isp) - timedelta(days=number)
        submission = reports.submission_of(invoice.subscriber, uuid4())
        amount = invoice.open + method.fee_on_top(invoice.open)
        lines = [company.name, f"{day:%d/%m/%Y}", f"{amount} {isp.currency}", f"Ref. {reference}"]
        voucher = paper(method.shown_name, lines, kind="PDF" if number % 3 == 2 else "PNG")
        reports.keep_voucher(submission=submission, upload=voucher)
        reports.report_payment(
            by=invoice.subscriber.portal_users.first(),
            subscriber=invoice.subscriber,
            submission=submission,
            method=method,
            amount=amount,
            currency=isp.currency,
            paid_on=day,
            reference=reference,
            invoices=[invoice],
            language=isp.language,
        )
