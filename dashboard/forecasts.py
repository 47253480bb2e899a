"""What a sending to many would come to, before anything is written. See dashboard.sendings for to whom and why not."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard import sendings
from dashboard.budgets import month_of
from dashboard.sendings import REASONS, Writer, reason_in_words
from messaging import sms
from messaging.models import Medium, Message
from messaging.rules import due_at
from messaging.services import can_send
from subscribers.models import Sending

SHOWN = 3  # whose texts are shown, of those who read one language
SHOWN_EACH = 2  # where there are several


@dataclass
class Part:
    """What those get who read one language."""

    language: str
    people: int = 0
    segments: int = 0
    price: Decimal = Decimal(0)
    shown: list[Message] = field(default_factory=list)

    @property
    def title(self) -> Any:
        return dict(settings.LANGUAGES).get(self.language, self.language)


@dataclass
class Forecast:
    """What a sending would come to."""

    medium: str
    messages: int = 0  # people who get one
    copies: int = 0  # messages: more than people where they have several browsers
    left_out: Counter[str] = field(default_factory=Counter)
    basic: int = 0  # SMS of the basic alphabet, and segments of them
    basic_segments: int = 0
    unicode: int = 0
    unicode_segments: int = 0
    may_be_plain: bool = False  # whether the settings of the channel leave something of that
    strange: Counter[str] = field(default_factory=Counter)  # in how many SMS each character stands
    price: Decimal = Decimal(0)
    left: Decimal | None = None
    has_channel: bool = True
    lost: list[tuple[str, str]] = field(default_factory=list)  # approved texts that cannot be sent, and why
    begins_at: datetime | None = None  # when the first of them goes; None: at once
    is_later: bool = False  # it is planned
    is_held: bool = False  # by quiet hours
    parts: dict[str, Part] = field(default_factory=dict)  # by language

    @property
    def segments(self) -> int:
        return self.basic_segments + self.unicode_segments

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        """Why how many are left out, in words."""
        return [(reason_in_words(name, self.medium), self.left_out[name]) for name in REASONS if self.left_out[name]]

    @property
    def characters(self) -> list[tuple[str, str, int]]:
        """What made SMS Unicode, with its code and in how many it stands; the most frequent first."""
        return [(char, f"U+{ord(char):04X}", n) for char, n in self.strange.most_common(20)]

    @property
    def languages(self) -> list[Part]:
        """What is said in each language; the most read one first."""
        return sorted(self.parts.values(), key=lambda part: -part.people)

    @property
    def shown(self) -> list[Message]:
        return [each for part in self.languages for each in part.shown]

    @property
    def is_too_dear(self) -> bool:
        return self.left is not None and self.price > self.left

    @property
    def may_start(self) -> bool:
        return bool(self.messages) and self.has_channel and not self.is_too_dear and not self.lost

    @property
    def seen(self) -> str:
        """What whoever starts it has seen, for the form."""
        return f"{self.messages} {self.price}"


def forecast(sending: Sending) -> Forecast:
    """Look at all of them as the sending will. Writes nothing."""
    writer = Writer(sending)
    found = Forecast(writer.medium, parts={language: Part(language) for language in writer.versions})
    found.may_be_plain = writer.spelling != sms.Spelling.PLAIN
    found.left = month_of(writer.settings).left
    found.has_channel, found.lost = can_send(sending.medium), writer.lost
    now = timezone.now()
    begins = max(sending.starts_at or now, now)
    first = due_at(writer.event, writer.medium, at=begins, timezone=writer.isp.timezone)
    found.is_later, found.is_held = begins > now, first > begins
    found.begins_at = first if first > now else None
    for start in range(0, len(sending.ids), sendings.PART):
        part = sending.ids[start : start + sendings.PART]
        good, left_out = writer.sort_out(part)
        found.left_out.update(left_out.values())
        found.left_out["gone"] += len(part) - len(good) - len(left_out)
        _count(found, writer, good)
    return found


def _count(found: Forecast, writer: Writer, good: list[Any]) -> None:
    """Count some of those who get one; only what an SMS says changes what it costs, so other texts are but shown."""
    shown = SHOWN if len(found.parts) == 1 else SHOWN_EACH
    wanted = []
    for row, recipient in good:
        part = found.parts[writer.words_for(recipient).language or writer.language]
        copies = len(recipient.at(writer.medium))
        part.people, found.messages, found.copies = part.people + 1, found.messages + 1, found.copies + copies
        if writer.medium == Medium.SMS or part.people <= shown:
            wanted.append((row, recipient))
        if writer.medium != Medium.SMS:
            part.price, found.price = part.price + copies * writer.price, found.price + copies * writer.price
    seen = set()
    for message in writer.compose(wanted):
        part = found.parts[message.language]
        if len(part.shown) < shown and message.subscriber_key not in seen:
            part.shown.append(message)
        seen.add(message.subscriber_key)
        if writer.medium == Medium.SMS:
            _count_segments(found, part, message)


def _count_segments(found: Forecast, part: Part, message: Message) -> None:
    found.price, part.price = found.price + message.price, part.price + message.price
    part.segments += message.segments
    if odd := sms.strange(message.text):
        found.unicode, found.unicode_segments = found.unicode + 1, found.unicode_segments + message.segments
        found.strange.update(odd)
    else:
        found.basic, found.basic_segments = found.basic + 1, found.basic_segments + message.segments
