"""Saved cards: the agreement that a subscriber gives with a payment, its end, and what is charged by it.

A card is charged at most once a day, for all that is due. The day is part of the intent that is written before the
gateway is called, so a task that comes twice, or again after a crash, finds it.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import translation
from django.utils.translation import gettext

from billing.models import LedgerEntry
from company.models import Profile
from core.acting import in_own_name
from core.audit import Actor, record
from core.requests import outside_transaction
from domains.links import portal_url
from messaging.services import notify
from payments.gateways.base import Declined, GatewayAway, GatewayProblem, Order, Saved
from payments.models import Checkout, SavedMethod
from payments.services.checkouts import note_begun, note_refusal, title_of
from subscribers.models import Erased, Subscriber
from subscribers.services.recipients import recipient_of
from tenants.directory import IspRef

PAUSES = {0: 0, 1: 3, 2: 5}  # days after a refusal before the card is tried again, by how many there were
MOST_REFUSALS = 3
KEY_LIFE = timedelta(hours=23)  # for which gateways remember an idempotency key
BATCH = 500


def terms(isp_name: str) -> str:
    """What a subscriber agrees to when a card is saved."""
    return gettext(
        "I allow %(isp)s to charge this card for my invoices when they are due. "
        "I can end this at any time in the portal."
    ) % {"isp": isp_name}


def agree(*, checkout: Checkout, saved: Saved, isp: IspRef, at: datetime) -> SavedMethod:
    """Keep the card that a payment was made with, as its payer agreed. It takes the place of the one before.

    In the transaction that books the payment.
    """
    for former in SavedMethod.objects.running().select_for_update().filter(subscriber=checkout.subscriber):
        _end(former, how=SavedMethod.Ended.REPLACED, by_name="", at=at)
    method = SavedMethod.objects.create(
        subscriber=checkout.subscriber,
        account=checkout.account,
        number=saved.number,
        customer=saved.customer,
        brand=saved.brand[:30],
        last4=saved.last4[-4:],
        expires=saved.expires,
        terms=checkout.terms,
        agreed_at=checkout.begun_at,
        agreed_by_id=checkout.by_id,
        agreed_by_name=checkout.by_name,
    )
    record("payments.saved_method.agreed", by=None, on=method, subscriber=checkout.subscriber.number, card=str(method))
    _write_to(method, isp, "card_agreed", path="/pay/card/", terms=method.terms)
    return method


def _write_to(method: SavedMethod, isp: IspRef, template: str, *, path: str, **context: object) -> None:
    """Tell the subscriber about their card, where there is an address."""
    subscriber, profile = method.subscriber, Profile.load()
    company = profile.display_name or isp.name
    notify(
        event=f"payments/{template}",
        recipient=recipient_of(subscriber, isp=isp),
        name=subscriber.full_name,
        card=str(method),
        url=portal_url(isp, path),
        company=company,
        profile=profile,
        from_name=company,
        reply_to=profile.email,
        **context,
    )


def _end(method: SavedMethod, *, how: str, by_name: str, at: datetime, reason: str = "") -> None:
    method.ended_at, method.ended_how, method.ended_by_name = at, how, by_name[:200]
    method.ended_reason = reason[:300]
    method.save(update_fields=["ended_at", "ended_how", "ended_by_name", "ended_reason"])


@transaction.atomic
def end_saved_method(
    *, by: Actor, method: SavedMethod, how: SavedMethod.Ended, at: datetime, reason: str = "", isp: IspRef | None = None
) -> None:
    """Charge a card no more, from this moment. That the gateway forgets it follows (`forget_ended`).

    With `isp` the subscriber is told, who did not end it themselves.
    """
    in_own_name()
    method = SavedMethod.objects.select_for_update(of=["self"]).select_related("subscriber").get(pk=method.pk)
    if not method.is_running:
        return
    _end(method, how=how, by_name=by.audit_label, at=at, reason=reason)
    about = {"subscriber": method.subscriber.number, "card": str(method), "reason": reason}
    record("payments.saved_method.ended", by=by, on=method, **about)
    if isp:
        _write_to(method, isp, "card_ended", path="/pay/", reason=reason)


def forget_ended(*, at: datetime) -> None:
    """Have the gateways forget the cards whose agreement has ended. Outside a transaction."""
    with transaction.atomic():
        ended = SavedMethod.objects.filter(ended_at__isnull=False, forgotten_at=None).select_related("account")
        rows = list(ended[:BATCH])
    for method in rows:
        try:
            with outside_transaction():
                method.account.open().forget_saved(method.saved)
        except GatewayProblem:
            continue
        with transaction.atomic():
            SavedMethod.objects.filter(pk=method.pk).update(forgotten_at=at)


def charge_due(*, isp: IspRef, on: date, at: datetime) -> int:
    """Charge the saved cards of all who owe something that is due by a date of the ISP; says how many were tried.

    Outside a transaction. Each card once a day, whoever calls this how often.
    """
    with transaction.atomic():
        debts = LedgerEntry.objects.filter(open__gt=0, due_on__lte=on).values("subscriber")
        rows = SavedMethod.objects.running().filter(subscriber__in=debts, account__is_active=True)
        rows = rows.exclude(charges__charged_on=on).order_by("pk")
        due = [method for method in rows.select_related("account") if _may_be_tried(method, on)]
    for method in due:
        checkout = _write(method=method, isp=isp, on=on, at=at)
        if checkout is not None:
            _charge(checkout=checkout, isp=isp, at=at)
    return len(due)


def _may_be_tried(method: SavedMethod, on: date) -> bool:
    if not method.account.is_offered or method.refusals >= MOST_REFUSALS:
        return False
    return method.tried_on is None or on >= method.tried_on + timedelta(days=PAUSES[method.refusals])


def _write(*, method: SavedMethod, isp: IspRef, on: date, at: datetime) -> Checkout | None:
    """The intent, unless somebody is about to pay by hand, or it is there already."""
    try:
        with transaction.atomic():
            subscriber = Subscriber.objects.lock_to_add(method.subscriber_id)
            rows = SavedMethod.objects.select_for_update(of=["self"]).select_related("account__method")
            method = rows.get(pk=method.pk)
            if not method.is_running or Checkout.objects.under_way().filter(subscriber=subscriber).exists():
                return None
            debts = LedgerEntry.objects.filter(subscriber=subscriber, open__gt=0, due_on__lte=on)
            amount = debts.aggregate(sum=Sum("open"))["sum"] or Decimal(0)
            if not amount:
                return None
            invoices = list(debts.filter(invoice__isnull=False).order_by("due_on").values_list("invoice", flat=True))
            checkout = Checkout.objects.create(
                subscriber=subscriber,
                account=method.account,
                amount=amount,
                surcharge=method.account.method.fee_on_top(amount),
                currency=isp.currency,
                is_live=method.account.is_live,
                invoices=invoices,
                title=_title(subscriber, isp),
                key=f"lastmile-{uuid4()}",
                saved=method,
                charged_on=on,
                begun_at=at,
                lasts_until=at + KEY_LIFE,
                check_at=at + timedelta(minutes=5),
                by_kind="system",
            )
            SavedMethod.objects.filter(pk=method.pk).update(tried_on=on)
            record(
                "payments.checkout.begun",
                by=None,
                on=checkout,
                subscriber=subscriber.number,
                gateway=method.account.gateway,
                amount=str(amount),
                card=str(method),
            )
            return checkout
    except (IntegrityError, Erased):
        return None


def _title(subscriber: Subscriber, isp: IspRef) -> str:
    with translation.override(isp.language):
        return title_of(subscriber, [])


def resume(*, checkout: Checkout, isp: IspRef, at: datetime) -> Checkout:
    """Make the call again whose answer was lost, while its key is good. Later only the gateway's bell can tell."""
    from payments.services.truth import look_again

    if at < checkout.lasts_until:
        return _charge(checkout=checkout, isp=isp, at=at)
    if checkout.begun_at + timedelta(days=3) > at:
        return look_again(checkout=checkout, at=at)
    with transaction.atomic():
        Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.BEGUN).update(
            state=Checkout.State.FAILED, problem="no answer", check_at=None
        )
        checkout.refresh_from_db()
    return checkout


