"""A gateway rings: the event is checked, kept once and answered; what it means is read from the gateway afterwards."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from payments.gateways.base import Forged, GatewayAway
from payments.models import GatewayAccount, GatewayEvent
from payments.services import truth
from tenants.directory import IspRef

KEPT = timedelta(days=90)


class Unknown(Exception):
    """Nobody is connected to that gateway here."""


def take_event(*, gateway: str, body: bytes, headers: Mapping[str, str], at: datetime) -> tuple[GatewayEvent, bool]:
    """Keep an event, and say whether it is new. Raises Unknown, Forged."""
    account = GatewayAccount.objects.filter(gateway=gateway).first()
    if account is None or account.kind is None:
        raise Unknown
    if not account.webhook_secret:
        raise Forged("No secret is known.")
    bell = account.open().verify_event(body, headers)
    with transaction.atomic():
        GatewayAccount.objects.filter(pk=account.pk).update(last_event_at=at)
        return GatewayEvent.objects.get_or_create(
            account=account,
            event=bell.event[:255],
            defaults={"kind": bell.kind[:80], "about": bell.about[:255], "is_live": bell.is_live, "received_at": at},
        )


def process_event(*, event_id: int, isp: IspRef, at: datetime) -> None:
    """Do what a kept event is about. Outside a transaction. Raises GatewayAway; it is tried again then."""
    with transaction.atomic():
        event = GatewayEvent.objects.select_related("account").filter(pk=event_id, processed_at=None).first()
    if event is None:
        return
    if not event.about:
        outcome = "about nothing"
    elif event.is_live != event.account.is_live:
        outcome = "other mode"
    else:
        outcome = truth.read_about(account=event.account, number=event.about, isp=isp, at=at)
    with transaction.atomic():
        GatewayEvent.objects.filter(pk=event.pk).update(processed_at=at, outcome=outcome[:40])


def sweep(*, isp: IspRef, at: datetime, limit: int = 200) -> None:
    """Process events whose task was lost, and forget old ones. Outside a transaction."""
    with transaction.atomic():
        GatewayEvent.objects.filter(processed_at__lt=at - KEPT).delete()
        waiting = GatewayEvent.objects.filter(processed_at=None, received_at__lt=at - timedelta(minutes=1))
        numbers = list(waiting.order_by("received_at").values_list("pk", flat=True)[:limit])
    for number in numbers:
        try:
            process_event(event_id=number, isp=isp, at=at)
        except GatewayAway:
            return
