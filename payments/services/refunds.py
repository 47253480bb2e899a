"""Money back to the card it came from: the intent is written, the gateway called, its answer booked.

Of a payment no more goes back than there was, whoever asks at the same moment; what was paid back at the gateway
itself is booked when it is seen.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.db.models import Sum

from billing.models import LedgerEntry
from billing.services.ledger import TooMuch
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from core.requests import outside_transaction
from payments.gateways.base import GatewayAway, GatewayProblem, Returned, State
from payments.models import Checkout, Payment, Refund, StrayPayment
from payments.services.payments import take_back_payment
from subscribers.models import Erased, Subscriber

KEY_LIFE = timedelta(hours=23)
AGAIN = timedelta(minutes=5)


class CannotRefund(Exception):
    """A base for the reasons."""


class NotByGateway(CannotRefund):
    """The payment did not come by a gateway."""


class MoreThanThereIs(CannotRefund):
    """The amount is nothing, or more than what is left of the payment. `left` is in the ISP's currency."""

    def __init__(self, left: Decimal) -> None:
        super().__init__(str(left))
        self.left = left


class GatewayRefuses(CannotRefund):
    """The gateway does not pay it back. The text is its own."""


def left_of(payment: Payment) -> Decimal:
    """What can still go back: what was not taken back, less what is on its way."""
    on_its_way = Refund.objects.filter(checkout__payment=payment, state__in=["begun", "processing"])
    return payment.kept - (on_its_way.aggregate(sum=Sum("amount"))["sum"] or Decimal(0))


def refund_payment(
    *, by: Actor, payment: Payment, amount: Decimal, reason: str, on: date, at: datetime, key: str = ""
) -> Refund:
    """Pay a card payment back, in whole or in part. A form that is sent again with its `key` gives the same refund.

    Calls the gateway, so no inner transaction may be open; if it does not answer, the refund stays begun and is gone
    on with by itself. Raises CannotRefund, InAnothersName, Erased.
    """
    refund = _write(by=by, payment=payment, amount=amount, reason=reason, at=at, key=key)
    if refund.state == Refund.State.BEGUN:
        refund = carry_out(refund=refund, on=on, at=at)
    if refund.state == Refund.State.FAILED:
        raise GatewayRefuses(refund.problem)
    return refund


@transaction.atomic
def _write(*, by: Actor, payment: Payment, amount: Decimal, reason: str, at: datetime, key: str) -> Refund:
    in_own_name()
    Subscriber.objects.lock_to_add(payment.subscriber_id)
    key = f"lastmile-refund-{key or uuid4()}"
    if known := Refund.objects.filter(key=key).select_related("checkout__account").first():
        return known
    payment = Payment.objects.get(pk=payment.pk)
    if payment.source != Payment.Source.GATEWAY:
        raise NotByGateway
    left = left_of(payment)
    if not 0 < amount <= left or amount != amount.quantize(Decimal("0.01")):
        raise MoreThanThereIs(left)
    checkout = checkout_of(payment, at)
    refund = Refund.objects.create(
        checkout=checkout, amount=amount, reason=reason[:300], key=key, at=at, check_at=at + AGAIN, **written_by(by)
    )
    details = {"subscriber": checkout.subscriber.number, "amount": str(amount), "reason": reason[:300]}
    record("payments.refund.begun", by=by, on=refund, number=payment.number, **details)
    return refund


def checkout_of(payment: Payment, at: datetime) -> Checkout:
    """Under which the gateway holds the money. What staff have assigned was asked for by nothing here; then it is
    written down as if it had been. The caller holds the subscriber's lock."""
    rows = Checkout.objects.select_related("account", "subscriber")
    if found := rows.filter(payment=payment).first():
        return found
    stray = StrayPayment.objects.select_related("account").filter(payment=payment).first()
    if stray is None:
        raise NotByGateway
    return Checkout.objects.create(
        subscriber_id=payment.subscriber_id,
        account=stray.account,
        amount=stray.amount,
        currency=stray.currency,
        is_live=stray.is_live,
        title=stray.payer,
        key=f"stray:{stray.uuid}:{payment.pk}",
        money=stray.number,
        state=Checkout.State.PAID,
        payment=payment,
        begun_at=at,
        lasts_until=at,
        by_kind="system",
    )


