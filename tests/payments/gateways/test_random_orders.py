"""Whatever order events come in, however often, however late, and whichever are lost: the ledger is the same.

5,000 orders are judged by the pure part alone, and some of them by everything, with database and all.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from billing.models import Account, LedgerEntry
from billing.services.invoices import Line, issue_invoice
from payments.gateways.base import Reading, State
from payments.gateways.judgement import Asked, NotOurs, judge
from payments.models import Checkout, Payment, StrayPayment
from payments.services import doorbells, truth
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import begin, ref
from tests.payments.gateways.fake import NOON, FakeGateway

EVENTS = 30
DAYS = 3


def life(number: int, **last: object) -> list[Reading]:
    """What the gateway says of one payment as time goes by: nothing yet, a slip, refused or paid in the end."""
    base = Reading(
        number=f"page-{number}",
        payment="",
        state=State.OPEN,
        amount=Decimal(100 * number),
        currency="MXN",
        is_live=True,
        reference=f"ref-{number}",
        isp="isp",
    )
    waits = replace(base, state=State.PROCESSING, payment=f"money-{number}")
    return [base, waits, replace(waits, **{"state": State.PAID} | last)]


# Ten payments: six are paid, one expires, one fails, one is of another amount, one of test mode.
LIVES = [
    *(life(number) for number in range(1, 7)),
    life(7, state=State.EXPIRED),
    life(8, state=State.FAILED),
    life(9, amount=Decimal(1)),
    life(10, is_live=False),
]
PAID = {f"money-{number}": Decimal(100 * number) for number in range(1, 7)}
STRAYS = {"money-9": "amount", "money-10": "mode"}


@dataclass
class Books:
    """What is kept, without a database."""

    asked: dict[str, Asked] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    booked: dict[str, Decimal] = field(default_factory=dict)
    strays: dict[str, str] = field(default_factory=dict)
    bookings: int = 0

    def settle(self, reading: Reading) -> None:
        asked = self.asked[reading.reference]
        judged = judge(asked, reading)
        if judged.books:
            self.booked[reading.payment] = reading.amount
            self.bookings += 1
        elif judged.stray:
            self.strays[reading.payment] = judged.stray.value
        money = reading.payment if judged.books else asked.money
        self.asked[reading.reference] = replace(asked, state=judged.state, money=money)


def an_order(dice: random.Random) -> list[tuple[float, int, str]]:
    """30 events of ten payments as (time, payment, event): shuffled, some lost, some repeated, some days late."""
    rung = [(dice.random(), number, f"evt-{number}-{step}") for number in range(10) for step in range(3)]
    assert len(rung) == EVENTS
    dice.shuffle(rung)
    rung = [each for each in rung if dice.random() > 0.25]
    rung += [each for each in rung if dice.random() < 0.3]
    return sorted((time + (DAYS * dice.random() if dice.random() < 0.2 else 0), *rest) for time, *rest in rung)


def stage_of(dice_time: float, number: int, turns: dict[int, tuple[float, float]]) -> int:
    """How far a payment is at the gateway at a moment; reading gives what is true then, and not what the event was."""
    return sum(dice_time >= turn for turn in turns[number])


def played(seed: int, *, reads: bool = True) -> Books:
    """One order of events, and at last the sweep. Without `reads`, what an event says is believed."""
    dice = random.Random(seed)
    turns = {number: tuple(sorted((dice.random(), DAYS * dice.random()))) for number in range(10)}
    books = Books()
    for steps in LIVES:
        first = steps[0]
        books.asked[first.reference] = Asked(first.reference, "isp", first.amount, "MXN", True, "open")
    for time, number, event in an_order(dice):
        if event in books.seen:
            continue
        books.seen.add(event)
        stage = stage_of(time, number, turns) if reads else int(event[-1])
        books.settle(LIVES[number][stage])
    if reads:
        for steps in LIVES:
            books.settle(steps[-1])
    return books


@pytest.mark.slow
def test_thirty_events_in_five_thousand_orders_give_one_ledger():
    states = set()
    for seed in range(5000):
        books = played(seed)
        assert (books.booked, books.strays, books.bookings) == (PAID, STRAYS, len(PAID)), seed
        states.add(tuple(asked.state for asked in books.asked.values()))
    assert states == {("paid",) * 6 + ("expired", "failed", "failed", "failed")}


@pytest.mark.slow
def test_without_reading_back_the_ledgers_differ():
    """The negative control: events that are believed, and lost ones that nobody looks for."""
    assert len({tuple(sorted(played(seed, reads=False).booked)) for seed in range(200)}) > 20


def test_another_isps_payment_is_judged_to_be_none_of_ours():
    asked = Asked("ref-1", "isp", Decimal(100), "MXN", True, "open")
    for wrong in ({"isp": "other"}, {"reference": "other"}, {"isp": ""}):
        with pytest.raises(NotOurs):
            judge(asked, replace(LIVES[0][-1], **wrong))


def in_full(isp, bank, seed: int) -> tuple[object, ...]:
    """The same through events, rows and the ledger; what is there in the end."""
    dice = random.Random(seed)
    people = []
    for number, steps in enumerate(LIVES, start=1):
        person = SubscriberFactory()
        line = Line(text="Internet", unit_price=steps[0].amount)
        issue_invoice(by=None, subscriber=person, lines=[line], on=NOON.date(), currency="MXN")
        checkout = begin(isp, person, str(steps[0].amount))
        people.append((person, checkout, f"page-{number}"))
    turns = {number: tuple(sorted((dice.random(), DAYS * dice.random()))) for number in range(10)}

    def tell(number: int, stage: int) -> None:
        _, checkout, page = people[number]
        marks = {"number": page, "reference": str(checkout.uuid), "isp": str(isp.uuid)}
        bank.readings[page] = replace(LIVES[number][stage], **marks)

    for time, number, event in an_order(dice):
        tell(number, stage_of(time, number, turns))
        row, is_new = doorbells.take_event(
            gateway="fake", body=f"{event} page-{number + 1}".encode(), headers={"Signature": "secret"}, at=NOON
        )
        if is_new:
            doorbells.process_event(event_id=row.pk, isp=ref(isp), at=NOON + timedelta(days=time))
    for number in range(10):
        tell(number, 2)
    for checkout in Checkout.objects.filter(check_at__isnull=False).select_related("account"):
        truth.reconcile(checkout=checkout, at=NOON + timedelta(days=4), isp=ref(isp))
    return (
        sorted(Payment.objects.values_list("key", "amount")),
        sorted(StrayPayment.objects.values_list("number", "reason")),
        sorted(Account.objects.values_list("balance", flat=True)),
        sorted(LedgerEntry.objects.values_list("kind", "amount", "open")),
        list(Checkout.objects.order_by("pk").values_list("state", flat=True)),
    )


@pytest.mark.slow
def test_orders_through_the_database_give_one_ledger_too(in_isp, account, bank, monkeypatch):
    monkeypatch.setattr(FakeGateway, "depth", FakeGateway.depth + 1)
    ends = []
    for seed in range(25):
        bank.readings.clear()
        bank.by_key.clear()
        with transaction.atomic():
            ends.append(in_full(in_isp, bank, seed))
            transaction.set_rollback(True)
    assert ends[0][0] == sorted((f"fake:{key}", amount) for key, amount in PAID.items())
    assert dict(ends[0][1]) == STRAYS
    assert all(end == ends[0] for end in ends)
