"""What is done with invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Max

from billing.models import BillingSettings, Invoice, InvoiceLine, InvoiceSeries, LedgerEntry
from billing.services import ledger
from company.models import InvoiceGroup, Profile
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from subscribers.models import Service, Subscriber

CENT = Decimal("0.01")


class NothingToBill(ValueError):
    """An invoice without lines, or of less than nothing."""


class NotOpen(ValueError):
    """The document is not one that this can be done with: a credit note, or nothing of it is left."""


class AlreadyBilled(ValueError):
    """The service has been billed for one of these days."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is to be billed. `unit_price` includes the tax; below zero it is a discount."""

    text: str
    unit_price: Decimal
    tax_rate: Decimal = Decimal(0)
    quantity: Decimal = Decimal(1)
    kind: InvoiceLine.Kind = InvoiceLine.Kind.ONE_OFF
    service: Service | None = None
    period_from: date | None = None
    period_to: date | None = None
    adjusts: str = ""  # what it evens out, see billing.services.evening

    @property
    def amount(self) -> Decimal:
        """What is to be paid, tax included."""
        return (self.unit_price * self.quantity).quantize(CENT, ROUND_HALF_UP)

    @property
    def net(self) -> Decimal:
        return without_tax(self.amount, self.tax_rate)


def without_tax(amount: Decimal, rate: Decimal) -> Decimal:
    """An amount without the tax that it includes, rounded half up to cents. `rate` is in per cent."""
    return (amount * 100 / (100 + rate)).quantize(CENT, ROUND_HALF_UP)


@transaction.atomic
def issue_invoice(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    lines: Sequence[Line],
    on: date,
    currency: str,
    due_on: date | None = None,
    note: str = "",
    key: UUID | None = None,
) -> Invoice:
    """Issue an invoice: number, lines, debt in the ledger; credit that the subscriber has pays it.

    Without `due_on` the days to pay are the ISP's. A `key` that was used gives the invoice that is there. Raises
    NothingToBill, AlreadyBilled (by the database: of two at once one wins), InAnothersName, Erased.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    if found := _made_before(key):
        return found
    total = sum((line.amount for line in lines), Decimal(0))
    if not lines or total < 0:
        raise NothingToBill
    for line in lines:
        _refuse_billed(line)
    due_on = due_on or on + timedelta(days=BillingSettings.load().due_days)
    invoice = _write(
        by=by,
        kind=Invoice.Kind.INVOICE,
        subscriber=subscriber,
        lines=lines,
        on=on,
        due_on=due_on,
        currency=currency,
        note=note,
        key=key,
    )
    record(
        "billing.invoice.issued",
        by=by,
        on=invoice,
        subscriber=subscriber.number,
        number=invoice.number,
        total=str(invoice.total),
    )
    return invoice


def _made_before(key: UUID | None) -> Invoice | None:
    """The document of a form that was sent before. Whoever sends it again waits for the subscriber's lock."""
    return Invoice.objects.select_related("entry").filter(key=key).first() if key else None


def _refuse_billed(line: Line) -> None:
    """Say in words what the constraint would refuse; of two at the same moment it alone decides."""
    if line.kind != InvoiceLine.Kind.SERVICE or line.service is None:
        return
    there = InvoiceLine.objects.filter(service=line.service, is_billing=True)
    if there.filter(period_from__lte=line.period_to, period_to__gte=line.period_from).exists():
        raise AlreadyBilled(line.service.number)


def _write(
    *,
    by: Actor | None,
    kind: Invoice.Kind,
    subscriber: Subscriber,
    lines: Sequence[Line],
    on: date,
    due_on: date,
    currency: str,
    note: str,
    key: UUID | None = None,
    credits: Invoice | None = None,
) -> Invoice:
    """The document, its lines and its entry. The caller holds the subscriber's lock."""
    is_invoice = kind == Invoice.Kind.INVOICE
    group = credits.group if credits else InvoiceGroup.objects.of(subscriber.group_id)
    series = take_numbers(group=group, kind=kind, count=1)
    number = series.text_of(series.last)
    total, net = sum(line.amount for line in lines), sum(line.net for line in lines)
    entry = None
    if total:
        entry = ledger.add(
            by=by,
            subscriber=subscriber,
            kind=LedgerEntry.Kind.INVOICE if is_invoice else LedgerEntry.Kind.CREDIT_NOTE,
            amount=total if is_invoice else -total,
            on=on,
            due_on=due_on if is_invoice else None,
            text=number,
        )
    invoice = Invoice.objects.create(
        kind=kind,
        series=series,
        sequence=series.last,
        number=number,
        subscriber=subscriber,
        group=group,
        credits=credits,
        issued_on=on,
        due_on=due_on,
        currency=currency,
        net=net,
        tax=total - net,
        total=total,
        entry=entry,
        seller=credits.seller if credits else seller_of(group),
        buyer=credits.buyer if credits else buyer_of(subscriber),
        note=note[:300],
        key=key,
        **written_by(by),
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            kind=line.kind,
            service=line.service,
            period_from=line.period_from,
            period_to=line.period_to,
            is_billing=is_invoice and line.kind == InvoiceLine.Kind.SERVICE,
            adjusts=line.adjusts,
            text=line.text[:200],
            quantity=line.quantity,
            unit_price=line.unit_price,
            tax_rate=line.tax_rate,
            net=line.net,
            tax=line.amount - line.net,
            amount=line.amount,
        )
        for position, line in enumerate(lines)
    )
    if entry:
        if credits and credits.entry:
            # Not what was paid before, which would come first otherwise: it becomes credit.
            ledger.pin(debt=credits.entry, credit=entry, amount=total)
        ledger.settle(subscriber=subscriber)
        entry.refresh_from_db(fields=["open"])
    return invoice


