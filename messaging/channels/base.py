"""What Lastmile asks of a carrier of messages, and in which words it answers. Nothing here touches the database.

`send`, `check` and `balance` call the outside system, so none is called inside a transaction. What a carrier says is
never shown to subscribers.
"""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from django.utils.functional import Promise

from messaging.channels.reasons import Reason, said
from messaging.channels.words import Word


class ChannelProblem(Exception):
    """A call did not do what it was for. `reason` says why, for staff; a text is taken for the carrier's own words."""

    def __init__(self, reason: Reason | str = "") -> None:
        self.reason = reason if isinstance(reason, Reason) else said(reason)
        super().__init__(self.reason.kept)

    def __str__(self) -> str:
        return self.reason.text


class Away(ChannelProblem):
    """No answer, or one that says nothing: it may have been taken. Tried again later, with the same key."""

    def __init__(self, reason: Reason | str = "", after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after  # seconds that the carrier asks to wait


class Unclear(Away):
    """It answered, and nobody can tell what: often it was taken. So it is tried again a few times only."""


class SetupRefused(ChannelProblem):
    """The carrier does not know the keys, or they may not do this. Nothing is sent until staff mend it."""

    def __init__(self, reason: Reason | str = "", field: str = "") -> None:
        super().__init__(reason)
        self.field = field  # where staff have to look


class Refused(ChannelProblem):
    """This message will never be taken."""


class NoSuchAddress(Refused):
    """Nobody can be reached there: the address is stopped."""


class NoNews(Refused):
    """Who can be reached there has told the carrier to bring no advertising. All else still goes there."""


class OptedOut(NoSuchAddress):
    """Who can be reached there has told the carrier to bring no more messages: the address is stopped."""


class Forged(ChannelProblem):
    """A callback that is not the carrier's, or that is too old."""


class Fate(StrEnum):
    """What a carrier says later of a message that it took."""

    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"  # there is no such address
    COMPLAINED = "complained"  # who got it calls it spam
    OPTED_OUT = "opted_out"  # who got it asks for no more
    NO_NEWS = "no_news"  # who was to get it wants no advertising


@dataclass(frozen=True, slots=True)
class Setup:
    """What an ISP has typed for a channel, secrets included; `number` is that of its account here."""

    number: str
    values: Mapping[str, Any] = field(default_factory=dict)
    callback_url: str = ""  # of ours, see Channel.callback
    isp_id: int = 0  # 0: nobody's, while keys are tried

    def __repr__(self) -> str:
        return f"Setup({self.number})"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to hand over. `key` is the same at each attempt and differs between messages."""

    key: str
    to: str
    text: str
    subject: str = ""
    html: str = ""
    from_name: str = ""
    reply_to: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    callback_url: str = ""  # for what the carrier says later
    round: int = 0  # how often staff have had it sent again


@dataclass(frozen=True, slots=True)
class Taken:
    """The carrier has it: the number it has there, and in how many pieces it went."""

    number: str = ""
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Event:
    """What became of a message, by the number that `send` gave.

    Where the carrier names an address only, `number` is empty and `address` says whose.
    """

    number: str
    fate: Fate
    said: str = ""
    at: datetime | None = None
    address: str = ""


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody has written to the ISP's number, mostly as an answer."""

    sender: str  # as the carrier writes it: with +, or as numbers are written in the ISP's country
    text: str = ""  # nothing where it is a picture or a voice
    number: str = ""  # the carrier's own, by which what comes twice is known
    at: datetime | None = None
    word: Word | None = None  # what the carrier took it for; else it is found out from the text
    is_confirmed: bool = False  # by the carrier itself


@dataclass(frozen=True, slots=True)
class ApprovalNews:
    """What the carrier says of an approved text: that it is so no more, or again. `state` as in Approved; empty where
    the text itself has changed and has to be fetched."""

    name: str
    language: str
    state: str = ""


Told = Event | Incoming | ApprovalNews


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that staff type to connect the channel."""

    name: str
    title: Promise | str
    help_text: Promise | str = ""
    is_secret: bool = False
    is_required: bool = True
    choices: Sequence[tuple[str, Promise | str]] = ()
    initial: str = ""
    is_long: bool = False  # of several lines
    is_made: bool = False  # by us, when the channel is connected: nobody types it
    goes_to: Sequence[str] = ()  # of a secret: the fields that say where it is sent, and as whose


@dataclass(frozen=True, slots=True)
class Button:
    """What can be tapped below an approved text. `address` may end in a hole; `kind` is one of url, copy_code,
    quick_reply, phone."""

    kind: str
    title: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """A text that the carrier has approved for being sent first. Header, text and buttons may have holes like {{1}}."""

    name: str
    language: str
    state: str
    kind: str = ""
    text: str = ""
    header: str = ""
    footer: str = ""
    buttons: Sequence[Button] = ()
    obstacle: str = ""  # why nobody can send it from here, see messaging.approved


@dataclass
class Channel(ABC):
    """A carrier of messages, with one ISP's account.

    An object belongs to one thread and hands over many messages, one after the other: it may keep a connection between
    them. Several threads have one each, and `hands` says how many; where `is_shared`, they have one together.
    """

    setup: Setup

    do_not_call_in_templates: ClassVar[bool] = True  # pages speak of the class
    name: ClassVar[str]  # of its folder
    title: ClassVar[Promise | str]
    about: ClassVar[Promise | str] = ""  # what it is and what is needed for it, in a sentence
    medium: ClassVar[str]  # one of messaging.models.Medium
    fields: ClassVar[Sequence[Field]] = ()
    needs_account: ClassVar[bool] = True  # False: the platform's own, there for everybody
    has_templates: ClassVar[bool] = False  # what is written first must have been approved
    hints: ClassVar[Mapping[str, Promise | str]] = {}  # what to do, by the number with which a refusal ends
    listens: ClassVar[bool] = False  # hears what became of messages on connections of its own, see `listen`
    calls_back: ClassVar[bool] = False  # at our address, see `events`
    hears_answers: ClassVar[bool] = False  # gives what people write to the ISP's number, as Incoming
    reads_mailbox: ClassVar[bool] = False  # of the ISP's own, in which reports of its mails may be, see `returned`
    bounces_to_stop: ClassVar[int] = 1  # how many messages must find no such address before it is written to no more
    at_once: ClassVar[int] = 8  # how many messages may be handed over at the same time
    is_shared: ClassVar[bool] = False  # one connection for all of them: `send` is called by several threads at once

    def __post_init__(self) -> None:  # noqa: B027 (few have anything to prepare)
        """Prepare what calls will need. Calls nobody."""

    @abstractmethod
    def send(self, parcel: Parcel) -> Taken:
        """Hand over one message. Raises Away, Refused, NoSuchAddress, SetupRefused."""

    @abstractmethod
    def check(self) -> str:
        """Try the keys without sending anything; what staff may see of whose they are. Raises SetupRefused, Away."""

    def events(self, *, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> list[Told]:
        """What a callback tells: of messages that were sent, and what people write. Raises Forged."""
        raise Forged(f"{self.name} calls nobody back.")

    def greeting(self, query: Mapping[str, str]) -> str | None:
        """What to answer a carrier that asks by GET whether the address is ours. Raises Forged; None: it does not."""
        return None

    def callback(self, address: str) -> str:
        """The address that the carrier is given for what it says later."""
        return address

    def templates(self) -> list[Approved]:
        """The texts that the carrier has approved. Raises SetupRefused, Away."""
        return []

    def heard(self) -> list[Told]:
        """What the carrier has said on our connection since it was asked last. Calls nobody."""
        return []

    def listen(self, seconds: float) -> list[Told]:
        """Connect and hear what the carrier has to say, for at most so long. Raises Away, SetupRefused."""
        return []

    def check_mailbox(self) -> None:  # noqa: B027 (few have one)
        """Try whether the mailbox can be read. Raises SetupRefused, Away."""

    def has_mailbox(self) -> bool:
        """Whether staff have said which mailbox mails come back to."""
        return False

    def confidential(self) -> list[str]:
        """What must not be shown or logged, whoever repeats it."""
        return [str(self.setup.values.get(field.name) or "") for field in self.fields if field.is_secret]

    @classmethod
    def hands(cls, setup: Setup) -> int:
        """How many messages may be handed over at the same time with this account."""
        return cls.at_once

    @classmethod
    def make(cls) -> dict[str, str]:
        """Values for the fields that are made here: random ones, unless a channel needs others."""
        return {field.name: secrets.token_urlsafe(24) for field in cls.fields if field.is_made}

    @classmethod
    def places(cls, values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Of each secret, where these values have it sent; empty: nowhere. What is bound to no place has none here."""
        named = {field.name: [values.get(name, "") for name in field.goes_to] for field in cls.fields if field.goes_to}
        return {name: tuple(where) if all(where) else () for name, where in named.items()}

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with typed values, by field, in sentences. Calls nobody."""
        return {}

    def close(self) -> None:  # noqa: B027 (few hold connections)
        """Let go of connections. The channel is not used afterwards."""
