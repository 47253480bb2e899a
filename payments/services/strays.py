"""Payments that fit nothing: staff say whose they are, or put them aside."""

from datetime import datetime

from django.db import transaction

from core.audit import record
from payments.models import Payment, StrayPayment
from payments.services.payments import register_payment
from subscribers.models import Subscriber
from tenants.models import StaffUser


class Decided(Exception):
    """Somebody was quicker."""


class CannotAssign(Exception):
    """It is no money of the ISP's books: of test mode, or in another currency."""


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


def _decide(stray: StrayPayment, *, by: StaffUser, decision: str, at: datetime, **fields: object) -> None:
    values = {"decision": decision, "decided_at": at, "by_id": by.pk, "by_name": by.name, **fields}
    for name, value in values.items():
        setattr(stray, name, value)
    stray.save(update_fields=list(values))
