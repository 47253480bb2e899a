"""A file with ten thousand movements: taken in and compared in steps, in memory that does not grow with it."""

import tracemalloc
from decimal import Decimal

import pytest

from payments.models import BankLine
from tests.factories.subscribers import SubscriberFactory
from tests.payments.inbox.conftest import owing
from tests.payments.statements.files import Move, camt


def peak_of(inbox_of, count, first):
    """The most memory while so many lines are stored and compared, in bytes, without the file itself."""
    rows = [
        Move(
            Decimal("499.00"),
            text=f"cliente {1000 + (first + n) % 40} mes {first + n}",
            name=f"Ana {n}",
            account=str(n),
        )
        for n in range(count)
    ]
    statement = inbox_of.upload(camt(rows, currency="MXN"))
    del rows
    tracemalloc.start()
    inbox_of.work(statement)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    statement.refresh_from_db()
    assert statement.state == "done", statement.trouble
    assert statement.counts["new"] == count
    return peak


@pytest.mark.slow
def test_ten_thousand_lines_need_hardly_more_memory_than_two_thousand(inbox_of):
    for n in range(40):
        owing("499.00", number=1000 + n)
    SubscriberFactory()
    inbox_of.take(camt([Move(Decimal("1.00"))], currency="MXN"))
    few = peak_of(inbox_of, 2_000, 0)
    many = peak_of(inbox_of, 10_000, 50_000)
    assert BankLine.objects.count() == 12_001
    assert BankLine.objects.certain().count() == 40, "one for each debt"
    # What grows is the count of equal movements: 16 bytes of a mark and its number.
    assert many < few + 8_000 * 400