def take_numbers(*, group: InvoiceGroup | None, kind: str, count: int) -> InvoiceSeries:
    """Take the next numbers of a series, the last of which is `last` of the row that is given back.

    Others who take one wait until this transaction ends; rolled back, the numbers are taken by the next one.
    """
    InvoiceSeries.objects.bulk_create([InvoiceSeries(group=group, kind=kind)], ignore_conflicts=True)
    series = InvoiceSeries.objects.select_for_update().get(group=group, kind=kind)
    series.group = group
    series.last += count
    InvoiceSeries.objects.filter(pk=series.pk).update(last=F("last") + count)
    return series


def seller_of(group: InvoiceGroup | None) -> dict[str, str]:
    """Who bills, as it stands on the document: the group's own words, else the ISP's. One query."""
    profile = Profile.load()
    names = ("legal_name", "tax_id", "email", "phone", "website", "address")
    said = {name: (group and getattr(group, name)) or getattr(profile, name) for name in names}
    said["name"] = (group.legal_name or group.name) if group else (profile.legal_name or profile.display_name)
    return said | {"footer": group.footer if group else ""}


def buyer_of(subscriber: Subscriber) -> dict[str, str]:
    """Who is billed, as it stands on the document."""
    home = " · ".join(part for part in (subscriber.address, subscriber.district, subscriber.town) if part)
    return {
        "name": subscriber.business_name or subscriber.full_name,
        "number": str(subscriber.number),
        "tax_id": subscriber.tax_id or subscriber.id_number,
        "address": subscriber.billing_address or home,
    }


@transaction.atomic
def credit_invoice(
    *,
    by: Actor | None,
    invoice: Invoice,
    on: date,
    reason: str,
    amount: Decimal | None = None,
    lines: Sequence[Line] = (),
    key: UUID | None = None,
) -> Invoice:
    """Take an invoice back by a credit note, in whole or by an amount (tax included), which lowers what is owed.

    What had been paid of it becomes credit of the subscriber. A whole credit sets the days of its services free to be
    billed anew, unless `lines` say what is given back. A `key` that was used gives the credit note that is there.
    Raises NotOpen, ledger.TooMuch, InAnothersName, Erased.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(invoice.subscriber_id)
    if found := _made_before(key):
        return found
    invoice = Invoice.objects.select_related("entry", "group").get(pk=invoice.pk)
    left = invoice.total - invoice.credited - invoice.written_off
    if invoice.kind != Invoice.Kind.INVOICE or not left:
        raise NotOpen
    if lines:
        amount = sum((line.amount for line in lines), Decimal(0))
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise ledger.TooMuch(f"{amount} of {left}")
    if not lines and amount == invoice.total:
        lines = [_opposite(line) for line in invoice.lines.select_related("service")]
        invoice.lines.update(is_billing=False, adjusts="")
    elif not lines:
        rate = invoice.lines.aggregate(rate=Max("tax_rate"))["rate"] or Decimal(0)
        lines = [Line(text=reason or invoice.number, unit_price=amount, tax_rate=rate)]
    # What had paid it is the subscriber's again, as far as the note covers it.
    ledger.free_debt(debt=invoice.entry, amount=amount)
    note = _write(
        by=by,
        kind=Invoice.Kind.CREDIT_NOTE,
        subscriber=subscriber,
        lines=lines,
        on=on,
        due_on=on,
        currency=invoice.currency,
        note=reason,
        key=key,
        credits=invoice,
    )
    Invoice.objects.filter(pk=invoice.pk).update(credited=F("credited") + amount)
    record(
        "billing.invoice.credited",
        by=by,
        on=invoice,
        subscriber=subscriber.number,
        number=invoice.number,
        note=note.number,
        amount=str(amount),
        reason=reason,
    )
    return note


def _opposite(line: InvoiceLine) -> Line:
    return Line(
        text=line.text,
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
        quantity=line.quantity,
        kind=InvoiceLine.Kind(line.kind),
        service=line.service,
        period_from=line.period_from,
        period_to=line.period_to,
    )


@transaction.atomic
def write_off(*, by: Actor | None, invoice: Invoice, on: date, reason: str) -> LedgerEntry:
    """Give up what is still open of an invoice. Raises NotOpen, InAnothersName, Erased."""
    Subscriber.objects.lock_to_add(invoice.subscriber_id)
    invoice = Invoice.objects.select_related("entry", "subscriber").get(pk=invoice.pk)
    if not invoice.open:
        raise NotOpen
    amount = invoice.open
    Invoice.objects.filter(pk=invoice.pk).update(written_off=F("written_off") + amount)
    entry = ledger.book(
        by=by,
        subscriber=invoice.subscriber,
        kind=LedgerEntry.Kind.WRITE_OFF,
        amount=-amount,
        on=on,
        text=reason,
        first=[invoice.entry] if invoice.entry else (),
    )
    record(
        "billing.invoice.written_off",
        by=by,
        on=invoice,
        subscriber=invoice.subscriber.number,
        number=invoice.number,
        amount=str(amount),
        reason=reason,
    )
    return entry
