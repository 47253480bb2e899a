"""What is done with services."""

from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.utils import timezone

from core.audit import Actor, record
from core.changes import Changes, set_fields
from subscribers.models import Enforcement, PriceChange, Router, Service, ServiceChange, Subscriber, Tariff
from subscribers.services.numbers import next_number

# From which states a state can be reached. What has ended stays so: a customer who comes back gets a new service.
STEPS = {
    Service.State.ACTIVE: {Service.State.PENDING, Service.State.SUSPENDED},
    Service.State.SUSPENDED: {Service.State.ACTIVE},
    Service.State.ENDED: {Service.State.PENDING, Service.State.ACTIVE, Service.State.SUSPENDED},
}


class CannotChangeState(Exception):
    """The service is not in a state from which the wanted one can be reached."""


class HasEnded(Exception):
    """The service has ended and stays as it was."""


def create_service(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    tariff: Tariff,
    state: str = Service.State.ACTIVE,
    address: str = "",
    price: Decimal | None = None,
    router: Router | None = None,
    ip_address: str | None = None,
    queue_name: str = "",
    started_on: date | None = None,
    number: int | None = None,
    back_on_report: bool | None = None,
) -> Service:
    """Give a subscriber a service of a tariff. `started_on` is a date of the ISP; without `price` it is the tariff's.

    Raises ValidationError if another service that lasts has the IP address on that router, and Erased.
    """
    Subscriber.objects.lock_to_add(subscriber.pk)
    service = Service(
        subscriber=subscriber,
        number=number or next_number(Service),
        tariff=tariff,
        state=state,
        address=address,
        price=price,
        router=router,
        ip_address=ip_address or None,
        queue_name=queue_name,
        started_on=started_on,
        back_on_report=back_on_report,
    )
    service.validate_constraints()
    service.save()
    _note(service, by=by)
    record("subscribers.service.created", by=by, on=service, number=service.number, subscriber=subscriber.number)
    return service


def change_service_state(
    *, by: Actor | None, service: Service, to: Service.State | str, reason: str = "", on: date | None = None
) -> Service:
    """Bring a service into another state. `on` is the ISP's date of a beginning or an end, today by default.

    Raises CannotChangeState if the step makes no sense, as when somebody else was quicker.
    """
    service = Service.objects.select_for_update(of=("self",)).select_related("subscriber", "tariff").get(pk=service.pk)
    if service.state not in STEPS.get(Service.State(to), set()):
        raise CannotChangeState(service.get_state_display())
    before, service.state = service.state, Service.State(to)
    if to == Service.State.ENDED:
        service.ended_on = on or timezone.localdate()
    elif service.started_on is None:
        service.started_on = on or timezone.localdate()
    service.save(update_fields=["state", "started_on", "ended_on"])
    _note(service, by=by, reason=reason)
    record(
        "subscribers.service.state_changed",
        by=by,
        on=service,
        number=service.number,
        subscriber=service.subscriber.number,
        before=before,
        after=str(to),
        reason=reason,
    )
    return service


def change_service(*, by: Actor | None, service: Service, reason: str = "", **fields: Any) -> Changes:
    """Set fields of a service but its state; what changed is returned, and audited with before and after.

    With another tariff the price of its own goes unless one is given along, since it was agreed on for the old tariff.
    Raises HasEnded, and ValidationError if another service that lasts has the IP address on that router.
    """
    service = (
        Service.objects.select_for_update(of=("self",))
        .select_related("subscriber", "tariff", "router")
        .get(pk=service.pk)
    )
    if service.state == Service.State.ENDED:
        raise HasEnded(service.number)
    is_moving = "tariff" in fields and fields["tariff"] != service.tariff
    if is_moving:
        fields = {"price": None, **fields}
    before = _cost_of(service)
    wanted = copy(service)
    for name in {"router", "ip_address"} & fields.keys():
        setattr(wanted, name, fields[name])
    wanted.validate_constraints()
    if changes := set_fields(service, fields):
        verb = "subscribers.service.tariff_changed" if is_moving else "subscribers.service.changed"
        about = {"number": service.number, "subscriber": service.subscriber.number}
        record(verb, by=by, on=service, **about, changes=changes, reason=reason)
        # A beginning that is still to come has cost nothing yet.
        if _cost_of(service) != before and service.state != Service.State.PENDING:
            PriceChange.objects.create(service=service, on=timezone.localdate(), **before)
    return changes


def _cost_of(service: Service) -> dict[str, Any]:
    """What a service costs, as PriceChange keeps it. Loads the tariff."""
    tariff = service.tariff
    return {
        "name_before": tariff.shown_name,
        "price_before": service.full_price,
        "tax_rate_before": tariff.tax_rate,
        "cycle_before": tariff.cycle,
    }


def _note(service: Service, *, by: Actor | None, reason: str = "") -> None:
    who = {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:200]} if by else {"by_kind": "system"}
    ServiceChange.objects.create(service=service, state=service.state, reason=reason[:300], **who)
    _enforce(service)


def _enforce(service: Service) -> None:
    """Say what should be in the network. The caller has locked the service, or has just made it."""
    is_on, now = service.state == Service.State.ACTIVE, timezone.now()
    there = Enforcement.objects.filter(service=service)
    if there.exclude(is_on=is_on).update(is_on=is_on, since=now, version=F("version") + 1):
        return
    Enforcement.objects.bulk_create([Enforcement(service=service, is_on=is_on, since=now)], ignore_conflicts=True)
