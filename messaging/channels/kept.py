"""Secrets that were typed once and stay when a form is saved with their field left empty.

A secret is kept for the place that it was typed for. Who may change settings need not know it, and could else have it
sent to a server of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from messaging.channels.base import Channel

TYPE_AGAIN = _("Type it again: it was kept for another place or user, and it is not sent to a new one.")


@dataclass(frozen=True, slots=True)
class Kept:
    """Which of the stored secrets stay (`values`), and which have to be typed again for the new place (`asked`)."""

    values: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def keep(kind: type[Channel], *, stored: Mapping[str, str], typed: Mapping[str, str]) -> Kept:
    """What becomes of stored secrets that were not typed anew. Those that go nowhere any more are in neither."""
    kept = Kept()
    before, after = _places(kind, stored), _places(kind, {**stored, **typed})
    for each in kind.fields:
        name = each.name
        if not each.is_secret or typed.get(name) or not stored.get(name):
            continue
        if name not in after or (after[name] and after[name] == before[name]):
            kept.values[name] = stored[name]
        elif after[name]:
            kept.asked.append(name)
    return kept


def _places(kind: type[Channel], values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    plain = {name: value.strip().replace("\r\n", "\n") for name, value in values.items()}
    return kind.places(plain)
