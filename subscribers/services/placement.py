"""Where subscribers belong and what they pay for, changed for many at once."""

from collections.abc import Collection

from django.db.models import F

from company.models import InvoiceGroup
from core.audit import Actor, record
from subscribers.models import Service, Subscriber, Tariff, Zone
from subscribers.services.connections import CannotChangeState, change_service_state


def move_to_zone(*, by: Actor | None, ids: Collection[int], zone: Zone) -> set[int]:
    """Put subscribers into a zone, with an audit row each; the keys of those who were elsewhere."""
    return _assign(by, ids, "zone", zone)


def move_to_group(*, by: Actor | None, ids: Collection[int], group: InvoiceGroup) -> set[int]:
    """Put subscribers into an invoice group, with an audit row each; the keys of those who were in none or another."""
    return _assign(by, ids, "group", group)


def _assign(by: Actor | None, ids: Collection[int], field: str, value: Zone | InvoiceGroup) -> set[int]:
    rows = Subscriber.objects.filter(pk__in=ids).select_for_update(of=("self",)).select_related(field).order_by("pk")
    changed = [row for row in rows if getattr(row, f"{field}_id") != value.pk]
    for row in changed:
        before = str(getattr(row, field) or "")
        record(f"subscribers.subscriber.{field}_set", by=by, on=row, number=row.number, before=before, after=str(value))
    keys = {row.pk for row in changed}
    Subscriber.objects.filter(pk__in=keys).update(version=F("version") + 1, **{field: value})
    return keys


def change_tariff(*, by: Actor | None, ids: Collection[int], tariff: Tariff) -> set[int]:
    """Give the lasting services of subscribers another tariff, with an audit row for each service.

    A price that was agreed for one service stays. Gives the keys of the subscribers with a service that was changed.
    """
    services = Service.objects.lasting().filter(subscriber__in=ids).exclude(tariff=tariff)
    changed = set()
    for service in services.select_for_update(of=("self",)).select_related("tariff", "subscriber").order_by("pk"):
        record(
            "subscribers.service.tariff_changed",
            by=by,
            on=service,
            number=service.number,
            subscriber=service.subscriber.number,
            before=service.tariff.name,
            after=tariff.name,
        )
        service.tariff = tariff
        service.save(update_fields=["tariff"])
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
