"""How much speaks for each subscriber whom a bank line may be from, and whether that is certain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from payments.models import BankLine

Level = BankLine.Level
LIKELY, WEAK = 70, 15  # scores from which on
FEE = Decimal("0.05")  # of what is owed, that a bank may have kept
POINTS = {
    "invoice": 60,
    "subscriber": 50,
    "service": 50,
    "report": 45,
    "paid": 10,
    "payer": 40,
    "near": 36,
    "zeros": 40,
    "name": 35,
    "only": 15,
    "sum_invoice": 36,
    "sum_balance": 36,
    "sum_one": 36,
    "sum_several": 30,
    "sum_less": 10,
    "sum_more": 5,
    "settled": 0,
}
SUMS = {"sum_invoice", "sum_balance", "sum_one"}
NAMED = {"invoice", "subscriber", "service"}


@dataclass(slots=True)
class Suggestion:
    """A subscriber, the invoices that would be paid first, and the reasons by code."""

    subscriber: int
    score: int
    reasons: dict[str, dict[str, Any]]
    invoices: list[int] = field(default_factory=list)

    @property
    def is_named(self) -> bool:
        return bool(self.reasons.keys() & NAMED)

    @property
    def is_sum_right(self) -> bool:
        return bool(self.reasons.keys() & SUMS)


def judged(
    line: BankLine, finds: Mapping[int, Any], debts: Mapping[int, Sequence[Any]], *, currency: str
) -> tuple[str, list[Suggestion]]:
    """The suggestions for a line, the best first, and how sure the best one is."""
    found = [_suggestion(line.left, person, each, debts.get(person, [])) for person, each in finds.items()]
    found.sort(key=lambda each: (-each.score, each.subscriber))
    if not found:
        return Level.NONE, []
    best = found[0]
    named = [each for each in found if each.is_named]
    # What is booked already is not booked once more without a person.
    is_alone = len(named) == 1 and named[0] is best and "paid" not in best.reasons
    if is_alone and best.is_sum_right and line.double_of_id is None and line.currency == currency and not line.booked:
        return Level.CERTAIN, found
    tie = len(found) > 1 and found[1].score == best.score
    if best.score >= LIKELY and not tie:
        return Level.LIKELY, found
    return (Level.WEAK if best.score >= WEAK else Level.NONE), found


def _suggestion(amount: Decimal, person: int, found: Any, debts: Sequence[Any]) -> Suggestion:
    reasons = dict(found.reasons)
    named = [debt for debt in debts if debt.invoice in found.invoices]
    invoices = [debt.invoice for debt in named]
    owed = sum((debt.open for debt in debts), Decimal(0))
    if named and sum(debt.open for debt in named) == amount:
        reasons["sum_invoice"] = {}
    elif owed == amount and debts:
        reasons["sum_balance"] = {}
    elif ones := [debt for debt in debts if debt.open == amount]:
        # Which of several of the same sum does not matter for whose it is: the first due is paid first.
        reasons["sum_one"] = {"number": ones[0].number or ""}
        invoices = [ones[0].invoice] if ones[0].invoice and not named else invoices
    elif (first := _first_ones(debts, amount)) > 1:
        reasons["sum_several"] = {"count": first}
    elif debts:
        wanted = sum(debt.open for debt in named) if named else owed
        missing = wanted - amount
        if 0 < missing <= wanted * FEE:
            reasons["sum_less"] = {"difference": str(missing)}
        elif 0 < -missing <= wanted * FEE:
            reasons["sum_more"] = {"difference": str(-missing)}
    elif not debts:
        reasons["settled"] = {}
    score = min(99, sum(POINTS[code] for code in reasons))
    return Suggestion(person, score, reasons, invoices)


def _first_ones(debts: Sequence[Any], amount: Decimal) -> int:
    """How many of the oldest debts make up the amount together; 0 if none do."""
    total = Decimal(0)
    for count, debt in enumerate(debts, start=1):
        total += debt.open
        if total == amount:
            return count
        if total > amount:
            break
    return 0
