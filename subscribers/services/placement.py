"""Where subscribers belong and what they pay for, changed for many at once by the verbs for one."""

from collections.abc import Collection
from typing import Any

from company.models import InvoiceGroup
from core.audit import Actor
from subscribers.models import Service, Subscriber, Tariff, Zone
from subscribers.services.connections import CannotChangeState, HasEnded, change_service, change_service_state
from subscribers.services.customers import change_subscriber


def move_to_zone(*, by: Actor | None, ids: Collection[int], zone: Zone) -> set[int]:
    """Put subscribers into a zone; the keys of those who were elsewhere."""
    return _change(by, ids, zone=zone)


def move_to_group(*, by: Actor | None, ids: Collection[int], group: InvoiceGroup) -> set[int]:
    """Put subscribers into an invoice group; the keys of those who were in none or another."""
    return _change(by, ids, group=group)


def _change(by: Actor | None, ids: Collection[int], **fields: Any) -> set[int]:
    rows = Subscriber.objects.not_erased().filter(pk__in=ids).order_by("pk")
    return {row.pk for row in rows if change_subscriber(by=by, subscriber=row, version=None, **fields)}


def change_tariff(*, by: Actor | None, ids: Collection[int], tariff: Tariff) -> set[int]:
    """Give the lasting services of subscribers another tariff; the keys of those with a service that was changed."""
    changed = set()
    for service in Service.objects.lasting().filter(subscriber__in=ids).exclude(tariff=tariff).order_by("pk"):
        try:
            change_service(by=by, service=service, tariff=tariff)
        except HasEnded:
            continue  # since it was looked up
        changed.add(service.subscriber_id)
    return changed


def suspend_services(*, by: Actor | None, ids: Collection[int], reason: str) -> set[int]:
    """Suspend all active services of subscribers; the keys of those who had one."""
    return _bring(by, ids, Service.State.ACTIVE, Service.State.SUSPENDED, reason)


def resume_services(*, by: Actor | None, ids: Collection[int], reason: str) -> set[int]:
    """Put all suspended services of subscribers back in use; the keys of those who had one."""
    return _bring(by, ids, Service.State.SUSPENDED, Service.State.ACTIVE, reason)


def _bring(
    by: Actor | None, ids: Collection[int], before: Service.State, after: Service.State, reason: str
) -> set[int]:
    changed = set()
    for service in Service.objects.filter(subscriber__in=ids, state=before).order_by("pk"):
        try:
            change_service_state(by=by, service=service, to=after, reason=reason)
        except CannotChangeState:
            continue  # somebody else was quicker
        changed.add(service.subscriber_id)
    return changed
