"""What is evened out of days that were billed before: a price that changed, an end, and an invoice that was taken back.

Each such line says in `adjusts` what it evens out, and of which line or invoice; that is its basis:

- `change:<change>:<line>`: the price changed within the days of a line that was billed before;
- `end:<service>:<invoice>:<n>`: days of an invoice after the end of the service; n counts its tax rates;
- `undo:<line>`: a line of these kinds whose basis is gone, since a whole credit note has taken it back.

Where a credit note had to be split among several invoices, `#2` and so on follow. A key without a basis is from before
there were any; it stays as it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils.translation import gettext

from billing import periods
from billing.models import Discount, Invoice, InvoiceLine
from billing.periods import DAY, Days, Term
from billing.services.drafts import Draft, worth
from subscribers.models import PriceChange

Kind = InvoiceLine.Kind
ZERO = Decimal(0)
Place = tuple[int, int]  # a service and an invoice


class Line(NamedTuple):
    """What an invoice says of a service's days."""

    pk: int
    invoice_id: int
    at: datetime
    days: Days
    amount: Decimal
    tax_rate: Decimal


class Evened(NamedTuple):
    """A line that evened something out. `amount` is below zero where the subscriber got something back."""

    pk: int
    key: str
    days: Days
    amount: Decimal
    tax_rate: Decimal
    text: str

    @property
    def basis(self) -> tuple[str, int]:
        """The kind of what it rests on and that one's key; 0 where it is not said."""
        kind, *rest = self.key.partition("#")[0].split(":")
        place = 0 if kind == "undo" else 1
        return kind, int(rest[place]) if len(rest) > place else 0


