"""What is done with money that came in."""

import uuid
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import F

from billing.models import Invoice, LedgerEntry
from billing.services import ledger
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from payments.models import Payment, PaymentMethod
from payments.services import closings, receipts
from subscribers.models import Subscriber
from subscribers.services.numbers import next_number

MOST = Decimal("9999999999.99")  # of one payment


class BadAmount(ValueError):
    """Not an amount that can be paid: nothing, below it, or beyond what columns hold."""


class WrongCurrency(ValueError):
    """The ISP's books are in another currency."""


class OthersInvoice(ValueError):
    """An invoice of somebody else was to be paid."""


@transaction.atomic
def register_payment(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    amount: Decimal,
    currency: str,
    on: date,
    source: Payment.Source,
    method: PaymentMethod | None = None,
    fee: Decimal = Decimal(0),
    reference: str = "",
    comment: str = "",
    invoices: Sequence[Invoice] = (),
    key: str = "",
) -> Payment:
    """Book money that came in. It pays `invoices` in their order, then what is due first; what is left is credit.

    `key` names what is booked; a key that was booked before gives the payment that is there, and nothing is booked.
    `on` is a date of the ISP, `fee` what of the amount is not for invoices and is kept apart by the caller. Raises
    BadAmount, WrongCurrency, OthersInvoice, closings.DeskClosed, InAnothersName, Erased.
    """
    in_own_name()
    if not 0 < amount <= MOST:
        raise BadAmount(str(amount))
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    key = key or f"once:{uuid.uuid4()}"
    # Whoever comes with the same key for the same subscriber waits for the lock above; for another one, the unique key
    # of the table decides.
    if found := Payment.objects.filter(key=key).select_related("entry").first():
        return found
    if source == Payment.Source.DESK:
        closings.check_open(by=by)
    if any(invoice.subscriber_id != subscriber.pk for invoice in invoices):
        raise OthersInvoice
    if any(invoice.currency != currency for invoice in invoices):
        raise WrongCurrency(currency)
    number = next_number(Payment)
    entry = ledger.book(
        by=by,
        subscriber=subscriber,
        kind=LedgerEntry.Kind.PAYMENT,
        amount=-amount,
        on=on,
        text=" · ".join(part for part in (str(method or ""), reference) if part),
        first=_entries(invoices),
    )
    payment = Payment.objects.create(
        number=number,
        subscriber=subscriber,
        method=method,
        source=source,
        amount=amount,
        fee=fee,
        currency=currency,
        on=on,
        reference=reference[:120],
        comment=comment[:300],
        entry=entry,
        key=key,
        **written_by(by),
    )
    record(
        "payments.payment.registered",
        by=by,
        on=payment,
        subscriber=subscriber.number,
        number=number,
        amount=str(amount),
        source=str(source),
        reference=reference,
    )
    if source != Payment.Source.REPORT:
        # Who reported a payment hears of it whatever the ISP has set; see services.reports.
        receipts.send_receipt(payment=payment)
    return payment


def _entries(invoices: Sequence[Invoice]) -> list[LedgerEntry]:
    """The debts of invoices, in their order."""
    found = LedgerEntry.objects.in_bulk([invoice.entry_id for invoice in invoices if invoice.entry_id])
    return [found[invoice.entry_id] for invoice in invoices if invoice.entry_id]


@transaction.atomic
def take_back_payment(
    *,
    by: Actor | None,
    payment: Payment,
    kind: LedgerEntry.Kind,
    on: date,
    reason: str,
    amount: Decimal | None = None,
) -> LedgerEntry:
    """Book that a payment was none (`taken_back`), or that it was paid back (`refund`), in whole or in part.

    What it had paid is owed again as far as needed. Raises ledger.TooMuch, closings.DeskClosed for what came in at a
    desk, InAnothersName, Erased.
    """
    in_own_name()
    Subscriber.objects.lock_to_add(payment.subscriber_id)
    payment = Payment.objects.select_related("entry", "subscriber").get(pk=payment.pk)
    if payment.source == Payment.Source.DESK:
        closings.check_open(by=by)
    amount = payment.kept if amount is None else amount
    counter = ledger.take_back(by=by, credit=payment.entry, kind=kind, on=on, text=reason, amount=amount)
    Payment.objects.filter(pk=payment.pk).update(taken_back=F("taken_back") + amount)
    record(
        "payments.payment.taken_back",
        by=by,
        on=payment,
        subscriber=payment.subscriber.number,
        number=payment.number,
        amount=str(amount),
        kind=str(kind),
        reason=reason,
    )
    return counter
