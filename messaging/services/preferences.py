"""What somebody wants to hear of, by which media."""

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import Model

from core.audit import Actor, record, written_by
from messaging.events.base import NEVER_OFF, Kind
from messaging.models import Medium, OptOut
from messaging.outbox.wishes import stop_unwanted

Choice = tuple[str, str]  # kind, medium
OPTIONAL = [kind for kind in Kind if kind not in NEVER_OFF]


def unwanted(*, subscriber: int, login: int = 0) -> set[Choice]:
    """What a customer, or one login, has said that they do not want. One query."""
    rows = OptOut.objects.filter(subscriber_key=subscriber, login_key=login)
    return set(rows.values_list("kind", "medium"))


@transaction.atomic
def set_unwanted(
    *, by: Actor | None, subscriber: int, login: int = 0, choices: Collection[Choice], on: Model | None = None
) -> bool:
    """Say what is not wanted; all else is. It counts at once, for what is on its way, too. Whether it is new.

    `on` is the row of the subscriber, in whose history it stands.
    """
    _hold(subscriber)
    wished = {(kind, medium) for kind, medium in choices if kind in OPTIONAL and medium in Medium.values}
    before = unwanted(subscriber=subscriber, login=login)
    if wished == before:
        return False
    for kind, medium in before - wished:
        OptOut.objects.filter(subscriber_key=subscriber, login_key=login, kind=kind, medium=medium).delete()
    _add(by, subscriber, login, wished - before)
    said = {"fields": sorted(f"{kind}/{medium}" for kind, medium in wished), "login": login or ""}
    record("messaging.preferences.changed", by=by, on=on, **said)
    return True


@transaction.atomic
def opt_out(
    *, by: Actor | None, subscriber: int, login: int = 0, choices: Collection[Choice], on: Model | None = None
) -> bool:
    """Add to what is not wanted. Twice is once; whether it is new."""
    _hold(subscriber)
    added = set(choices) - unwanted(subscriber=subscriber, login=login)
    if not added:
        return False
    _add(by, subscriber, login, added)
    fields = sorted(f"{kind}/{medium}" for kind, medium in added)
    record("messaging.preferences.opted_out", by=by, on=on, fields=fields)
    return True


def want_again(*, subscriber: int, kind: str) -> None:
    """Take back what the whole customer did not want of a kind, as when a consent to it is given."""
    OptOut.objects.filter(subscriber_key=subscriber, login_key=0, kind=kind).delete()


def _add(by: Actor | None, subscriber: int, login: int, choices: Collection[Choice]) -> None:
    who = written_by(by)
    rows = [
        OptOut(subscriber_key=subscriber, login_key=login, kind=kind, medium=medium, **who) for kind, medium in choices
    ]
    OptOut.objects.bulk_create(rows, ignore_conflicts=True)
    for kind, medium in choices:
        stop_unwanted(subscriber=subscriber, login=login, kind=kind, medium=medium)


def _hold(subscriber: int) -> None:
    """One at a time for each customer, who have no row in this app to lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(current_schema() || ':preferences'), %s)", [subscriber])
