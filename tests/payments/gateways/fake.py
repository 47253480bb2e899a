"""A gateway in memory, for what is about us: it does what it is told, also badly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection

from payments.gateways.base import (
    Begun,
    Declined,
    Doorbell,
    Endpoint,
    Field,
    Forged,
    Gateway,
    GatewayAway,
    Holder,
    NotThere,
    Order,
    Reading,
    Refused,
    Returned,
    Saved,
    State,
)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Bank:
    """What is behind the fake: pages, payments and refunds, each once for a key."""

    is_live: bool = True
    by_key: dict[str, str] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    refunds: dict[str, Returned] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    declines: bool = False
    ignores_keys: bool = False  # a negative control: as if no key had come
    # Called with the name of a method before and after it has done its work; may raise.
    before: Callable[[str], None] = lambda name: None
    after: Callable[[str], None] = lambda name: None

    def pay(self, number: str, **changes: object) -> None:
        """Somebody pays at a page."""
        paid = {"state": State.PAID, "payment": f"money-{number}", "method": "card", "paid_at": NOON}
        self.readings[number] = replace(self.readings[number], **paid | changes)

    def charges(self) -> int:
        return sum(reading.state is State.PAID for reading in self.readings.values())


NOON = datetime(2026, 3, 10, 18, tzinfo=UTC)
bank = Bank()


def new_bank() -> Bank:
    global bank
    bank = Bank()
    return bank


class FakeGateway(Gateway):
    name = "fake"
    title = "Fake"
    can_save = True
    fields = [Field("secret", "Key", "Any")]

    depth = 0  # of the transaction of the test

    def _step(self, name: str, when: str) -> None:
        assert len(connection.savepoint_ids) <= self.depth, "The gateway is called inside a transaction."
        getattr(bank, when)(name)

    def check_keys(self) -> Holder:
        return Holder("acct", "Fake account", "MX", "MXN", bank.is_live)

    def register_webhook(self, address: str) -> Endpoint:
        return Endpoint("we_1", "secret")

    def verify_event(self, body: bytes, headers: Mapping[str, str]) -> Doorbell:
        if headers.get("Signature") != self.keys.webhook_secret:
            raise Forged("no")
        event, _, about = body.decode().partition(" ")
        return Doorbell(event, "paid", about, bank.is_live)

    def _make(self, order: Order, prefix: str, **fields: object) -> str:
        if order.key in bank.by_key and not bank.ignores_keys:
            return bank.by_key[order.key]
        number = f"{prefix}-{len(bank.readings) + 1}"
        bank.by_key[order.key] = number
        values = {
            "payment": "",
            "state": State.OPEN,
            "amount": order.amount,
            "currency": order.currency,
            "is_live": bank.is_live,
            "reference": order.reference,
            "isp": order.isp,
        }
        bank.readings[number] = Reading(number=number, **values | fields)
        return number

    def begin(self, order: Order) -> Begun:
        self._step("begin", "before")
        number = self._make(order, "page")
        self._step("begin", "after")
        return Begun(number, f"https://pay.fake.example/{number}")

    def read(self, number: str, *, reference: str = "") -> Reading:
        self._step("read", "before")
        for reading in bank.readings.values():
            if number and number in (reading.number, reading.payment):
                return reading
        raise NotThere(number)

    def cancel(self, number: str) -> None:
        self._step("cancel", "before")
        if bank.readings[number].state is not State.OPEN:
            raise Refused("It is over.")
        bank.readings[number] = replace(bank.readings[number], state=State.EXPIRED)

    def refund(self, payment: str, *, amount: Decimal, currency: str, reference: str, key: str) -> Returned:
        self._step("refund", "before")
        if key not in bank.refunds or bank.ignores_keys:
            number = next(each.number for each in bank.readings.values() if each.payment == payment)
            reading = bank.readings[number]
            if reading.refunded + amount > reading.amount:
                raise Refused("More than there is.")
            bank.readings[number] = replace(reading, refunded=reading.refunded + amount)
            bank.refunds[key] = Returned(f"refund-{len(bank.refunds)}", State.PAID)
        self._step("refund", "after")
        return bank.refunds[key]

    def charge_saved(self, order: Order, saved: Saved) -> Begun:
        self._step("charge_saved", "before")
        if saved.number in bank.forgotten:
            raise Refused("It is forgotten.")
        if bank.declines:
            number = self._make(order, "charge", state=State.FAILED)
            raise Declined("The card was declined.", number)
        paid = {"state": State.PAID, "method": "card", "paid_at": NOON}
        number = self._make(order, "charge", payment=f"money-charge-{len(bank.readings) + 1}", **paid)
        self._step("charge_saved", "after")
        return Begun(number)

    def forget_saved(self, saved: Saved) -> None:
        self._step("forget_saved", "before")
        bank.forgotten.append(saved.number)


def away(name: str) -> Callable[[str], None]:
    """A step that says nothing about what happened, at this method."""

    def step(method: str) -> None:
        if method == name:
            raise GatewayAway("no answer")

    return step
