"""Paying online: the intent is written, then the gateway is called, then its answer is written. Each may be repeated.

Nothing here books money; that is done by what reads the payment back (`payments.services.truth`).
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.utils.translation import get_language, gettext

from billing.models import Account, Invoice
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from core.requests import outside_transaction
from domains.links import base_url
from payments.gateways.base import Begun, GatewayAway, GatewayProblem, KeysRefused, Order
from payments.models import Checkout, GatewayAccount
from payments.services.gateway_accounts import events_url
from subscribers.models import Subscriber
from tenants.directory import IspRef

logger = logging.getLogger(__name__)
LIFE = timedelta(hours=2)  # of a hosted page
FIRST_LOOK = timedelta(minutes=2)
BEING_MADE = timedelta(seconds=30)  # another request may be about to be told its address
MOST = Decimal("999999.99")


class CannotPay(Exception):
    """It cannot be paid online: a base for the reasons."""


class NotOffered(CannotPay):
    """The ISP takes no money there at the moment."""


class NothingToPay(CannotPay):
    """The amount is nothing, below it, more than is owed, or beyond what a gateway takes."""


class OthersInvoice(CannotPay):
    """An invoice of somebody else, in another currency, or one that is paid."""


class GatewayBusy(CannotPay):
    """The gateway did not answer. Trying again is safe, and does what was begun."""


class GatewayRefused(CannotPay):
    """The gateway does not take this payment. The text is its own."""


class AnotherOpen(CannotPay):
    """Another page of the same subscriber has just been paid, or can still be."""


def begin_checkout(
    *,
    by: Actor | None,
    isp: IspRef,
    subscriber: Subscriber,
    account: GatewayAccount,
    amount: Decimal,
    at: datetime,
    host: str,
    invoices: Sequence[Invoice] = (),
    email: str = "",
    terms: str = "",
) -> Checkout:
    """A hosted page at which a subscriber pays, its address in `address`. Where the same was begun before, the same.

    `host` is where the payer comes back to; with `terms`, to which the payer agrees, the card is kept. A page of the
    same subscriber for something else ends, so that nothing is paid twice. Calls the gateway, so no inner transaction
    may be open. Raises CannotPay, InAnothersName, Erased.
    """
    in_own_name()
    if terms and not (account.kind and account.kind.can_save):
        raise NotOffered
    wish = {
        "account": account,
        "amount": amount,
        "currency": isp.currency,
        "invoices": [invoice.pk for invoice in invoices],
        "terms": terms,
        "host": host,
    }
    with transaction.atomic():
        rows = Checkout.objects.filter(subscriber=subscriber, state__in=["begun", "open"])
        formers = list(rows.select_related("account__method"))
    for former in formers:
        if former.lasts_until - at > LIFE / 4 and all(getattr(former, name) == value for name, value in wish.items()):
            return _open(checkout=former, subscriber=subscriber, isp=isp, email=email, at=at)
        _give_up(checkout=former, at=at)
    checkout = _write(by=by, subscriber=subscriber, at=at, chosen=list(invoices), **wish)
    return _open(checkout=checkout, subscriber=subscriber, isp=isp, email=email, at=at)


def _give_up(*, checkout: Checkout, at: datetime) -> None:
    """End a page. Raises AnotherOpen if it was paid meanwhile, or may still be."""
    from payments.services.truth import reconcile

    if checkout.number:
        try:
            with outside_transaction():
                checkout.account.open().cancel(checkout.number)
        except GatewayAway as problem:
            raise GatewayBusy from problem
        except GatewayProblem:
            logger.info("Checkout %s could not be cancelled; reading it tells why.", checkout.uuid)
        if reconcile(checkout=checkout, at=at).state in ("begun", "open", "paid", "processing"):
            raise AnotherOpen
        return
    if at - checkout.begun_at < BEING_MADE:
        raise GatewayBusy
    # Its address was never given to anybody.
    with transaction.atomic():
        Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.BEGUN, number="").update(
            state=Checkout.State.EXPIRED, check_at=None
        )


@transaction.atomic
def _write(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    account: GatewayAccount,
    amount: Decimal,
    currency: str,
    invoices: list[int],
    chosen: list[Invoice],
    terms: str,
    host: str,
    at: datetime,
) -> Checkout:
    """The intent. The subscriber's lock makes of two at once one."""
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    account = GatewayAccount.objects.select_related("method").get(pk=account.pk)
    if not account.is_offered:
        raise NotOffered
    if Checkout.objects.filter(subscriber=subscriber, state__in=["begun", "open"]).exists():
        raise AnotherOpen
    owed = Account.objects.filter(subscriber=subscriber).values_list("balance", flat=True).first() or Decimal(0)
    if not 0 < amount <= min(owed, MOST) or amount != amount.quantize(Decimal("0.01")):
        raise NothingToPay
    open_ones = {row.pk for row in Invoice.objects.unpaid().filter(subscriber=subscriber, currency=currency)}
    if not set(invoices) <= open_ones:
        raise OthersInvoice
    checkout = Checkout.objects.create(
        subscriber=subscriber,
        account=account,
        amount=amount,
        surcharge=account.method.fee_on_top(amount),
        currency=currency,
        is_live=account.is_live,
        invoices=invoices,
        title=title_of(subscriber, chosen),
        key=f"lastmile-{uuid4()}",
        host=host,
        language=get_language() or "",
        terms=terms,
        begun_at=at,
        lasts_until=at + LIFE,
        check_at=at + FIRST_LOOK,
        **written_by(by),
    )
    record(
        "payments.checkout.begun",
        by=by,
        on=checkout,
        subscriber=subscriber.number,
        gateway=account.gateway,
        amount=str(amount),
    )
    return checkout


