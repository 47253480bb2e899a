"""An ISP's accounts at gateways: connected by pasted keys, looked at, switched off."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from core.audit import Actor, record
from core.requests import outside_transaction
from domains.links import base_url, slug_host
from payments.gateways import kinds, open_gateway
from payments.gateways.base import Endpoint, GatewayAway, GatewayProblem, Holder, Keys
from payments.models import GatewayAccount, PaymentMethod
from tenants.directory import IspRef


class CannotConnect(Exception):
    """The gateway does not take the keys. The text is the gateway's own."""


class OtherAccount(Exception):
    """The keys are those of another account than before, at which payments are still under way."""


def events_url(isp: IspRef, gateway: str) -> str:
    """Where a gateway sends its events: on the ISP's host of ours, which is there whatever becomes of its domains."""
    return f"{base_url(slug_host(isp))}/gateways/{gateway}/events/"


def connect_gateway(*, by: Actor | None, isp: IspRef, gateway: str, keys: Keys, at: datetime) -> GatewayAccount:
    """Try keys, have events sent here, and keep both. Subscribers are offered it from now on, as one way to pay.

    Calls the gateway, so no inner transaction may be open. Raises CannotConnect, OtherAccount.
    """
    with transaction.atomic():
        known = GatewayAccount.objects.filter(gateway=gateway).first()
        is_busy = known is not None and _is_busy(known)
    try:
        with outside_transaction():
            opened = open_gateway(gateway, keys)
            holder = opened.check_keys()
    except GatewayProblem as problem:
        raise CannotConnect(str(problem)) from problem
    if known and is_busy and (known.account, known.is_live) != (holder.account, holder.is_live):
        raise OtherAccount
    try:
        with outside_transaction():
            endpoint = opened.register_webhook(events_url(isp, gateway))
    except GatewayProblem as problem:
        raise CannotConnect(str(problem)) from problem
    return _keep(by=by, gateway=gateway, keys=keys, holder=holder, endpoint=endpoint, at=at)


def _is_busy(account: GatewayAccount) -> bool:
    return account.checkouts.under_way().exists() or account.saved_methods.running().exists()


@transaction.atomic
def _keep(
    *, by: Actor | None, gateway: str, keys: Keys, holder: Holder, endpoint: Endpoint, at: datetime
) -> GatewayAccount:
    account = GatewayAccount.objects.select_for_update().filter(gateway=gateway).first()
    if account is None:
        account = GatewayAccount(gateway=gateway, method=_method_of(gateway))
    account.secret, account.webhook_secret, account.webhook = keys.secret, endpoint.secret, endpoint.number
    account.is_active = True
    _note(account, holder, at)
    account.save()
    details = {"gateway": gateway, "account": holder.account, "is_live": holder.is_live}
    record("payments.gateway.connected", by=by, on=account, **details)
    return account


def _method_of(gateway: str) -> PaymentMethod:
    """The way to pay that subscribers see, behind those that are there."""
    last = PaymentMethod.objects.aggregate(last=Max("position"))["last"]
    return PaymentMethod.objects.create(
        name=kinds()[gateway].title,
        kind=PaymentMethod.Kind.GATEWAY,
        takes_reports=False,
        position=0 if last is None else last + 1,
    )


def _note(account: GatewayAccount, holder: Holder, at: datetime) -> None:
    account.account, account.name, account.country = holder.account, holder.name[:200], holder.country
    account.currency, account.is_live, account.can_charge = holder.currency, holder.is_live, holder.can_charge
    account.problem, account.checked_at = "", at


def check_gateway(*, account: GatewayAccount, at: datetime) -> GatewayAccount:
    """Try the keys again, and write down what the gateway says. One that is away says nothing about the keys.

    Calls the gateway, so no inner transaction may be open.
    """
    holder, said = None, ""
    try:
        with outside_transaction():
            holder = account.open().check_keys()
    except GatewayAway:
        return account
    except GatewayProblem as problem:
        said = str(problem)[:300]
    with transaction.atomic():
        account = GatewayAccount.objects.select_for_update().get(pk=account.pk)
        if holder is None:
            account.problem, account.checked_at = said, at
        else:
            _note(account, holder, at)
        account.save()
    return account


@transaction.atomic
def switch_transfers(*, by: Actor | None, account: GatewayAccount, takes: bool) -> None:
    """Have its pages offer bank transfers as well, or not. The ISP's account there must be allowed to take them."""
    account = GatewayAccount.objects.select_for_update().get(pk=account.pk)
    if account.takes_transfers == takes or (takes and not account.can_transfer):
        return
    GatewayAccount.objects.filter(pk=account.pk).update(takes_transfers=takes)
    record("payments.gateway.transfers_changed", by=by, on=account, gateway=account.gateway, takes=takes)


@transaction.atomic
def switch_gateway(*, by: Actor | None, account: GatewayAccount, is_active: bool) -> None:
    """Offer it to subscribers, or do so no longer. What is under way is still read and booked."""
    account = GatewayAccount.objects.select_for_update().get(pk=account.pk)
    if account.is_active == is_active:
        return
    GatewayAccount.objects.filter(pk=account.pk).update(is_active=is_active)
    PaymentMethod.objects.filter(pk=account.method_id).update(is_active=is_active)
    record(
        "payments.gateway.resumed" if is_active else "payments.gateway.stopped",
        by=by,
        on=account,
        gateway=account.gateway,
    )