@dataclass
class Books:
    """What was billed for services, as far as something may have to be evened out."""

    freed: dict[int, list[Days]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[int, list[Days]] = field(default_factory=lambda: defaultdict(list))  # of services in `freed`
    evened: dict[int, list[Evened]] = field(default_factory=lambda: defaultdict(list))
    bases: dict[int, Line] = field(default_factory=dict)  # of changes that were evened out, while they stand
    standing: set[Place] = field(default_factory=set)  # of ends that were evened out
    changed: dict[int, list[tuple[int, Line]]] = field(default_factory=lambda: defaultdict(list))
    beyond: dict[int, list[Line]] = field(default_factory=lambda: defaultdict(list))
    billed: dict[Place, Decimal] = field(default_factory=dict)  # for the days of a service in an invoice
    given: dict[Place, Decimal] = field(default_factory=dict)  # of that, by hand: credited in part, written off

    def anew(self, service_id: int, *, until: date, holes: Sequence[Days]) -> list[Days]:
        """The days up to `until` that a whole credit note has set free and nothing has billed since."""
        found: list[Days] = []
        for days in sorted(self.freed.get(service_id, ()), key=lambda days: days.first):
            if common := days.common(Days(date.min, until)):
                gone = sorted([*self.kept.get(service_id, ()), *holes, *found], key=lambda days: days.first)
                found += common.without(gone)
        return found


def load(*, services: Sequence[int], changed: Sequence[int], ended: Mapping[int, date]) -> Books:
    """What has to be known of services, of those with price changes, and of those that were billed beyond their last
    day. One query, and up to seven more where there is something."""
    books = Books()
    _load_evened(books, services)
    if changed:
        _load_changed(books, changed)
    if ended:
        _load_beyond(books, ended)
    ids = {line.invoice_id for each in books.changed.values() for _, line in each}
    ids |= {line.invoice_id for each in books.beyond.values() for line in each}
    if ids:
        _load_given(books, ids)
    return books


def _load_evened(books: Books, services: Sequence[int]) -> None:
    is_free = Q(kind=Kind.SERVICE, is_billing=False, invoice__kind=Invoice.Kind.INVOICE)
    rows = InvoiceLine.objects.filter(is_free | ~Q(adjusts=""), service__in=services).order_by("pk")
    for line in rows.annotate(document=F("invoice__kind")):
        if line.service_id is None or line.period_from is None or line.period_to is None:
            continue
        days = Days(line.period_from, line.period_to)
        if not line.adjusts:
            books.freed[line.service_id].append(days)
            continue
        amount = line.amount if line.document == Invoice.Kind.INVOICE else -line.amount
        evened = Evened(line.pk, line.adjusts, days, amount, line.tax_rate, line.text)
        books.evened[line.service_id].append(evened)
    if books.freed:
        kept = InvoiceLine.objects.filter(service__in=list(books.freed), is_billing=True).order_by()
        for pk, first, last in kept.values_list("service", "period_from", "period_to"):
            books.kept[pk].append(Days(first, last))
    bases = [each.basis for lines in books.evened.values() for each in lines]
    if keys := [pk for kind, pk in bases if kind == "change" and pk]:
        standing = InvoiceLine.objects.filter(pk__in=keys, is_billing=True)
        books.bases = {line.pk: line for line in map(_line, standing.select_related("invoice"))}
    if keys := [pk for kind, pk in bases if kind == "end" and pk]:
        places = InvoiceLine.objects.filter(invoice__in=keys, service__in=services, is_billing=True)
        books.standing = set(places.order_by().values_list("service", "invoice"))


def _load_changed(books: Books, services: Sequence[int]) -> None:
    """Each line that stands and was billed before a price changed within its days, with the change."""
    change = "service__price_changes__"
    rows = InvoiceLine.objects.filter(
        **{f"{change}on__lte": F("period_to"), f"{change}at__gte": F("invoice__at")},
        service__in=services,
        is_billing=True,
    )
    for line in rows.annotate(change=F(f"{change}pk")).select_related("invoice").order_by("pk", "change"):
        books.changed[line.service_id or 0].append((line.change, _line(line)))


def _load_beyond(books: Books, ended: Mapping[int, date]) -> None:
    same = InvoiceLine.objects.filter(invoice=OuterRef("invoice"), service=OuterRef("service"), is_billing=True)
    rows = InvoiceLine.objects.filter(
        Q(is_billing=True) | Q(Exists(same), kind=Kind.DISCOUNT, invoice__kind=Invoice.Kind.INVOICE),
        service__in=list(ended),
    )
    for line in rows.select_related("invoice").order_by("pk"):
        if line.service_id and line.period_to and line.period_to > ended[line.service_id]:
            books.beyond[line.service_id].append(_line(line))


def _load_given(books: Books, invoices: set[int]) -> None:
    """What was given back of invoices by hand, and is not what a run has evened out; each service has its share."""
    evened = InvoiceLine.objects.filter(invoice__credits__in=invoices).exclude(adjusts="").order_by()
    by_runs = dict(evened.values_list("invoice__credits").annotate(Sum("amount")))
    kinds = Q(kind__in=[Kind.SERVICE, Kind.DISCOUNT], service__isnull=False)
    sums = InvoiceLine.objects.filter(kinds, invoice__in=invoices).order_by().values("service", "invoice")
    for row in sums.annotate(
        billed=Sum("amount"), total=F("invoice__total"), gone=F("invoice__credited") + F("invoice__written_off")
    ):
        place = row["service"], row["invoice"]
        by_hand = row["gone"] - by_runs.get(row["invoice"], ZERO)
        books.billed[place] = row["billed"]
        books.given[place] = by_hand * row["billed"] / row["total"] if row["total"] else ZERO


def _line(row: InvoiceLine) -> Line:
    days = Days(row.period_from or date.min, row.period_to or date.min)
    return Line(row.pk, row.invoice_id, row.invoice.at, days, row.amount, row.tax_rate)


@dataclass
class Evening:
    """Works out what one service has to be evened out for. `terms` are one more than its changes."""

    service_id: int
    text: str
    ended_on: date | None
    terms: Sequence[Term]
    changes: Sequence[PriceChange]
    discounts: Sequence[Discount]
    step: Decimal
    billing_day: int
    anchor: int
    books: Books

    def __post_init__(self) -> None:
        lines = self.books.evened.get(self.service_id, ())
        undone = {each.basis[1] for each in lines if each.basis[0] == "undo"}
        there = {each.pk for each in lines}
        self.baseless = [each for each in lines if each.pk not in undone and not self._stands(each, there)]
        gone = undone | {each.pk for each in self.baseless}
        self.valid = [each for each in lines if each.pk not in gone and each.basis[0] != "undo"]
        self.done = {each.key.partition("#")[0] for each in self.valid}

    def _stands(self, evened: Evened, there: set[int]) -> bool:
        kind, basis = evened.basis
        if not basis:
            return True
        if kind == "undo":
            return basis in there
        return basis in self.books.bases if kind == "change" else (self.service_id, basis) in self.books.standing

    def drafts(self, *, gives_back: bool) -> Iterator[Draft]:
        """The lines that even out what is not evened out yet."""
        for each in self.baseless:
            if each.amount:
                text = gettext("Taken back: %(text)s") % {"text": each.text}
                yield self._draft(text, -each.amount, each.tax_rate, each.days, f"undo:{each.pk}")
        yield from self._changed()
        if self.ended_on and gives_back:
            yield from self._not_used(self.ended_on)

    def _draft(self, text: str, amount: Decimal, rate: Decimal, days: Days, key: str) -> Draft:
        return Draft(Kind.ONE_OFF, text, amount, rate, self.service_id, days, adjusts=key)

    def _changed(self) -> Iterator[Draft]:
        """The differences where the price changed within days that had been billed before."""
        places = {change.pk: place for place, change in enumerate(self.changes)}
        for pk, line in self.books.changed.get(self.service_id, ()):
            key, place = f"change:{pk}:{line.pk}", places[pk]
            days = line.days.common(Days(self.changes[place].on, self.ended_on or date.max))
            if days is None or key in self.done or f"change:{pk}" in self.done:
                continue
            difference = self._difference(place, days, line.at)
            if difference < 0:
                difference = max(difference, -max(self._left(line.invoice_id), ZERO))
            if difference:
                before, after = self.terms[place], self.terms[place + 1]
                text = gettext("Change of plan: %(before)s → %(after)s") % {"before": before.name, "after": after.name}
                yield self._draft(text, difference, after.tax_rate, days, key)

    def _difference(self, place: int, days: Days, billed_at: datetime) -> Decimal:
        """What a change makes days dearer, with the discounts that there were when they were billed."""
        discounts = [each for each in self.discounts if each.at <= billed_at]

        def cost(term: Term) -> Decimal:
            cuts = periods.pieces(days, [term], billing_day=self.billing_day, anchor=self.anchor)
            return sum((worth(piece, discounts, self.step) for piece in cuts), ZERO)

        return cost(self.terms[place + 1]) - cost(self.terms[place])

    def _of_invoice(self, invoice: int) -> list[Evened]:
        """The changes that were evened out for an invoice."""
        bases = self.books.bases
        changes = [each for each in self.valid if each.basis[0] == "change" and each.basis[1] in bases]
        return [each for each in changes if bases[each.basis[1]].invoice_id == invoice]

    def _left(self, invoice: int) -> Decimal:
        """What is charged for the service's days in an invoice after all."""
        place = self.service_id, invoice
        evened = sum((each.amount for each in self._of_invoice(invoice)), ZERO)
        return self._rounded(self.books.billed.get(place, ZERO) + evened - self.books.given.get(place, ZERO))

    def _rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(self.step, ROUND_HALF_UP)

    def _not_used(self, ended_on: date) -> Iterator[Draft]:
        """What was billed for days after the end, but for what of the same invoice was given back by hand."""
        by_invoice: dict[int, list[Line]] = defaultdict(list)
        for line in self.books.beyond.get(self.service_id, ()):
            by_invoice[line.invoice_id].append(line)
        done = {key.rpartition(":")[0] for key in self.done if key.startswith("end:")}
        if "end" in done:
            return
        for invoice, lines in by_invoice.items():
            key = f"end:{self.service_id}:{invoice}"
            if key in done:
                continue
            last = max(line.days.last for line in lines)
            less = self._rounded(self.books.given.get((self.service_id, invoice), ZERO))
            back = self._unused(invoice, lines, Days(ended_on + DAY, last))
            for place, (rate, amount) in enumerate(sorted(back.items(), key=lambda each: -each[1]), start=1):
                part = max(amount - less, ZERO)
                less = max(less - amount, ZERO)
                if part:
                    text = gettext("Not used: %(service)s") % {"service": self.text}
                    yield self._draft(text, -part, rate, Days(ended_on + DAY, last), f"{key}:{place}")

    def _unused(self, invoice: int, lines: Sequence[Line], beyond: Days) -> dict[Decimal, Decimal]:
        """What days of an invoice cost, by tax rate, as they were billed and evened out."""
        back: dict[Decimal, Decimal] = defaultdict(Decimal)
        for line in lines:
            if days := line.days.common(beyond):
                back[line.tax_rate] += periods.share(line.amount, line.days, days, self.step)
        places = {change.pk: place for place, change in enumerate(self.changes)}
        for each in self._of_invoice(invoice):
            if not (days := each.days.common(beyond)):
                continue
            place, billed_at = places.get(int(each.key.split(":")[1])), self.books.bases[each.basis[1]].at
            if place is not None and self._difference(place, each.days, billed_at) == each.amount:
                back[each.tax_rate] += self._difference(place, days, billed_at)
            else:
                back[each.tax_rate] += periods.share(each.amount, each.days, days, self.step)
        return back
