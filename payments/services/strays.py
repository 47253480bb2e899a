"""Payments that fit nothing: staff say whose they are, or put them aside."""

from datetime import date, datetime

from django.db import transaction

from billing.models import LedgerEntry
from core.audit import record
from payments.models import Checkout, Payment, StrayPayment
from payments.services.payments import register_payment, take_back_payment
from payments.services.refunds import left_of
from subscribers.models import Subscriber
from tenants.models import StaffUser


class Decided(Exception):
    """Somebody was quicker."""


class CannotAssign(Exception):
    """It is no money of the ISP's books: of test mode, or in another currency."""


class CannotReturn(Exception):
    """It waits already, or some of it went back, or is on its way."""


def _locked(stray: StrayPayment) -> StrayPayment:
    row = StrayPayment.objects.select_for_update(of=["self"]).select_related("account__method").get(pk=stray.pk)
    if not row.is_waiting:
        raise Decided
    return row


@transaction.atomic
def assign_stray(*, by: StaffUser, stray: StrayPayment, subscriber: Subscriber, currency: str, at: datetime) -> Payment:
    """Book it for a subscriber; `currency` is that of the ISP's books. Raises Decided, CannotAssign, Erased."""
    Subscriber.objects.lock_to_add(subscriber.pk)
    stray = _locked(stray)
    if not stray.is_real or stray.currency != currency:
        raise CannotAssign
    payment = register_payment(
        by=by,
        subscriber=subscriber,
        amount=stray.amount,
        currency=stray.currency,
        on=stray.paid_on,
        source=Payment.Source.GATEWAY,
        method=stray.account.method,
        reference=stray.number,
        key=f"{stray.account.gateway}:{stray.number}",
    )
    _decide(stray, by=by, decision=StrayPayment.Decision.ASSIGNED, at=at, payment=payment)
    record("payments.stray.assigned", by=by, on=stray, subscriber=subscriber.number, amount=str(stray.amount))
    return payment


@transaction.atomic
def dismiss_stray(*, by: StaffUser, stray: StrayPayment, note: str, at: datetime) -> None:
    """Put it aside: it is not a subscriber's. Raises Decided."""
    stray = _locked(stray)
    _decide(stray, by=by, decision=StrayPayment.Decision.DISMISSED, at=at, note=note[:300])
    record("payments.stray.dismissed", by=by, on=stray, amount=str(stray.amount), note=note[:300])


@transaction.atomic
def return_stray(*, by: StaffUser, stray: StrayPayment, reason: str, on: date) -> None:
    """Let it fit nothing again: what was booked for a subscriber is taken back, and it waits for another decision.

    Raises CannotReturn, Erased.
    """
    seen = StrayPayment.objects.select_related("payment").get(pk=stray.pk)
    if seen.payment:
        Subscriber.objects.lock_to_add(seen.payment.subscriber_id)
    stray = StrayPayment.objects.select_for_update(of=["self"]).select_related("payment__subscriber").get(pk=stray.pk)
    payment = stray.payment
    if stray.is_waiting or payment != seen.payment:
        raise CannotReturn
    if payment:
        if left_of(payment) != payment.amount:
            raise CannotReturn
        kind = LedgerEntry.Kind.TAKEN_BACK
        take_back_payment(by=by, payment=payment, kind=kind, on=on, reason=reason)
        # Both names are free for whom it is booked for next.
        Payment.objects.filter(pk=payment.pk).update(key=f"returned:{payment.pk}:{payment.key}"[:120])
        Checkout.objects.filter(payment=payment).update(money="", state=Checkout.State.FAILED)
    stray.decision, stray.decided_at, stray.payment, stray.note = "", None, None, reason[:300]
    stray.by_id, stray.by_name = None, ""
    stray.save(update_fields=["decision", "decided_at", "payment", "note", "by_id", "by_name"])
    whose = {"subscriber": payment.subscriber.number, "number": payment.number} if payment else {}
    record("payments.stray.returned", by=by, on=stray, amount=str(stray.amount), reason=reason, **whose)


def _decide(stray: StrayPayment, *, by: StaffUser, decision: str, at: datetime, **fields: object) -> None:
    values = {"decision": decision, "decided_at": at, "by_id": by.pk, "by_name": by.name, **fields}
    for name, value in values.items():
        setattr(stray, name, value)
    stray.save(update_fields=list(values))