def _charge(*, checkout: Checkout, isp: IspRef, at: datetime) -> Checkout:
    """Call the gateway with the key that was written, and do what the payment then is."""
    from payments.services.truth import look_again, reconcile

    with transaction.atomic():
        saved = SavedMethod.objects.select_related("account").get(pk=checkout.saved_id)
    order = Order(
        reference=str(checkout.uuid),
        isp=str(isp.uuid),
        amount=checkout.charged,
        currency=checkout.currency,
        title=checkout.title,
        key=checkout.key,
    )
    try:
        with outside_transaction():
            begun = saved.account.open().charge_saved(order, saved.saved)
    except GatewayAway:
        return look_again(checkout=checkout, at=at)
    except Declined as problem:
        note_refusal(checkout=checkout, problem=problem, at=at)
        _note_refused(saved=saved, isp=isp, at=at)
        return _fresh(checkout)
    except GatewayProblem as problem:
        note_refusal(checkout=checkout, problem=problem, at=at)
        return _fresh(checkout)
    checkout = note_begun(checkout=checkout, begun=begun)
    return reconcile(checkout=checkout, at=at, isp=isp)


@transaction.atomic
def _fresh(checkout: Checkout) -> Checkout:
    checkout.refresh_from_db()
    return checkout


@transaction.atomic
def _note_refused(*, saved: SavedMethod, isp: IspRef, at: datetime) -> None:
    """Count what the bank refused; after the third time in a row the card is let be."""
    method = SavedMethod.objects.select_for_update(of=["self"]).select_related("subscriber").get(pk=saved.pk)
    method.refusals += 1
    method.save(update_fields=["refusals"])
    record(
        "payments.saved_method.refused",
        by=None,
        on=method,
        subscriber=method.subscriber.number,
        card=str(method),
        times=method.refusals,
    )
    is_over = method.refusals >= MOST_REFUSALS
    if is_over and method.is_running:
        _end(method, how=SavedMethod.Ended.REFUSED, by_name="", at=at)
    _write_to(method, isp, "card_refused", path="/pay/", is_over=is_over)


def note_charged(*, checkout: Checkout) -> None:
    """A saved card has paid. In the transaction that books it."""
    SavedMethod.objects.filter(pk=checkout.saved_id).update(refusals=0)
