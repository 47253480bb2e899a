"""What somebody told us, or a carrier, that they do not want to hear of: it counts for what waits, too."""

from collections.abc import Collection

from core.audit import record, written_by
from messaging.events.base import Kind
from messaging.models import Message, OptOut
from messaging.outbox.claims import forget_what_is_over


def stop_unwanted(*, subscriber: int, login: int, kind: str, medium: str) -> None:
    """Stop what waits of a kind for a customer, or for one login of theirs. In a transaction."""
    waiting = Message.objects.filter(state=Message.State.WAITING, subscriber_key=subscriber, kind=kind, medium=medium)
    keys = list((waiting.filter(login_key=login) if login else waiting).values_list("pk", flat=True))
    waiting.filter(pk__in=keys).update(state=Message.State.STOPPED, error="Stopped:preference")
    forget_what_is_over(keys)


def no_more_news(*, messages: Collection[int]) -> None:
    """Who got these has told the carrier that they want no advertising: none goes there any more, and all else does.

    In a transaction.
    """
    rows = Message.objects.filter(pk__in=messages).exclude(subscriber_key=None).order_by("subscriber_key")
    for subscriber, login, medium in rows.values_list("subscriber_key", "login_key", "medium").distinct():
        key = {"subscriber_key": subscriber, "login_key": login or 0, "kind": Kind.NEWS, "medium": medium}
        _row, is_new = OptOut.objects.get_or_create(**key, defaults=written_by(None))
        if is_new:
            record("messaging.preferences.opted_out", by=None, on=None, fields=[f"{Kind.NEWS}/{medium}"])
        stop_unwanted(subscriber=subscriber, login=login or 0, kind=Kind.NEWS, medium=medium)