def title_of(subscriber: Subscriber, invoices: Sequence[Invoice]) -> str:
    """What the gateway shows: the invoices, or whose debt it is. No name."""
    if invoices:
        numbers = ", ".join(invoice.number for invoice in invoices)
        return (gettext("Invoice %(numbers)s") % {"numbers": numbers})[:200]
    return gettext("Subscriber %(number)s") % {"number": subscriber.number}


def _open(*, checkout: Checkout, subscriber: Subscriber, isp: IspRef, email: str, at: datetime) -> Checkout:
    """Call the gateway with the key that was written, and write down what it made."""
    if checkout.address:
        return checkout
    back = f"{base_url(checkout.host)}/pay/{checkout.uuid}/"
    order = Order(
        reference=str(checkout.uuid),
        isp=str(isp.uuid),
        amount=checkout.charged,
        currency=checkout.currency,
        title=checkout.title,
        key=checkout.key,
        email=email,
        language=checkout.language,
        paid_url=back,
        back_url=f"{back}?back=1",
        events_url=events_url(isp, checkout.account.gateway),
        saves=checkout.saves,
        lasts_until=checkout.lasts_until,
        payer=str(subscriber.uuid),
        transfers=checkout.account.offers_transfers,
    )
    try:
        with outside_transaction():
            begun = checkout.account.open().begin(order)
    except GatewayAway as problem:
        raise GatewayBusy from problem
    except GatewayProblem as problem:
        note_refusal(checkout=checkout, problem=problem, at=at)
        raise GatewayRefused(str(problem)) from problem
    return note_begun(checkout=checkout, begun=begun)


@transaction.atomic
def note_begun(*, checkout: Checkout, begun: Begun) -> Checkout:
    """What the gateway made. A checkout that went on meanwhile stays as it is."""
    checkout = Checkout.objects.select_for_update(of=["self"]).select_related("account").get(pk=checkout.pk)
    checkout.number = checkout.number or begun.number
    checkout.address = begun.address
    if checkout.state == Checkout.State.BEGUN:
        checkout.state = Checkout.State.OPEN
    checkout.save(update_fields=["number", "address", "state"])
    return checkout


@transaction.atomic
def note_refusal(*, checkout: Checkout, problem: GatewayProblem, at: datetime) -> None:
    """The gateway will not do it: the intent is over. If it is the keys, the account says so."""
    said = str(problem)[:300]
    Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.BEGUN).update(
        state=Checkout.State.FAILED, problem=said, check_at=None
    )
    if isinstance(problem, KeysRefused):
        GatewayAccount.objects.filter(pk=checkout.account_id).update(problem=said, checked_at=at)