def carry_out(*, refund: Refund, on: date, at: datetime) -> Refund:
    """Call the gateway with the key that was written, and book what it says. Outside an inner transaction."""
    checkout = refund.checkout
    try:
        with outside_transaction():
            returned = checkout.account.open().refund(
                checkout.money,
                amount=refund.amount,
                currency=checkout.currency,
                reference=str(refund.uuid),
                key=refund.key,
            )
    except GatewayAway:
        return _note(refund=refund, state=Refund.State.BEGUN, on=on, at=at)
    except GatewayProblem as problem:
        return _note(refund=refund, state=Refund.State.FAILED, on=on, at=at, problem=str(problem)[:300])
    return _note(refund=refund, state=_state_of(returned), on=on, at=at, number=returned.number)


def _state_of(returned: Returned) -> Refund.State:
    return {State.PAID: Refund.State.DONE, State.FAILED: Refund.State.FAILED}.get(
        returned.state, Refund.State.PROCESSING
    )


@transaction.atomic
def _note(
    *, refund: Refund, state: Refund.State, on: date, at: datetime, number: str = "", problem: str = ""
) -> Refund:
    refund = _locked(refund)
    if not refund.is_under_way:
        return refund
    refund.state, refund.problem, refund.number = state, problem, number or refund.number
    refund.check_at = at + AGAIN if refund.is_under_way else None
    if state == Refund.State.DONE:
        _book(refund, on)
    refund.save()
    if state == Refund.State.FAILED:
        record("payments.refund.failed", by=None, on=refund, amount=str(refund.amount), problem=problem)
    return refund


def _locked(refund: Refund) -> Refund:
    """The refund, behind its subscriber's lock, which comes first everywhere."""
    subscriber = Refund.objects.values_list("checkout__subscriber_id", flat=True).get(pk=refund.pk)
    Subscriber.objects.select_for_update().get(pk=subscriber)
    rows = Refund.objects.select_for_update(of=["self"]).select_related("checkout__account", "checkout__payment")
    return rows.get(pk=refund.pk)


def _book(refund: Refund, on: date) -> None:
    """The money went back, whatever the books say: what was taken back by hand meanwhile is not booked again."""
    payment = Payment.objects.get(pk=refund.checkout.payment_id)
    try:
        with transaction.atomic():
            refund.entry = take_back_payment(
                by=None,
                payment=payment,
                kind=LedgerEntry.Kind.REFUND,
                on=on,
                reason=refund.reason,
                amount=min(refund.amount, payment.kept),  # a fee on top was never in the books
            )
    except (TooMuch, Erased):
        refund.problem = "booked by hand"


def note_refunded(*, checkout: Checkout, total: Decimal, on: date, at: datetime) -> None:
    """Book what was paid back at the gateway itself: what it has paid back in all, less what is known here.

    In a transaction that holds the checkout. While one of ours is under way nothing is known for sure.
    """
    rows = Refund.objects.filter(checkout=checkout)
    if rows.filter(state__in=["begun", "processing"]).exists():
        return
    known = rows.filter(state=Refund.State.DONE).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if total <= known:
        return
    refund, is_new = Refund.objects.get_or_create(
        key=f"seen-{checkout.uuid}-{total}",
        defaults={
            "checkout": checkout,
            "amount": total - known,
            "reason": checkout.account.title,
            "state": Refund.State.DONE,
            "at": at,
            "by_kind": "system",
        },
    )
    if is_new:
        _book(refund, on)
        refund.save()
        record("payments.refund.seen", by=None, on=refund, amount=str(refund.amount))


def sweep(*, on: date, at: datetime) -> None:
    """Go on with refunds whose answer was lost. Outside a transaction."""
    with transaction.atomic():
        due = Refund.objects.filter(check_at__lte=at, state__in=["begun", "processing"])
        rows = list(due.select_related("checkout__account")[:200])
    for refund in rows:
        if at - refund.at < KEY_LIFE:
            carry_out(refund=refund, on=on, at=at)
        else:
            _decide_late(refund=refund, on=on, at=at)


def _decide_late(*, refund: Refund, on: date, at: datetime) -> None:
    """Its key is forgotten: whether it happened shows in what the gateway has paid back in all."""
    checkout = refund.checkout
    try:
        with outside_transaction():
            reading = checkout.account.open().read(checkout.number or checkout.money)
    except GatewayProblem:
        return
    with transaction.atomic():
        rows = Refund.objects.filter(checkout=checkout, state=Refund.State.DONE)
        known = rows.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    happened = reading.refunded - known >= refund.amount
    _note(
        refund=refund,
        state=Refund.State.DONE if happened else Refund.State.FAILED,
        on=on,
        at=at,
        problem="" if happened else "no answer",
    )
