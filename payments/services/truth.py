"""The truth about money: whatever rings, the payment is read from the gateway and compared with what was asked for.

A webhook, the page that a payer comes back to and the periodic look all end here, so that none of them is needed.
"""

import zoneinfo
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext

from billing.models import Invoice, Suspension
from billing.services.reliefs import end_grace, grant_grace
from core.audit import record
from core.requests import outside_transaction
from payments.gateways.base import GatewayAway, GatewayProblem, NotThere, Reading, State
from payments.gateways.judgement import Asked, NotOurs, judge
from payments.models import Checkout, GatewayAccount, Payment, StrayPayment
from payments.services import autopay, refunds
from payments.services.payments import register_payment
from subscribers.models import Erased, Subscriber
from tenants.directory import IspRef

SOON, LATER = timedelta(minutes=5), timedelta(hours=3)
DAYS_ON_ITS_WAY = timedelta(days=4)
REMEMBERED = timedelta(days=120)  # for which refunds and disputes made at the gateway are looked for


def reconcile(*, checkout: Checkout, at: datetime, isp: IspRef | None = None) -> Checkout:
    """Read a checkout's payment and do what it means. Safe at any time, any number of times, from anywhere.

    Calls the gateway, so no inner transaction may be open. A gateway that is away changes nothing but the time of the
    next look.
    """
    isp = isp or current_isp()
    if not checkout.number:
        return _without_number(checkout=checkout, isp=isp, at=at)
    try:
        with outside_transaction():
            reading = checkout.account.open().read(checkout.number, reference=str(checkout.uuid))
    except NotThere:
        return _not_there(checkout=checkout, at=at)
    except GatewayProblem:
        return look_again(checkout=checkout, at=at)
    return settle(checkout=checkout, reading=reading, isp=isp, at=at)


def current_isp() -> IspRef:
    """The ISP whose scope is open."""
    from core.scope import public_scope, required
    from tenants.directory import open_isp

    number = required().isp_id
    with public_scope():
        return open_isp(number)


def _without_number(*, checkout: Checkout, isp: IspRef, at: datetime) -> Checkout:
    """The answer to the first call was lost. With the same key the call is made again; a page that nobody was shown
    is left to end by itself."""
    if checkout.state != Checkout.State.BEGUN:
        return checkout
    if checkout.saved_id:
        return autopay.resume(checkout=checkout, isp=isp, at=at)
    if at < checkout.lasts_until:
        return look_again(checkout=checkout, at=at)
    with transaction.atomic():
        Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.BEGUN, number="").update(
            state=Checkout.State.EXPIRED, check_at=None
        )
        checkout.refresh_from_db()
    return checkout


@transaction.atomic
def _not_there(*, checkout: Checkout, at: datetime) -> Checkout:
    """The keys are those of another account by now, or of the other mode."""
    checkout = _locked(checkout)
    if checkout.is_under_way and at > checkout.lasts_until:
        checkout.state, checkout.problem = Checkout.State.FAILED, "not there"
    checkout.check_at = _next_look(checkout, at)
    checkout.save(update_fields=["state", "problem", "check_at"])
    return checkout


@transaction.atomic
def look_again(*, checkout: Checkout, at: datetime) -> Checkout:
    """Nothing is known; the next look is later and later."""
    checkout = _locked(checkout)
    checkout.checks += 1
    checkout.check_at = _next_look(checkout, at)
    checkout.save(update_fields=["checks", "check_at"])
    return checkout


def _locked(checkout: Checkout) -> Checkout:
    """The row, locked. What it refers to is loaded once that is so: a statement that had to wait for the lock would
    join what was there before."""
    Checkout.objects.select_for_update().only("pk").get(pk=checkout.pk)
    return Checkout.objects.select_related("account__method", "subscriber", "payment").get(pk=checkout.pk)


