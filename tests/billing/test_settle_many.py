"""Settling many ledgers by one statement does what settling each of them does."""

import random
from datetime import date, timedelta
from decimal import Decimal

from billing.models import Allocation, LedgerEntry
from billing.services import ledger
from tests.factories.subscribers import SubscriberFactory

DAY = date(2026, 3, 1)


def entries(person, chance):
    for _ in range(chance.randrange(7)):
        amount = Decimal(chance.randrange(1, 90000)).scaleb(-2) * chance.choice([1, -1])
        on = DAY + timedelta(days=chance.randrange(4))
        due_on = on + timedelta(days=chance.randrange(5)) if amount > 0 else None
        kind = LedgerEntry.Kind.CORRECTION
        LedgerEntry.objects.create(subscriber=person, kind=kind, amount=amount, open=amount, on=on, due_on=due_on)


def told(person):
    rows = LedgerEntry.objects.filter(subscriber=person).order_by("pk")
    order = {row.pk: place for place, row in enumerate(rows)}
    made = Allocation.objects.filter(debit__subscriber=person)
    settled = sorted((order[one.credit_id], order[one.debit_id], one.amount) for one in made)
    return [(row.amount, row.open) for row in rows], settled


def test_it_settles_the_same_debts_by_the_same_credits(in_isp):
    pairs = []
    for seed in range(40):
        pair = SubscriberFactory(), SubscriberFactory()
        for person in pair:
            entries(person, random.Random(seed))
        ledger.settle(subscriber=pair[0])
        pairs.append(pair)
    ledger.settle_many(subscribers=[many.pk for _, many in pairs])
    for one, many in pairs:
        assert told(one) == told(many)
    assert Allocation.objects.count() > 40
    # The control: nothing is left to settle, and a second time changes nothing.
    before = Allocation.objects.count()
    ledger.settle_many(subscribers=[many.pk for _, many in pairs])
    assert Allocation.objects.count() == before
