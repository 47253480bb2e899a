"""Taking on customers, changing what is known of them, letting them go."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.models import AuditEntry
from core.usage import Use, refuse_if_used, where_used
from messaging.services import withdraw_about
from subscribers.models import Erased, Subscriber, Tariff, Zone
from subscribers.services.connections import create_service
from subscribers.services.logins import create_portal_user
from subscribers.services.numbers import next_number


def create_subscriber(
    *,
    by: Actor | None,
    first_name: str,
    last_name: str = "",
    id_number: str = "",
    email: str = "",
    mobile: str = "",
    second_mobile: str = "",
    address: str = "",
    district: str = "",
    city: str = "",
    postcode: str = "",
    zone: Zone | None = None,
    number: int | None = None,
) -> Subscriber:
    """Take on a customer. Phones are E.164; `number` only for one brought along, else the next free one is taken.

    Raises IntegrityError if a number that was brought along is taken.
    """
    subscriber = Subscriber.objects.create(
        number=number or next_number(Subscriber),
        first_name=first_name,
        last_name=last_name,
        id_number=id_number,
        email=email,
        mobile=mobile,
        second_mobile=second_mobile,
        address=address,
        district=district,
        city=city,
        postcode=postcode,
        zone=zone,
    )
    record("subscribers.subscriber.created", by=by, on=subscriber, number=subscriber.number)
    return subscriber


def add_customer(
    *, by: Actor, person: dict[str, Any], tariff: Tariff | None, username: str, password: str, language: str
) -> Subscriber:
    """Take on a customer with what staff filled in: a first service if a tariff was chosen, a login if it was named.

    `person` is what create_subscriber takes. `language` is that of the login's pages and mails.
    """
    subscriber = create_subscriber(by=by, **person)
    if tariff:
        create_service(
            by=by, subscriber=subscriber, tariff=tariff, address=subscriber.address, started_on=timezone.localdate()
        )
    if username:
        create_portal_user(
            by=by,
            subscriber=subscriber,
            username=username,
            password=password,
            email=subscriber.email,
            language=language,
        )
    return subscriber


class ChangedMeanwhile(Exception):
    """Somebody else saved the card since it was opened. `subscriber` is as it is now."""

    def __init__(self, subscriber: Subscriber) -> None:
        super().__init__(subscriber.version)
        self.subscriber = subscriber


def change_subscriber(*, by: Actor | None, subscriber: Subscriber, version: int | None, **fields: Any) -> Changes:
    """Set fields of a customer; what changed is returned, and audited with before and after.

    `version` is that of the card on which the change was made: if another one has been saved since, nothing is changed
    and ChangedMeanwhile is raised. With None the change is made on top of whatever is there. Phones are E.164, and a
    tax number is as company.tax_ids keeps it. Raises Erased.
    """
    subscriber = (
        Subscriber.objects.select_for_update(of=("self",)).select_related("zone", "group").get(pk=subscriber.pk)
    )
    if subscriber.is_erased:
        raise Erased(subscriber.number)
    if version is not None and version != subscriber.version:
        raise ChangedMeanwhile(subscriber)
    saved = subscriber.version + 1
    if changes := set_fields(subscriber, fields, version=saved):
        record(CHANGED, by=by, on=subscriber, number=subscriber.number, version=saved, changes=changes)
    return changes


CHANGED = "subscribers.subscriber.changed"


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """A field that others changed: what it was and is, and who did it last and when. Values are as the log has them."""

    field: str
    before: Any
    after: Any
    by: str
    at: datetime


def changed_since(subscriber: Subscriber, version: int) -> list[Meanwhile]:
    """What has changed since a version of the card, each field once. One query."""
    found: dict[str, Meanwhile] = {}
    entries = AuditEntry.objects.filter(
        target_type=subscriber._meta.label_lower, target_id=str(subscriber.pk), verb=CHANGED
    )
    for entry in entries.filter(details__version__gt=version).order_by("pk"):
        for field, (before, after) in entry.details["changes"].items():
            first = found[field].before if field in found else before
            found[field] = Meanwhile(field, first, after, entry.actor_label, entry.at)
    return [each for each in found.values() if each.before != each.after]


# What goes with a customer who was never more than a card. (Whose account has moved has entries in the ledger.)
GOES_ALONG = frozenset({"portal_users", "notes", "account"})


def uses_of(subscriber: Subscriber) -> list[Use]:
    """What keeps a customer from being deleted. A query for each kind of thing that names a customer."""
    return where_used(subscriber, besides=GOES_ALONG)


def delete_subscriber(*, by: Actor | None, subscriber: Subscriber) -> None:
    """Remove a customer who has nothing yet; logins and notes go along.

    Raises core.usage.InUse, with what there is, for one who has services, entries in the ledger, documents or whatever
    else names a customer: that is history, which is kept.
    """
    subscriber = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    refuse_if_used(subscriber, besides=GOES_ALONG)
    record("subscribers.subscriber.deleted", by=by, on=subscriber, number=subscriber.number, name=subscriber.full_name)
    withdraw_about(subscriber.pk)
    subscriber.delete()