def _next_look(checkout: Checkout, at: datetime) -> datetime | None:
    """When to read again: what waits for a person soon, a slip a few times a day, what is paid once a day for refunds
    and disputes that were made at the gateway."""
    if checkout.state in (Checkout.State.BEGUN, Checkout.State.OPEN):
        return at + min(SOON * (1 + checkout.checks), LATER)
    if checkout.state == Checkout.State.PROCESSING:
        return at + LATER
    if checkout.state == Checkout.State.PAID and at - checkout.begun_at < REMEMBERED:
        return at + timedelta(days=1 + checkout.checks)
    return None


def settle(*, checkout: Checkout, reading: Reading, isp: IspRef, at: datetime) -> Checkout:
    """Do what a reading means: book the payment that was asked for, keep other money for staff, move the state."""
    with transaction.atomic():
        checkout = _locked(checkout)
        try:
            judged = judge(asked_of(checkout, isp), reading)
        except NotOurs:
            keep_stray(account=checkout.account, reading=reading, reason=StrayPayment.Reason.UNKNOWN, isp=isp, at=at)
            return checkout
        if judged.books:
            _book(checkout, reading, isp, at)
        elif judged.stray:
            reason = StrayPayment.Reason(judged.stray.value)
            keep_stray(account=checkout.account, reading=reading, reason=reason, isp=isp, at=at, checkout=checkout)
        before, checkout.state = checkout.state, Checkout.State(judged.state)
        _hold_the_cut(checkout, before, isp, at)
        _copy(checkout, reading)
        checkout.checks += 1
        checkout.check_at = _next_look(checkout, at)
        checkout.save()
        if checkout.is_paid and checkout.payment_id and reading.payment == checkout.money:
            refunds.note_refunded(checkout=checkout, total=reading.refunded, on=day_of(at, isp), at=at)
    return checkout


def _hold_the_cut(checkout: Checkout, before: str, isp: IspRef, at: datetime) -> None:
    """While money is on its way nobody is cut off, once a month and for days only: a slip costs nothing to ask for.

    What is off already stays off until the money is there.
    """
    processing = Checkout.State.PROCESSING
    key = f"online:{checkout.subscriber_id}:{checkout.begun_at:%Y-%m}"
    if checkout.state == processing and before != processing:
        if not Suspension.objects.running().filter(subscriber=checkout.subscriber_id).exists():
            with translation.override(isp.language):
                reason = gettext("An online payment is on its way")
            until = day_of(at, isp) + DAYS_ON_ITS_WAY
            grant_grace(by=None, subscriber=checkout.subscriber, until=until, reason=reason, key=key, at=at)
    elif before == processing and checkout.state in (Checkout.State.FAILED, Checkout.State.EXPIRED):
        end_grace(key=key, why=str(checkout.get_state_display()), at=at)


def asked_of(checkout: Checkout, isp: IspRef) -> Asked:
    return Asked(
        reference=str(checkout.uuid),
        isp=str(isp.uuid),
        amount=checkout.charged,
        currency=checkout.currency,
        is_live=checkout.is_live,
        state=checkout.state,
        money=checkout.money,
    )


def _copy(checkout: Checkout, reading: Reading) -> None:
    """What is shown of a payment, and decides nothing."""
    if reading.state is State.PAID and checkout.money and reading.payment != checkout.money:
        return
    checkout.way, checkout.slip, checkout.fee = reading.method[:40], reading.slip, reading.fee
    checkout.problem = reading.problem[:300]
    if reading.is_disputed and not checkout.is_disputed:
        record(
            "payments.checkout.disputed",
            by=None,
            on=checkout,
            subscriber=checkout.subscriber.number,
            amount=str(checkout.amount),
        )
    checkout.is_disputed = reading.is_disputed


