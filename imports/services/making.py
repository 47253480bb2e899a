"""New customers with all that their rows say, many at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from billing.services.ledger import carry_over
from imports.models import Batch, Row
from imports.prints import print_of
from imports.services.catalogue import Catalogue
from subscribers.models import Note, PortalUser, Service, ServiceChange, Subscriber
from subscribers.services.numbers import next_numbers

PERSON = ("first_name", "last_name", "id_number", "email", "mobile", "second_mobile", "address", "district", "city",
          "postcode", "kind", "business_name", "tax_id", "billing_address", "billing_email")  # fmt: skip


@dataclass
class Made:
    """What the rows of one chunk are made with."""

    batch: Batch
    by: Any
    catalogue: Catalogue
    language: str
    today: date
    noon: Callable[[str], datetime]

    @property
    def reason(self) -> str:
        return f"{self.batch.file_name}"[:300]

    @property
    def who(self) -> dict[str, Any]:
        return {"by_id": self.by.pk, "by_name": self.by.audit_label[:200]}


def make(rows: list[Row], made: Made) -> None:
    """Add the customers of rows, and services to those whose customer another row brought."""
    first = [row for row in rows if not row.leader]
    _make_subscribers(first, made)
    by_number = {row.number: row.subscriber_id for row in first}
    for row in rows:
        if row.leader and not row.subscriber_id:
            row.subscriber_id = by_number.get(row.leader)
        row.outcome = Row.Outcome.LOADED if row.subscriber_id else ""
    rows = [row for row in rows if row.subscriber_id]
    make_services(rows, made)
    make_logins([row for row in rows if not row.leader], made)
    make_notes(rows, made)
    _carry_over(first, made)


def _make_subscribers(rows: list[Row], made: Made) -> None:
    numbers = iter(next_numbers(Subscriber, sum(not row.values.get("number") for row in rows)))
    people = [
        Subscriber(
            number=row.values.get("number") or next(numbers),
            zone=made.catalogue.get("zone", row.values.get("zone")),
            group=made.catalogue.get("group", row.values.get("group")),
            **{name: row.values[name] for name in PERSON if row.values.get(name)},
        )
        for row in rows
    ]
    Subscriber.objects.bulk_create(people)
    for row, person in zip(rows, people, strict=True):
        row.subscriber_id = person.pk
        row.made["subscriber"] = [person.pk, print_of("subscriber", person)]
    dated = [(row.subscriber_id, made.noon(row.values["since"])) for row in rows if row.values.get("since")]
    if dated:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE subscribers_subscriber s SET created_at = x.at"
                " FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(pk, at) WHERE s.id = x.pk",
                [[pk for pk, _at in dated], [at for _pk, at in dated]],
            )


def make_services(rows: list[Row], made: Made) -> None:
    """Adopt the services of rows whose customer is there by now."""
    rows = [row for row in rows if row.values.get("tariff")]
    numbers = iter(next_numbers(Service, sum(not row.values.get("service_number") for row in rows)))
    services = [_service(row, made, numbers) for row in rows]
    Service.objects.bulk_create(services)
    changes = ServiceChange.objects.bulk_create(
        ServiceChange(service=service, state=service.state, reason=made.reason, by_kind=made.by.audit_kind, **made.who)
        for service in services
    )
    for row, service, change in zip(rows, services, changes, strict=True):
        row.made["service"] = [service.pk, print_of("service", service)]
        row.made["change"] = [change.pk, ""]


def _service(row: Row, made: Made, numbers: Any) -> Service:
    values = row.values
    tariff = made.catalogue.get("tariff", values["tariff"])
    price = Decimal(values["price"]) if values.get("price") else None
    state = values.get("state", Service.State.ACTIVE)
    ended_on = values.get("ended_on") if state == Service.State.ENDED else None
    return Service(
        subscriber_id=row.subscriber_id,
        number=values.get("service_number") or next(numbers),
        tariff=tariff,
        price=None if price == tariff.price else price,
        state=state,
        address=values.get("service_address") or values.get("address", ""),
        router=made.catalogue.get("router", values.get("router")),
        ip_address=values.get("ip"),
        queue_name=values.get("queue", ""),
        started_on=date.fromisoformat(values["started_on"]) if values.get("started_on") else None,
        ended_on=date.fromisoformat(ended_on) if ended_on else None,
    )


def make_logins(rows: list[Row], made: Made) -> None:
    """Open the logins that rows name. Nobody can sign in with them until a password is set."""
    rows = [row for row in rows if row.values.get("username")]
    logins = [
        PortalUser(
            subscriber_id=row.subscriber_id,
            username=row.values["username"],
            email=row.values.get("email", ""),
            language=made.language,
            password=UNUSABLE_PASSWORD_PREFIX + get_random_string(40),
        )
        for row in rows
    ]
    PortalUser.objects.bulk_create(logins)
    for row, login in zip(rows, logins, strict=True):
        row.made["login"] = [login.pk, print_of("login", login)]


def make_notes(rows: list[Row], made: Made) -> None:
    """Keep what the file notes about customers."""
    rows = [row for row in rows if row.values.get("notes")]
    notes = Note.objects.bulk_create(
        Note(subscriber_id=row.subscriber_id, text=row.values["notes"], **made.who) for row in rows
    )
    for row, note in zip(rows, notes, strict=True):
        row.made["note"] = [note.pk, print_of("note", note)]


def _carry_over(rows: list[Row], made: Made) -> None:
    """Open the ledgers with what customers owed elsewhere."""
    owing = [row for row in rows if row.subscriber_id and Decimal(row.values.get("balance") or 0)]
    balances = {Subscriber(pk=row.subscriber_id): Decimal(row.values["balance"]) for row in owing}
    text = _("Balance brought along: %(file)s") % {"file": made.batch.file_name}
    entries = carry_over(by=made.by, balances=balances, on=made.today, text=text)
    for row in owing:
        row.made["entry"] = [entries[row.subscriber_id].pk, ""]
