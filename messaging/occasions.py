"""What messages are about: all events, by their names. A new one is a row in a module of messaging.events."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from messaging.events import logins, many, money, visits
from messaging.events.base import Event

EVENTS: dict[str, Event] = {each.name: each for area in (money, visits, logins) for each in area.EVENTS}
OWN = "messaging/text_failed"  # to the company, when a text of its own could not be used
WORD = "messaging/word"  # an answer to STOP or START

# What mails are about, in words for staff.
OCCASIONS: dict[str, Any] = {name: event.title for name, event in EVENTS.items()} | {
    OWN: _("a text of yours could not be used, to you"),
    "portal/sms": _("SMS from the portal"),
    "channels/test": _("test message"),
    WORD: _("an answer to STOP or START"),
    many.NAME: _("written to many"),
}


def by_slug(slug: str) -> Event | None:
    """The event that an address names."""
    return next((event for event in EVENTS.values() if event.slug == slug), None)


def name_of(occasion: str) -> Any:
    """What a mail is about; nothing for mails from before this was written down, and for templates that are gone."""
    return OCCASIONS.get(occasion, "")
