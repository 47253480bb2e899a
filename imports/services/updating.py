"""Customers who are there already get what rows say about them; what was there before is kept with the row."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from core.tabular.problems import problem
from imports.models import Row
from imports.services.making import PERSON, Made, make_logins, make_notes, make_services
from subscribers.models import Service, Subscriber


def update(rows: list[Row], made: Made, *, at: datetime) -> None:
    """Fill empty fields, or set all that a row has, as was answered. Balances are left alone."""
    if not rows:
        return
    only_empty = made.batch.answers.get("existing") != "all"
    people = {
        person.pk: person
        for person in Subscriber.objects.not_erased()
        .select_for_update()
        .filter(pk__in=[row.matched for row in rows])
        .order_by("pk")
    }
    has_login = set(Subscriber.objects.filter(pk__in=people, portal_users__isnull=False).values_list("pk", flat=True))
    for row in rows:
        if row.matched not in people:
            row.verdict = Row.Verdict.BAD
            row.problems.append(problem("meanwhile"))
    rows = [row for row in rows if row.matched in people]
    services = _services_of(people)
    without: list[Row] = []
    for row in rows:
        row.subscriber_id, row.outcome = row.matched, Row.Outcome.LOADED
        _set(row, people[row.subscriber_id], _person_fields(row, made), only_empty=only_empty)
        service = _service_for(row, services.get(row.subscriber_id, []))
        if service:
            _set(row, service, _service_fields(row, made), only_empty=only_empty)
        elif row.values.get("tariff"):
            without.append(row)
    make_services(without, made)
    make_logins([row for row in rows if row.subscriber_id not in has_login and not row.leader], made)
    make_notes([row for row in rows if row.before or row.made], made)


def _services_of(people: dict[int, Subscriber]) -> dict[int, list[Service]]:
    found: dict[int, list[Service]] = {}
    rows = Service.objects.select_for_update(of=("self",)).filter(subscriber__in=people.keys()).order_by("pk")
    for service in rows.select_related("tariff"):
        found.setdefault(service.subscriber_id, []).append(service)
    return found


def _service_for(row: Row, services: list[Service]) -> Service | None:
    """The service that a row is about: by its number, by its address, or the only one there is."""
    values = row.values
    for service in services:
        if values.get("service_number") == service.number:
            return service
    lasting = [service for service in services if service.state != Service.State.ENDED]
    for service in lasting:
        if values.get("ip") and values["ip"] == service.ip_address:
            return service
    return lasting[0] if len(lasting) == 1 and not row.leader and not values.get("service_number") else None


def _person_fields(row: Row, made: Made) -> dict[str, Any]:
    fields = {name: row.values[name] for name in PERSON if row.values.get(name)}
    for kind in ("zone", "group"):
        if found := made.catalogue.get(kind, row.values.get(kind)):
            fields[f"{kind}_id"] = found.pk
    return fields


def _service_fields(row: Row, made: Made) -> dict[str, Any]:
    values = row.values
    fields: dict[str, Any] = {"queue_name": values.get("queue"), "ip_address": values.get("ip")}
    fields["address"] = values.get("service_address")
    if tariff := made.catalogue.get("tariff", values.get("tariff")):
        fields["tariff_id"] = tariff.pk
    if router := made.catalogue.get("router", values.get("router")):
        fields["router_id"] = router.pk
    if values.get("price"):
        fields["price"] = Decimal(values["price"])
    if values.get("started_on"):
        fields["started_on"] = date.fromisoformat(values["started_on"])
    return {name: value for name, value in fields.items() if value}


def _set(row: Row, target: Model, fields: dict[str, Any], *, only_empty: bool) -> None:
    """Set fields of one row of the base, and note what was there. A kind is never empty, so it is not filled."""
    changed = {}
    for name, value in fields.items():
        before = getattr(target, name)
        if before == value or (only_empty and (before not in (None, "") or name == "kind")):
            continue
        setattr(target, name, value)
        changed[name] = [_told(before), _told(value)]
    if not changed:
        return
    if isinstance(target, Subscriber):
        target.version += 1
        target.save(update_fields=[*changed, "version"])
    else:
        target.save(update_fields=list(changed))
    row.before[f"{target._meta.label_lower}:{target.pk}"] = changed


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, str)) else str(value)
