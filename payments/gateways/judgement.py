"""What a reading of a gateway means for what we asked for. Pure: the same two things give the same answer.

A payment is booked if it is the one that was asked for: by this ISP, this amount, this currency, this mode, for the
first time. Other money that is there is a stray. A state never goes back from paid, and never from over to open.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from payments.gateways.base import Reading, State


class Stray(StrEnum):
    """Why a payment is not what was asked for."""

    AMOUNT = "amount"
    CURRENCY = "currency"
    MODE = "mode"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, and how far it is."""

    reference: str
    isp: str
    amount: Decimal
    currency: str
    is_live: bool
    state: str  # as Checkout.State
    money: str = ""  # the payment that was booked for it


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state it has now, whether to book, and what is wrong with the money, if anything is."""

    state: str
    books: bool = False
    stray: Stray | None = None


class NotOurs(ValueError):
    """The payment was asked for by somebody else: another ISP, or for another reference."""


OVER = {"failed", "expired"}


def judge(asked: Asked, reading: Reading) -> Judgement:
    """Raises NotOurs."""
    if reading.reference != asked.reference or reading.isp != asked.isp:
        raise NotOurs(reading.number)
    if reading.state is not State.PAID:
        return Judgement(_moved(asked.state, reading.state))
    if asked.money:
        return Judgement(asked.state, stray=None if reading.payment == asked.money else Stray.SECOND)
    if reading.is_live != asked.is_live:
        return Judgement("failed", stray=Stray.MODE)
    if reading.currency != asked.currency:
        return Judgement("failed", stray=Stray.CURRENCY)
    if reading.amount != asked.amount:
        return Judgement("failed", stray=Stray.AMOUNT)
    return Judgement("paid", books=True)


def _moved(before: str, now: State) -> str:
    if before == "paid":
        return before
    if before in OVER and now is not State.PROCESSING:
        return before
    if before == "processing" and now is State.OPEN:
        return before  # somebody else's page may be open by now
    return now.value
