"""What a sending to many would say to whom, and who is left out for what reason. See dashboard.services.sendings.

The forecast and the sending ask the same questions of some hundreds of subscribers at a time, so what was shown is what
happens, but for what changes meanwhile.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from billing.models import Account
from domains.links import portal_url
from messaging import sms
from messaging.events.base import Event
from messaging.events.many import AUTOLOGIN, BY_KIND
from messaging.models import Medium, Message, MessageSettings, OptOut
from messaging.reader import Reader, current_isp
from messaging.recipients import Recipient
from messaging.rules import due_at
from messaging.services import can_send, many
from messaging.services.notifying import opt_out_link, with_opt_out
from messaging.services.writing import sms_spelling
from messaging.texts import own_words
from messaging.wording import names_in, parse
from subscribers.models import Consent, PortalUser, Sending, Subscriber
from subscribers.portal_roles import PortalRole
from subscribers.services.recipients import recipient_of

PART = 300  # subscribers in one transaction
SHOWN = 3  # whose texts the forecast shows
SAMPLE_LINK = "go/" + "x" * 43 + "/"  # as long as a link is

REASONS: dict[str, Any] = {
    "gone": _("deleted meanwhile"),
    "erased": _("of an erased customer"),
    "no_address": _("no address for it"),
    "stopped": _("the address is stopped"),
    "opted_out": _("wants no messages of this kind"),
    "no_consent": _("no consent to news"),
    "no_login": _("no open login for the link"),
    "daily": _("has got as many today as you allow"),
}


FATES: dict[str, Any] = {
    "waiting": _("waiting to be sent"),
    "sending": _("being sent"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "failed": _("given up"),
    "stopped": _("stopped"),
}


def fates_in_words(fates: dict[str, int]) -> list[tuple[Any, int]]:
    """What became of messages, in words."""
    return [(words, fates[name]) for name, words in FATES.items() if fates.get(name)]


def this_month() -> datetime:
    """When the month began at the ISP."""
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def today() -> datetime:
    """When the day began at the ISP."""
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def budget_left(settings: MessageSettings) -> Decimal | None:
    """What messages to many may still cost this month; None without a limit."""
    if not settings.budget:
        return None
    return max(settings.budget - many.spent_since(this_month()), Decimal(0))


@dataclass
class Writer:
    """Writes one sending's messages: what is the same for all of them is read once."""

    sending: Sending
    settings: MessageSettings = field(default_factory=MessageSettings.load)

    def __post_init__(self) -> None:
        self.isp = current_isp()
        self.event: Event = BY_KIND[self.sending.kind]
        self.medium = Medium(self.sending.medium)
        self.reader = Reader(self.isp)
        self.price = many.price_of(self.medium)
        self.spelling = sms_spelling() if self.medium == Medium.SMS else ""
        self.needs_link = AUTOLOGIN in names_in(parse(self.sending.text, names=self.event.named))
        self.at = due_at(self.event, self.medium, at=timezone.now(), timezone=self.isp.timezone)

    def sort_out(self, keys: list[int]) -> tuple[list[tuple[Subscriber, Recipient]], dict[int, str]]:
        """Those to write to, and of the others why not. A fixed number of queries."""
        people = {row.pk: row for row in Subscriber.objects.filter(pk__in=keys).order_by("pk")}
        recipients = {key: recipient_of(row, isp=self.isp) for key, row in people.items()}
        to = {key: next(iter(each.at(self.medium)), "") for key, each in recipients.items()}
        stopped = many.stopped_among(self.medium, filter(None, to.values()))
        unwanted = OptOut.objects.filter(kind=self.sending.kind, medium=self.medium, login_key=0)
        unwilling = set(unwanted.filter(subscriber_key__in=keys).values_list("subscriber_key", flat=True))
        consenting = self._consenting(keys)
        with_login = set(self._logins(keys)) if self.needs_link else set(keys)
        most = self.settings.daily_most
        got = many.got_since(today(), keys) if most else {}
        good, left_out = [], {}
        for key, row in people.items():
            reason = next(
                (
                    name
                    for name, is_so in [
                        ("erased", row.is_erased),
                        ("no_address", not to[key]),
                        ("stopped", to[key].lower() in stopped),
                        ("opted_out", key in unwilling),
                        ("no_consent", key not in consenting),
                        ("no_login", key not in with_login),
                        ("daily", bool(most) and got.get(key, 0) >= most),
                    ]
                    if is_so
                ),
                "",
            )
            if reason:
                left_out[key] = reason
            else:
                good.append((row, recipients[key]))
        return good, left_out

    def _consenting(self, keys: list[int]) -> set[int]:
        if self.sending.kind != Sending.Kind.NEWS:
            return set(keys)
        rows = Consent.objects.standing().filter(document__is_for_news=True, subscriber__in=keys)
        return set(rows.values_list("subscriber", flat=True))

    def _logins(self, keys: list[int]) -> dict[int, PortalUser]:
        """The main login of each, as far as it is open now."""
        rows = PortalUser.objects.filter(subscriber__in=keys, role=PortalRole.OWNER).select_related("subscriber")
        on = timezone.localdate()
        return {row.subscriber_id: row for row in rows.order_by("-pk") if row.is_open(on=on)}

    def compose(self, good: list[tuple[Subscriber, Recipient]], *, make_link: Any = None) -> Iterator[Message]:
        """The messages, unsaved. `make_link` gives the link that lets a login in; without it a stand-in is shown."""
        keys = [row.pk for row, _to in good]
        balances = dict(Account.objects.filter(pk__in=keys).values_list("pk", "balance"))
        logins = self._logins(keys) if self.needs_link else {}
        for row, recipient in good:
            context = {
                "name": row.first_name or row.listed_name,
                "number": row.number,
                "balance": max(balances.get(row.pk, Decimal(0)), Decimal(0)),
                AUTOLOGIN: "",
            }
            if self.needs_link:
                context[AUTOLOGIN] = make_link(logins[row.pk]) if make_link else self._sample_link()
            yield self._message(row, recipient, context)

    def _sample_link(self) -> str:
        return portal_url(self.isp, f"/{SAMPLE_LINK}")

    def _message(self, row: Subscriber, recipient: Recipient, context: dict[str, Any]) -> Message:
        sending = self.sending
        with translation.override(self.isp.language):
            words = own_words(
                self.event, self.medium, subject=sending.subject, text=sending.text, context=context, reader=self.reader
            )
        link = opt_out_link(self.event, self.medium, recipient)
        if link:
            words = with_opt_out(words, link, self.isp.language)
        text = sms.spelled(words.text, self.spelling) if self.medium == Medium.SMS else words.text
        segments = sms.count(text).segments if self.medium == Medium.SMS else 1
        return Message(
            medium=self.medium,
            to=recipient.at(self.medium)[0],
            subject=words.subject,
            text=text,
            html=words.html,
            from_name=self.reader.company if self.medium == Medium.EMAIL else "",
            reply_to=self.reader.profile.email if self.medium == Medium.EMAIL else "",
            language=self.isp.language,
            lane=Message.Lane.BULK,
            key=sending.key_for(row.pk),
            due_at=self.at,
            data={"unsubscribe": link} if link else {},
            subscriber_key=row.pk,
            occasion=self.event.name,
            kind=sending.kind,
            has_secret=self.needs_link,
            sending=sending.uuid,
            # What it will cost, until the carrier says what it did.
            segments=segments if self.medium == Medium.SMS else 0,
            price=segments * self.price,
        )


