"""What an event is, as far as messages go, and the variables that all of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from messaging.models import Medium
from messaging.reader import Context, Reader, Variable

EVERYWHERE = (Medium.EMAIL, Medium.SMS, Medium.WHATSAPP, Medium.PUSH)
ONLY_MAIL = (Medium.EMAIL,)


class Kind(TextChoices):
    """What people can choose to hear of, or not."""

    BILLS = "bills", _("bills and reminders")
    PAYMENTS = "payments", _("payments and cards")
    SERVICE = "service", _("your service being switched off and on")
    VISITS = "visits", _("visits of our technicians")
    ACCOUNT = "account", _("passwords, links and your data")
    NEWS = "news", _("news and offers")
    OFFICE = "office", _("to the company itself")

    @property
    def for_staff(self) -> str:
        """Its name where staff read it: nothing of it is theirs."""
        return str(FOR_STAFF.get(self.value, self.label))


FOR_STAFF = {
    "service": _("service switched off and on"),
    "visits": _("visits of technicians"),
    "account": _("passwords, links and personal data"),
}


WITH_OPT_OUT = {Kind.NEWS}  # what has to say in each mail how to get no more
NEVER_OFF = {Kind.ACCOUNT, Kind.OFFICE}  # what nobody can choose not to get


class Readers(TextChoices):
    SUBSCRIBER = "subscriber", _("customers")
    PROSPECT = "prospect", _("people who ask for an installation")
    STAFF = "staff", _("your company")


@dataclass(frozen=True)
class Event:
    """One thing that is written about. `sample` is such a context as callers give, with believable values.

    `short` is the built-in text for what has no room, in the language of message texts; without it only mails make
    sense. The built-in mail is the template `emails/<name>.txt`.
    """

    name: str
    title: Any
    kind: Kind
    variables: tuple[Variable, ...]
    sample: Callable[[Reader], dict[str, Any]]
    readers: Readers = Readers.SUBSCRIBER
    short: Any = ""
    action: Any = ""  # on the button that is the link of the built-in mail
    has_secret: bool = False  # a link that lets somebody in
    is_urgent: bool = False  # somebody sits and waits for it
    waits: bool = True  # for the end of quiet hours; else it would come too late to be of use

    @property
    def media(self) -> tuple[Medium, ...]:
        return EVERYWHERE if self.short else ONLY_MAIL

    @property
    def may_be_off(self) -> bool:
        """Whether an ISP, or who gets it, can do without."""
        return self.kind not in NEVER_OFF

    @cached_property
    def named(self) -> Mapping[str, Variable]:
        """All variables by their names."""
        return {each.name: each for each in (*self.variables, *COMMON)}

    @cached_property
    def in_subjects(self) -> Mapping[str, Variable]:
        """Those that a subject can show, which is kept and seen: none that lets somebody in."""
        return {name: each for name, each in self.named.items() if not each.has_secret}

    @property
    def media_names(self) -> str:
        """For people, such as “e-mail, SMS”."""
        return ", ".join(str(each.label) for each in self.media)

    @property
    def slug(self) -> str:
        """As it stands in addresses."""
        return self.name.replace("/", "-").replace("_", "-")


def given(name: str) -> Callable[[Context, Reader], str]:
    """Reads a text that the caller gives under a name."""
    return lambda context, reader: str(context.get(name) or "")


def _company(context: Context, reader: Reader) -> str:
    return str(context.get("company") or reader.company)


COMMON = (
    Variable("company", _("the name of your company, or of the invoice group"), _company),
    Variable("company_phone", _("the phone of your company"), lambda c, r: r.phone(r.profile.phone), may_miss=True),
    Variable("company_email", _("the e-mail address of your company"), lambda c, r: r.profile.email, may_miss=True),
)
NAME = Variable("name", _("the name of who gets the message"), given("name"))


def shared_sample(reader: Reader) -> dict[str, Any]:
    """What every caller gives."""
    return {
        "isp": reader.isp,
        "company": reader.company,
        "profile": reader.profile,
        "from_name": reader.company,
        "name": "Rosa",
    }


def today() -> Any:
    return timezone.localdate()


def thing(**values: Any) -> SimpleNamespace:
    """Something with these attributes, in place of a row."""
    return SimpleNamespace(**values)