def _book(checkout: Checkout, reading: Reading, isp: IspRef, at: datetime) -> None:
    """The payment, once for the gateway's number of it. Of an erased subscriber's it is a stray."""
    invoices = Invoice.objects.filter(pk__in=checkout.invoices, subscriber=checkout.subscriber_id).order_by("due_on")
    try:
        with transaction.atomic():
            checkout.payment = register_payment(
                by=None,
                subscriber=checkout.subscriber,
                amount=checkout.amount,
                fee=checkout.surcharge,
                currency=reading.currency,
                on=day_of(reading.paid_at or at, isp),
                source=Payment.Source.GATEWAY,
                method=checkout.account.method,
                reference=reading.payment,
                invoices=list(invoices),
                key=money_key(checkout.account, reading),
            )
    except Erased:
        keep_stray(account=checkout.account, reading=reading, reason=StrayPayment.Reason.UNKNOWN, isp=isp, at=at)
    checkout.money = reading.payment
    if checkout.saved_id:
        autopay.note_charged(checkout=checkout)
    elif checkout.saves and reading.saved:
        autopay.agree(checkout=checkout, saved=reading.saved, isp=isp, at=at)


def money_key(account: GatewayAccount, reading: Reading) -> str:
    """What a payment at a gateway is booked under, also by staff who assign a stray."""
    return f"{account.gateway}:{reading.payment}"


def day_of(at: datetime, isp: IspRef) -> date:
    return timezone.localdate(at, timezone=zoneinfo.ZoneInfo(isp.timezone))


def keep_stray(
    *,
    account: GatewayAccount,
    reading: Reading,
    reason: str,
    isp: IspRef,
    at: datetime,
    checkout: Checkout | None = None,
) -> None:
    """Keep money that fits nothing for staff, once. What was booked is not a stray; that some of it was paid back at
    the gateway itself is booked, too."""
    if reading.state is not State.PAID or not reading.payment:
        return
    refunded = {"total": reading.refunded, "on": day_of(at, isp), "at": at}
    booked = Checkout.objects.filter(account=account, money=reading.payment, payment__isnull=False).first()
    if booked:
        refunds.note_refunded(checkout=_locked(booked), **refunded)
        return
    row, is_new = StrayPayment.objects.get_or_create(
        account=account,
        number=reading.payment,
        defaults={
            "amount": reading.amount,
            "currency": reading.currency,
            "is_live": reading.is_live,
            "reason": reason,
            "payer": reading.payer[:200],
            "paid_on": day_of(reading.paid_at or at, isp),
            "checkout": checkout,
        },
    )
    if is_new:
        record("payments.stray.seen", by=None, on=row, amount=str(row.amount), why=str(reason))
    elif row.payment and reading.refunded:
        Subscriber.objects.select_for_update().get(pk=row.payment.subscriber_id)
        refunds.note_refunded(checkout=refunds.checkout_of(row.payment, at), **refunded)


def read_about(*, account: GatewayAccount, number: str, isp: IspRef, at: datetime) -> str:
    """Do what a payment means that a gateway rang about; gives a word for the outcome. Raises GatewayAway."""
    try:
        with outside_transaction():
            reading = account.open().read(number)
    except GatewayAway:
        raise
    except NotThere:
        return "not there"
    except GatewayProblem:
        return "refused"
    if reading.isp and reading.isp != str(isp.uuid):
        return "another ISP"
    with transaction.atomic():
        checkout = _checkout_of(account, reading)
    if checkout is None:
        with transaction.atomic():
            keep_stray(account=account, reading=reading, reason=StrayPayment.Reason.UNKNOWN, isp=isp, at=at)
        return "stray" if reading.state is State.PAID else "nothing"
    if number == checkout.number:
        return settle(checkout=checkout, reading=reading, isp=isp, at=at).state
    if reading.state is State.PAID:
        # The number of the money itself: of a second payment, or of a page whose number was lost.
        settle(checkout=checkout, reading=reading, isp=isp, at=at)
    return reconcile(checkout=checkout, at=at, isp=isp).state


def _checkout_of(account: GatewayAccount, reading: Reading) -> Checkout | None:
    """What of ours a payment refers to; only with the mark of this ISP, which others cannot know to set for it."""
    from uuid import UUID

    try:
        reference = UUID(reading.reference)
    except ValueError:
        return None
    rows = Checkout.objects.select_related("account", "subscriber")
    return rows.filter(account=account, uuid=reference).first() if reading.isp else None
