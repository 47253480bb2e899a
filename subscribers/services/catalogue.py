"""What is done with tariffs, zones and routers. Each verb leaves one audit row with what was before and after."""

from typing import Any

from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.usage import refuse_if_used
from subscribers.models import Router, Tariff, Zone


def add_tariff(*, by: Actor | None, **fields: Any) -> Tariff:
    """Put something on sale."""
    tariff = Tariff.objects.create(**fields)
    record("subscribers.tariff.added", by=by, on=tariff, name=tariff.name)
    return tariff


def change_tariff(*, by: Actor | None, tariff: Tariff, **fields: Any) -> Changes:
    """Change a tariff for all who have it, except for the price of those with a price of their own."""
    tariff = Tariff.objects.select_for_update().get(pk=tariff.pk)
    if changes := set_fields(tariff, fields):
        record("subscribers.tariff.changed", by=by, on=tariff, name=tariff.name, changes=changes)
    return changes


def switch_tariff(*, by: Actor | None, tariff: Tariff, is_active: bool) -> None:
    """Take a tariff off sale, or put it back. Who has it keeps it."""
    tariff = Tariff.objects.select_for_update().get(pk=tariff.pk)
    if set_fields(tariff, {"is_active": is_active}):
        verb = "subscribers.tariff.resumed" if is_active else "subscribers.tariff.retired"
        record(verb, by=by, on=tariff, name=tariff.name)


def delete_tariff(*, by: Actor | None, tariff: Tariff) -> None:
    """Remove a tariff that no service ever had. Raises core.usage.InUse."""
    tariff = Tariff.objects.select_for_update().get(pk=tariff.pk)
    refuse_if_used(tariff)
    record("subscribers.tariff.deleted", by=by, on=tariff, name=tariff.name)
    tariff.delete()


def add_zone(*, by: Actor | None, **fields: Any) -> Zone:
    """Name a part of the network's area."""
    zone = Zone.objects.create(**fields)
    record("subscribers.zone.added", by=by, on=zone, name=zone.name)
    return zone


def change_zone(*, by: Actor | None, zone: Zone, **fields: Any) -> Changes:
    """Call a zone something else."""
    zone = Zone.objects.select_for_update().get(pk=zone.pk)
    if changes := set_fields(zone, fields):
        record("subscribers.zone.changed", by=by, on=zone, name=zone.name, changes=changes)
    return changes


def delete_zone(*, by: Actor | None, zone: Zone) -> None:
    """Remove a zone in which nobody and nothing is. Raises core.usage.InUse."""
    zone = Zone.objects.select_for_update().get(pk=zone.pk)
    refuse_if_used(zone)
    record("subscribers.zone.deleted", by=by, on=zone, name=zone.name)
    zone.delete()


def add_router(*, by: Actor | None, **fields: Any) -> Router:
    """Name a router that services are connected to."""
    router = Router.objects.create(**fields)
    record("subscribers.router.added", by=by, on=router, name=router.name)
    return router


def change_router(*, by: Actor | None, router: Router, **fields: Any) -> Changes:
    """Change what is known of a router."""
    router = Router.objects.select_for_update(of=("self",)).select_related("zone").get(pk=router.pk)
    if changes := set_fields(router, fields):
        record("subscribers.router.changed", by=by, on=router, name=router.name, changes=changes)
    return changes


def switch_router(*, by: Actor | None, router: Router, is_active: bool) -> None:
    """Offer a router for services no more, or again. Those on it stay there."""
    router = Router.objects.select_for_update(of=("self",)).get(pk=router.pk)
    if set_fields(router, {"is_active": is_active}):
        verb = "subscribers.router.resumed" if is_active else "subscribers.router.retired"
        record(verb, by=by, on=router, name=router.name)


def delete_router(*, by: Actor | None, router: Router) -> None:
    """Remove a router on which no service ever was. Raises core.usage.InUse."""
    router = Router.objects.select_for_update(of=("self",)).get(pk=router.pk)
    refuse_if_used(router)
    record("subscribers.router.deleted", by=by, on=router, name=router.name)
    router.delete()
