"""Lines and bills before they are written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from billing import periods
from billing.models import Discount, InvoiceLine
from billing.periods import Days, Piece
from subscribers.models import Subscriber


@dataclass(slots=True)
class Draft:
    """A line that is to be written. `amount` includes the tax."""

    kind: str
    text: str
    amount: Decimal
    tax_rate: Decimal
    service_id: int
    days: Days
    adjusts: str = ""
    price: Decimal | None = None  # of the whole cycle

    @property
    def is_billing(self) -> bool:
        return self.kind == InvoiceLine.Kind.SERVICE


@dataclass(slots=True)
class Bill:
    """What one subscriber is to be billed. Below zero it is given back."""

    subscriber: Subscriber
    lines: list[Draft] = field(default_factory=list)
    odd: set[str] = field(default_factory=set)
    last_amount: Decimal | None = None

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


def taken_off(piece: Piece, discounts: Iterable[Discount], step: Decimal) -> Iterator[tuple[Discount, Days, Decimal]]:
    """What discounts take off the days of a piece, one after the other, and never more than the days cost."""
    left = piece.amount(step)
    for discount in discounts:
        days = piece.days.common(Days(discount.starts_on, discount.ends_on or date.max))
        if days is None:
            continue
        whole = discount.amount
        if discount.percent is not None:
            whole = (piece.term.price * discount.percent / 100).quantize(step, ROUND_HALF_UP)
        off = min(periods.share(whole, piece.cycle, days, step), left)
        if off > 0:
            left -= off
            yield discount, days, off


def worth(piece: Piece, discounts: Iterable[Discount], step: Decimal) -> Decimal:
    """What the days of a piece cost with the discounts taken off."""
    off = sum((part for _, _, part in taken_off(piece, discounts, step)), Decimal(0))
    return piece.amount(step) - off
