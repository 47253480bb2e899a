"""Two months that were billed: by the same verbs as everywhere, most of it paid, some of it late."""

import random
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

from billing.models import BillingRun, Invoice
from billing.periods import DAY
from billing.services import invoices, runs
from billing.services import settings as billing_settings
from core.scope import public_scope
from demo.companies import Company
from demo.suspensions import kept_in_debt
from payments.models import Payment, PaymentMethod
from payments.services import payments
from subscribers.models import Service, Tariff
from tenants.directory import IspRef, open_isp
from tenants.models import ISP, StaffUser

TAX = {"MX": Decimal(16), "CO": Decimal(19), "CZ": Decimal(21)}
PAID = (0.9, 0.55)  # of the month before, and of this one
WORDS = {
    "es": {"discount": "Cliente frecuente", "visit": "Visita técnica", "outage": "Falla del servicio"},
    "en": {"discount": "Loyal customer", "visit": "Visit of a technician", "outage": "Outage"},
}


def seed_billing(company: Company, isp: ISP, clerk: StaffUser, chance: random.Random) -> None:
    """Bill the month before and this one. Nothing happens where something was billed already."""
    if BillingRun.objects.exists() or not Service.objects.exists():
        return
    with public_scope():
        ref = open_isp(isp.pk)
    words = WORDS.get(company.language, WORDS["en"])
    today = timezone.localdate(timezone=ZoneInfo(company.timezone))
    this = today.replace(day=1)
    before = (this - DAY).replace(day=1)
    Tariff.objects.filter(tax_rate=0).update(tax_rate=TAX.get(company.country, Decimal(0)))
    said = {"begins_on": before, "due_days": 10, "is_automatic": False}
    if company.country == "CZ":
        said["iban"] = "CZ6508000000192000145399"
    billing_settings.change_settings(by=clerk, values=said)
    for service in Service.objects.filter(state=Service.State.ACTIVE).order_by("number")[3::17]:
        billing_settings.give_discount(
            by=clerk, service=service, reason=words["discount"], percent=Decimal(10), starts_on=before
        )
    methods = list(PaymentMethod.objects.filter(is_active=True))
    for month, share in zip((before, this), PAID, strict=True):
        _run(ref, clerk, month)
        _pay(company, clerk, methods, chance, month=month, share=share, today=today)
    _single(company, clerk, words, today)


def _run(isp: IspRef, clerk: StaffUser, on: date) -> None:
    run = runs.plan_run(by=clerk, isp=isp, on=on)
    while runs.work_off(run_id=run.pk, isp=isp):
        pass
    runs.start_run(by=clerk, run=BillingRun.objects.get(pk=run.pk), isp_id=isp.pk)
    while runs.work_off(run_id=run.pk, isp=isp):
        pass


def _pay(
    company: Company,
    clerk: StaffUser,
    methods: list[PaymentMethod],
    chance: random.Random,
    *,
    month: date,
    share: float,
    today: date,
) -> None:
    """Some pay what they owe, a few only half of it."""
    open_ones = Invoice.objects.unpaid().filter(issued_on=month).exclude(subscriber__in=kept_in_debt())
    for invoice in list(open_ones.select_related("subscriber", "entry")):
        if chance.random() > share:
            continue
        amount = invoice.open if chance.random() < 0.93 else (invoice.open / 2).quantize(Decimal("0.01"))
        payments.register_payment(
            by=clerk,
            subscriber=invoice.subscriber,
            amount=amount,
            currency=company.currency,
            on=min(month + timedelta(days=chance.randrange(1, 14)), today),
            source=Payment.Source.DESK,
            method=chance.choice(methods) if methods else None,
            reference=f"{chance.randrange(10**6, 10**7)}",
            invoices=[invoice],
        )


def _single(company: Company, clerk: StaffUser, words: dict[str, str], today: date) -> None:
    """An invoice for a visit, and a credit note for an outage."""
    some = list(
        Invoice.objects.unpaid()
        .exclude(subscriber__in=kept_in_debt())
        .select_related("subscriber", "entry")
        .order_by("pk")[:3]
    )
    if len(some) < 3:
        return
    price = Decimal(250) if company.country != "CO" else Decimal(60000)
    line = invoices.Line(text=words["visit"], unit_price=price, tax_rate=TAX.get(company.country, Decimal(0)))
    invoices.issue_invoice(by=clerk, subscriber=some[0].subscriber, lines=[line], on=today, currency=company.currency)
    part = (some[1].open / 10).quantize(Decimal(1))
    if part:
        invoices.credit_invoice(by=clerk, invoice=some[1], on=today, reason=words["outage"], amount=part)