@dataclass
class Forecast:
    """What a sending would come to."""

    messages: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    basic: int = 0  # SMS of the basic alphabet, and segments of them
    basic_segments: int = 0
    unicode: int = 0
    unicode_segments: int = 0
    strange: Counter[str] = field(default_factory=Counter)  # in how many SMS each character stands
    price: Decimal = Decimal(0)
    left: Decimal | None = None
    has_channel: bool = True
    shown: list[Message] = field(default_factory=list)

    @property
    def segments(self) -> int:
        return self.basic_segments + self.unicode_segments

    @property
    def reasons(self) -> list[tuple[Any, int]]:
        """Why how many are left out, in words."""
        return [(REASONS[name], self.left_out[name]) for name in REASONS if self.left_out[name]]

    @property
    def characters(self) -> list[tuple[str, str, int]]:
        """What made SMS Unicode, with its code and in how many it stands; the most frequent first."""
        return [(char, f"U+{ord(char):04X}", n) for char, n in self.strange.most_common(20)]

    @property
    def is_too_dear(self) -> bool:
        return self.left is not None and self.price > self.left

    @property
    def may_start(self) -> bool:
        return bool(self.messages) and self.has_channel and not self.is_too_dear


def forecast(sending: Sending) -> Forecast:
    """Look at all of them as the sending will. Writes nothing."""
    writer, found = Writer(sending), Forecast()
    found.left = budget_left(writer.settings)
    found.has_channel = can_send(sending.medium)
    for start in range(0, len(sending.ids), PART):
        part = sending.ids[start : start + PART]
        good, left_out = writer.sort_out(part)
        found.left_out.update(left_out.values())
        found.left_out["gone"] += len(part) - len(good) - len(left_out)
        if writer.medium == Medium.SMS or len(found.shown) < SHOWN:  # the texts of other e-mails change nothing
            for message in writer.compose(good if writer.medium == Medium.SMS else good[:SHOWN]):
                _count(found, message)
        found.messages += len(good)
    if writer.medium != Medium.SMS:
        found.price = found.messages * writer.price
    return found


def _count(found: Forecast, message: Message) -> None:
    if len(found.shown) < SHOWN:
        found.shown.append(message)
    if message.medium != Medium.SMS:
        return
    found.price += message.price
    if odd := sms.strange(message.text):
        found.unicode, found.unicode_segments = found.unicode + 1, found.unicode_segments + message.segments
        found.strange.update(odd)
    else:
        found.basic, found.basic_segments = found.basic + 1, found.basic_segments + message.segments
