"""Notifications name a browser; what is needed to reach it is looked up when they go."""

from collections.abc import Iterable

from messaging.models import Browser, Medium, Message


def give_browsers(messages: Iterable[Message]) -> None:
    """Lay to each notification how its browser is reached, in memory only. In a transaction."""
    wanted = [message for message in messages if message.medium == Medium.PUSH]
    if not wanted:
        return
    found = {str(row.uuid): row for row in Browser.objects.filter(uuid__in=[message.to for message in wanted])}
    for message in wanted:
        row = found.get(message.to.lower())
        message.data = {**message.data, "browser": row.subscription if row else {}}
