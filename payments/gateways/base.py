"""What Lastmile asks of a gateway, and in which words it answers. Nothing here touches the database.

Amounts are `Decimal` in units of the currency; what a gateway counts in stays in its folder. Every method but
`verify_event` calls the outside system, so none is called inside a transaction.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from django.utils.functional import Promise


class GatewayProblem(Exception):
    """A call did not do what it was for. The text is the gateway's own, for staff."""


class GatewayAway(GatewayProblem):
    """No answer, or one that says nothing: it may have happened. Ask again with the same idempotency key."""


class KeysRefused(GatewayProblem):
    """The gateway does not know the keys, or they may not do this."""


class NotThere(GatewayProblem):
    """The gateway has no such object for these keys."""


class Refused(GatewayProblem):
    """The gateway does not do this, whoever asks: an amount too small, a currency it does not take."""


class Declined(GatewayProblem):
    """The bank did not pay. `number` is the gateway's name of the attempt, where it made one."""

    def __init__(self, text: str, number: str = "") -> None:
        super().__init__(text)
        self.number = number


class Forged(GatewayProblem):
    """An event whose signature is not the gateway's, or that is too old."""


class State(StrEnum):
    """Where a payment is at the gateway."""

    OPEN = "open"  # nobody has paid yet, and somebody still can
    PROCESSING = "processing"  # agreed to, the money comes later (a slip for a shop, a transfer)
    PAID = "paid"
    FAILED = "failed"  # it was tried and will not come
    EXPIRED = "expired"  # nobody tried, and nobody can any more


@dataclass(frozen=True, slots=True)
class Keys:
    """What an ISP has pasted, and what the gateway gave for its events."""

    secret: str
    webhook_secret: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom the keys belong to."""

    account: str
    name: str
    country: str  # two letters
    currency: str
    is_live: bool
    can_charge: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the gateway sends its events: its own id of it, and what it signs them with."""

    number: str
    secret: str


@dataclass(frozen=True, slots=True)
class Doorbell:
    """An event: that something happened to an object. What happened is read from the object itself."""

    event: str
    kind: str
    about: str  # for `read`; empty if the event is about nothing that we read
    is_live: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid. `reference` is ours; `key` makes the call happen once."""

    reference: str
    isp: str
    amount: Decimal
    currency: str
    title: str
    key: str
    email: str = ""
    language: str = "en"
    paid_url: str = ""
    back_url: str = ""
    events_url: str = ""
    saves: bool = False  # keep the means for later charges, which the payer has agreed to
    lasts_until: datetime | None = None
    payer: str = ""  # our reference of the subscriber: the same for all their orders
    transfers: bool = False  # offer a bank transfer as well


@dataclass(frozen=True, slots=True)
class Begun:
    """A payment that the gateway knows of, and its hosted page, where there is one."""

    number: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A means of payment that can be charged again."""

    number: str
    customer: str
    brand: str
    last4: str
    expires: str = ""  # MM/YYYY


@dataclass(frozen=True, slots=True)
class Reading:
    """A payment as the gateway has it now."""

    number: str  # of what was asked for
    payment: str  # of the money itself: the same for all that leads to it; empty while there is none
    state: State
    amount: Decimal
    currency: str
    is_live: bool
    reference: str = ""
    isp: str = ""
    method: str = ""  # card, oxxo, …
    fee: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    is_disputed: bool = False
    paid_at: datetime | None = None
    saved: Saved | None = None
    slip: str = ""  # address of what a person takes to a shop
    payer: str = ""  # an e-mail address or a name, for payments that fit nothing
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund as the gateway has it now."""

    number: str
    state: State  # PAID: the money is on its way back; PROCESSING, FAILED


@dataclass(frozen=True, slots=True)
class Field:
    """A key that staff paste: `name` of the setting, its title, and where it is found."""

    name: str  # `secret` or `webhook_secret`
    title: Promise | str
    help_text: Promise | str


@dataclass
class Gateway(ABC):
    """An outside system that collects money, with one ISP's keys."""

    keys: Keys

    do_not_call_in_templates: ClassVar[bool] = True  # pages speak of the class
    name: ClassVar[str]  # of its folder
    title: ClassVar[str]
    fields: ClassVar[list[Field]]
    can_save: ClassVar[bool] = False  # means of payment, for later charges
    transfer_currencies: ClassVar[frozenset[str]] = frozenset()  # in which it takes bank transfers, where asked to
    hosts: ClassVar[Callable[[], list[str]]] = staticmethod(list)  # origins of its hosted pages, for the page's policy

    @abstractmethod
    def check_keys(self) -> Holder:
        """Whose the keys are. Raises KeysRefused."""

    @abstractmethod
    def register_webhook(self, address: str) -> Endpoint:
        """Have events sent to an address of ours; what was registered for the same address before ends."""

    @abstractmethod
    def verify_event(self, body: bytes, headers: Mapping[str, str]) -> Doorbell:
        """What a message at that address is about. Raises Forged."""

    @abstractmethod
    def begin(self, order: Order) -> Begun:
        """Make a hosted page for an order; the same one for the same key."""

    @abstractmethod
    def read(self, number: str, *, reference: str = "") -> Reading:
        """A payment as it is now, by the number that `begin`, `charge_saved` or an event gave. Raises NotThere."""

    @abstractmethod
    def cancel(self, number: str) -> None:
        """See that a hosted page can no longer be paid at. Raises Refused if it is paid already."""

    @abstractmethod
    def refund(self, payment: str, *, amount: Decimal, currency: str, reference: str, key: str) -> Returned:
        """Give money back, once for a key. Raises Refused."""

    def charge_saved(self, order: Order, saved: Saved) -> Begun:
        """Charge a means that was saved, without anybody there. Raises Declined."""
        raise Refused(f"{self.title} saves no means of payment.")

    def forget_saved(self, saved: Saved) -> None:
        """See that a means can no longer be charged. Nothing, if that is so already."""
        raise Refused(f"{self.title} saves no means of payment.")
