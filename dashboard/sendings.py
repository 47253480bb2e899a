"""What a sending to many would say to whom, and who is left out for what reason. See dashboard.services.sendings.

The forecast and the sending ask the same questions of some hundreds of subscribers at a time, so what was shown is what
happens, but for what changes meanwhile.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from django.conf import settings as django_settings
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from billing.models import Account
from billing.notice_links import notice_path
from dashboard.budgets import today
from domains.links import portal_url
from messaging import sms
from messaging.approved_texts import Shelf, fill_approved
from messaging.events.base import Event
from messaging.events.many import AUTOLOGIN, BY_KIND, PAY, REMINDER, REMINDER_TITLE
from messaging.models import Browser, ChannelAccount, Medium, Message, MessageSettings, OptOut
from messaging.reader import Reader, Values, current_isp
from messaging.recipients import Recipient
from messaging.rules import due_at
from messaging.services import many
from messaging.services.notifying import clock_of, opt_out_link, with_opt_out
from messaging.services.writing import is_address, sms_spelling
from messaging.texts import Words, language_for, own_words
from messaging.wording import names_in, parse
from subscribers.models import Consent, PortalUser, Sending, SendingWords, Subscriber
from subscribers.portal_roles import PortalRole
from subscribers.services.recipients import recipient_of

PART = 300  # subscribers in one transaction
FROM_COMPANY = {Medium.EMAIL, Medium.PUSH}
SAMPLE_LINK = "go/" + "x" * 43 + "/"  # as long as a link is

REASONS: dict[str, Any] = {
    "gone": _("deleted meanwhile"),
    "erased": _("of an erased customer"),
    "no_address": _("no address for it"),
    "no_address.email": _("no e-mail address"),
    "no_address.sms": _("no mobile number that takes SMS"),
    "no_address.whatsapp": _("no mobile number for WhatsApp"),
    "no_address.push": _("no browser that takes notifications"),
    "stopped": _("the address is stopped"),
    "opted_out": _("wants no messages of this kind"),
    "no_consent": _("no consent to news"),
    "no_login": _("no open login for the link"),
    "no_debt": _("owes nothing, and the text says what is owed"),
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


def reason_in_words(name: str, medium: str) -> Any:
    """Why somebody was left out of a sending by a medium."""
    return REASONS.get(f"{name}.{medium}") or REASONS.get(name, name)


def fates_in_words(fates: dict[str, int]) -> list[tuple[Any, int]]:
    """What became of messages, in words."""
    return [(words, fates[name]) for name, words in FATES.items() if fates.get(name)]


def reminder(language: str) -> dict[str, str]:
    """What the form says at first where it is about invoices, in all languages; `language` is that of the ISP."""
    found = {"medium": Medium.SMS if ChannelAccount.objects.carrying(Medium.SMS).exists() else Medium.EMAIL}
    for code, _name in django_settings.LANGUAGES:
        end = "" if code == language else f"_{code}"
        with translation.override(code):
            found |= {f"subject{end}": str(REMINDER_TITLE), f"text{end}": str(REMINDER)}
    return found


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
        self.shelf = Shelf()
        self.price = many.price_of(self.medium)
        self.spelling = sms_spelling() if self.medium == Medium.SMS else ""
        self.language = self.sending.language or language_for(self.isp.language)
        self.versions = {each.language or self.language: each for each in self.sending.versions}
        names = set().union(*(names_in(parse(each.text, names=self.event.named)) for each in self.versions.values()))
        self.needs_link, self.needs_way, self.names_debt = AUTOLOGIN in names, PAY in names, "balance" in names
        self.at: dict[str, datetime] = {}  # when messages may go, by time zone

    def due_in(self, zone: str) -> datetime:
        """When a message may go to somebody who lives by this clock. One query for each clock."""
        if zone not in self.at:
            self.at[zone] = due_at(self.event, self.medium, at=timezone.now(), timezone=zone)
        return self.at[zone]

    def sort_out(self, keys: list[int]) -> tuple[list[tuple[Subscriber, Recipient]], dict[int, str]]:
        """Those to write to, and of the others why not. A fixed number of queries."""
        people = {row.pk: row for row in Subscriber.objects.filter(pk__in=keys).select_related("zone").order_by("pk")}
        logins = self._logins(keys)
        recipients = self._recipients(people, logins)
        to = {key: next(iter(each.at(self.medium)), "") for key, each in recipients.items()}
        stopped = many.stopped_among(self.medium, filter(None, to.values()))
        unwanted = OptOut.objects.filter(kind=self.sending.kind, medium=self.medium, login_key=0)
        unwilling = set(unwanted.filter(subscriber_key__in=keys).values_list("subscriber_key", flat=True))
        consenting = self._consenting(keys)
        on = timezone.localdate()
        with_login = {key for key, row in logins.items() if row.is_open(on=on)} if self.needs_link else set(keys)
        owing = self._owing(keys)
        most = self.settings.daily_most
        got = many.got_since(today(), keys) if most else {}
        good, left_out = [], {}
        for key, row in people.items():
            reason = next(
                (
                    name
                    for name, is_so in [
                        ("erased", row.is_erased),
                        ("no_address", not is_address(self.medium, to[key])),
                        ("stopped", to[key].lower() in stopped),
                        ("opted_out", key in unwilling),
                        ("no_consent", key not in consenting),
                        ("no_login", key not in with_login),
                        ("no_debt", key not in owing),
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

    def _recipients(self, people: dict[int, Subscriber], logins: dict[int, PortalUser]) -> dict[int, Recipient]:
        """Each with the language that they read and, where notifications are to be sent, their browsers."""
        found = {}
        browsers = self._browsers(list(people)) if self.medium == Medium.PUSH else {}
        for key, row in people.items():
            spoken = language_for((logins[key].language if key in logins else "") or self.isp.language)
            recipient = recipient_of(row, isp=self.isp, language=spoken)
            found[key] = replace(recipient, browsers=partial(browsers.get, key, ()))
        return found

    def _browsers(self, keys: list[int]) -> dict[int, tuple[str, ...]]:
        """Where the owners want notifications. Two queries."""
        owners = PortalUser.objects.filter(subscriber__in=keys, role=PortalRole.OWNER, is_active=True)
        rows = Browser.objects.filter(subscriber_key__in=keys, owner_key__in=list(owners.values_list("pk", flat=True)))
        found: dict[int, tuple[str, ...]] = {}
        for key, uuid in rows.order_by("pk").values_list("subscriber_key", "uuid"):
            found[key] = (*found.get(key, ()), str(uuid))
        return found

    def _consenting(self, keys: list[int]) -> set[int]:
        if self.sending.kind != Sending.Kind.NEWS:
            return set(keys)
        rows = Consent.objects.standing().filter(document__is_for_news=True, subscriber__in=keys)
        return set(rows.values_list("subscriber", flat=True))

    def _owing(self, keys: list[int]) -> set[int]:
        """Those who owe something, where it is about invoices and the text says how much."""
        if self.sending.audience != Sending.Audience.INVOICES or not self.names_debt:
            return set(keys)
        return set(Account.objects.filter(pk__in=keys, balance__gt=0).values_list("pk", flat=True))

    def _logins(self, keys: list[int]) -> dict[int, PortalUser]:
        """The main login of each; of several, one that is open. One query."""
        rows = PortalUser.objects.filter(subscriber__in=keys, role=PortalRole.OWNER).select_related("subscriber")
        on = timezone.localdate()
        return {row.subscriber_id: row for row in sorted(rows.order_by("-pk"), key=lambda row: row.is_open(on=on))}

    def words_for(self, recipient: Recipient) -> SendingWords:
        """What is said to somebody: in their language, if it is written in it."""
        return self.versions.get(recipient.language) or self.versions[self.language]

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
                PAY: portal_url(self.isp, notice_path(row)) if self.needs_way else "",
            }
            if self.needs_link:
                context[AUTOLOGIN] = make_link(logins[row.pk]) if make_link else self._sample_link()
            yield from self._messages(row, recipient, context)

    def _sample_link(self) -> str:
        return portal_url(self.isp, f"/{SAMPLE_LINK}")

    def _messages(self, row: Subscriber, recipient: Recipient, context: dict[str, Any]) -> Iterator[Message]:
        """One for each place where somebody gets it: several only where they have several browsers."""
        sending, said = self.sending, self.words_for(recipient)
        language = said.language or self.language
        with translation.override(language):
            words = self._words(said, context)
        data = dict(words.data)
        link = opt_out_link(self.event, self.medium, recipient)
        if link:
            words, data = with_opt_out(words, link, language), {**data, "unsubscribe": link}
        text = sms.spelled(words.text, self.spelling) if self.medium == Medium.SMS else words.text
        segments = sms.count(text).segments if self.medium == Medium.SMS else 1
        data = {**data, **clock_of(recipient)}
        for place, to in enumerate(recipient.at(self.medium)):
            yield Message(
                medium=self.medium,
                to=to,
                subject=words.subject,
                text=text,
                html=words.html,
                from_name=self.reader.company if self.medium in FROM_COMPANY else "",
                reply_to=self.reader.profile.email if self.medium == Medium.EMAIL else "",
                language=language,
                lane=Message.Lane.BULK,
                key=sending.key_for(row.pk, place),
                due_at=self.due_in(recipient.timezone),
                data=data,
                subscriber_key=row.pk,
                occasion=self.event.name,
                kind=sending.kind,
                has_secret=self.needs_link,
                sending=sending.uuid,
                # What it will cost, until the carrier says what it did.
                segments=segments if self.medium == Medium.SMS else 0,
                price=segments * self.price,
            )

    def _words(self, said: SendingWords, context: dict[str, Any]) -> Words:
        """What is said, and of an approved text what WhatsApp is told. One that is lost is but shown."""
        if said.approved and not self.trouble_with(said):
            values = Values(self.event.named, context, self.reader)
            found = fill_approved(said.approved, said.holes, event=self.event, values=values, shelf=self.shelf)
            return Words("", found.bubble.plain, data=found.data)
        what = {"subject": said.subject, "text": said.text}
        return own_words(self.event, self.medium, **what, context=context, reader=self.reader)

    def trouble_with(self, said: SendingWords) -> str:
        """Why an approved text cannot be sent now, in a sentence; nothing if it can."""
        template = self.shelf.by_key.get(said.approved)
        if template is not None and template.row.state == "paused":
            return template.state
        return self.shelf.trouble_with(said.approved, said.holes)

    @cached_property
    def lost(self) -> list[tuple[str, str]]:
        """Those of the approved texts that cannot be sent, and why not."""
        if self.medium != Medium.WHATSAPP:
            return []
        rows = [(each.approved, self.trouble_with(each)) for each in self.versions.values()]
        return [row for row in rows if row[1]]
