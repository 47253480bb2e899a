"""What is due for subscribers on a date. It reads a chunk of them with few queries and writes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from billing import periods
from billing.models import BillingSettings, Discount, GroupBilling, Invoice, InvoiceLine, Oddity
from billing.periods import DAY, Days, Life, Piece, Term
from billing.services import evening
from billing.services.drafts import Bill, Draft, taken_off
from billing.services.evening import Books, Evening
from company.models import InvoiceGroup
from subscribers.models import PriceChange, Service, ServiceChange, Subscriber

Kind = InvoiceLine.Kind
BILLED = (Service.State.ACTIVE, Service.State.SUSPENDED, Service.State.ENDED)


@dataclass(frozen=True)
class Rules:
    """What holds for a run: settings, and what each invoice group says instead. Loaded once for a chunk."""

    on: date
    currency: str
    settings: BillingSettings
    groups: dict[int | None, GroupBilling]
    default_group: int | None

    @classmethod
    def load(cls, *, on: date, currency: str) -> "Rules":
        """Three queries."""
        groups: dict[int | None, GroupBilling] = {each.pk: each for each in GroupBilling.objects.all()}
        default = InvoiceGroup.objects.default()
        return cls(on, currency, BillingSettings.load(), groups, default.pk if default else None)

    @property
    def step(self) -> Decimal:
        return periods.step_of(self.currency)

    def billing_day(self, subscriber: Subscriber) -> int:
        said = self.groups.get(subscriber.group_id or self.default_group)
        return (said and said.billing_day) or self.settings.billing_day

    def due_on(self, subscriber: Subscriber) -> date:
        said = self.groups.get(subscriber.group_id or self.default_group)
        days = said.due_days if said and said.due_days is not None else self.settings.due_days
        return self.on + timedelta(days=days)

    @property
    def reaches(self) -> date:
        """The day whose period is billed."""
        return self.on + timedelta(days=self.settings.lead_days if self.settings.in_advance else 0)

    def begin(self, billing_day: int) -> date:
        """The first day that is billed here at all."""
        if self.settings.begins_on:
            return self.settings.begins_on
        cycle = periods.cycle_at(self.reaches, months=1, billing_day=billing_day)
        if self.settings.in_advance:
            return cycle.first
        return periods.cycle_at(cycle.first - DAY, months=1, billing_day=billing_day).first


class Sold(NamedTuple):
    """A service with its tariff, as one query gives it."""

    pk: int
    subscriber_id: int
    number: int
    state: str
    price: Decimal | None
    started_on: date | None
    ended_on: date | None
    tariff_price: Decimal
    tax_rate: Decimal
    cycle: int
    name: str
    portal_name: str

    @property
    def has_ended(self) -> bool:
        return self.state == Service.State.ENDED


@dataclass
class Chunk:
    """What is known of the services of some subscribers."""

    rules: Rules
    services: dict[int, list[Sold]]
    billed: dict[int, date]  # until when
    changes: dict[int, list[PriceChange]]
    discounts: dict[int, list[Discount]]
    states: dict[int, list[tuple[date, bool]]]
    books: Books


def candidates(*, group: InvoiceGroup | None, others: bool = False) -> QuerySet[Subscriber]:
    """Whom a run looks at: those with a service that may be billed, of one group or of all; with `others` without the
    groups that have a billing day of their own."""
    rows = Subscriber.objects.not_erased().filter(pk__in=Service.objects.filter(state__in=BILLED).values("subscriber"))
    if group:
        of_group = Q(group=group)
        return rows.filter(of_group | Q(group=None) if group.is_default else of_group)
    if others:
        own = list(GroupBilling.objects.exclude(billing_day=None).values_list("pk", "group__is_default"))
        rows = rows.exclude(group__in=[pk for pk, _ in own])
        if any(is_default for _, is_default in own):
            rows = rows.exclude(group=None)
    return rows


def plan(*, subscribers: Sequence[Subscriber], rules: Rules, odd: bool = False) -> list[Bill]:
    """What is due for each of them; those for whom nothing is due are not in it. `odd` also compares with what they
    were billed last. About eight queries."""
    chunk = _load([each.pk for each in subscribers], rules)
    bills = []
    for subscriber in subscribers:
        bill = Bill(subscriber)
        for service in chunk.services.get(subscriber.pk, ()):
            bill.lines += _lines(service, subscriber, chunk, bill.odd)
        if bill.lines:
            bills.append(bill)
    if odd:
        _point_out(bills, rules)
    return bills


def _load(keys: list[int], rules: Rules) -> Chunk:
    services = defaultdict(list)
    rows = Service.objects.filter(subscriber__in=keys, state__in=BILLED).order_by("number")
    columns = (
        "pk", "subscriber_id", "number", "state", "price", "started_on", "ended_on", "tariff__price",
        "tariff__tax_rate", "tariff__cycle", "tariff__name", "tariff__portal_name",
    )  # fmt: skip
    for row in rows.values_list(*columns):
        services[row[1]].append(Sold(*row))
    ids = [each.pk for sold in services.values() for each in sold]
    lines = InvoiceLine.objects.filter(service__in=ids, is_billing=True).order_by()
    billed = dict(lines.values_list("service").annotate(Max("period_to")))
    changes = _by_service(PriceChange.objects.filter(service__in=ids))
    discounts = _by_service(Discount.objects.filter(service__in=ids))
    states = {} if rules.settings.bills_suspended else _states(ids)
    ended = {
        each.pk: each.ended_on
        for sold in services.values()
        for each in sold
        if each.has_ended and each.ended_on and each.pk in billed and billed[each.pk] > each.ended_on
    }
    books = evening.load(services=ids, changed=list(changes), ended=ended)
    return Chunk(rules, services, billed, changes, discounts, states, books)


def _by_service(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.service_id].append(row)
    return found


def _states(ids: list[int]) -> dict[int, list[tuple[date, bool]]]:
    """From which day on each service was suspended, or was not any more. One that came suspended was so before."""
    found: dict[int, list[tuple[date, bool]]] = defaultdict(list)
    rows = ServiceChange.objects.filter(service__in=ids).order_by("pk").values_list("service", "state", "at")
    for pk, state, at in rows:
        day, is_off = timezone.localtime(at).date(), state == Service.State.SUSPENDED
        found[pk].append((day - DAY if is_off and not found[pk] else day, is_off))
    return found


def _lines(service: Sold, subscriber: Subscriber, chunk: Chunk, odd: set[str]) -> Iterator[Draft]:
    rules, cut = chunk.rules, chunk.billed.get(service.pk)
    day = rules.billing_day(subscriber)
    begin = rules.begin(day)
    terms = _terms(service, chunk.changes.get(service.pk, ()))
    anchor = periods.month_of(service.started_on or begin, day)
    last = periods.horizon(
        rules.reaches, months=service.cycle, billing_day=day, anchor=anchor, in_advance=rules.settings.in_advance
    )
    ended = service.ended_on if service.has_ended else None
    if service.has_ended and ended is None:
        return  # nobody knows until when it was there
    holes = _holes(service, chunk, last)
    life = Life(service.started_on, ended, cut, holes)
    due = life.due(begin=begin, until=last)
    if cut:
        due = [*chunk.books.anew(service.pk, until=min(cut, ended or cut), holes=holes), *due]
    text = f"{service.portal_name or service.name} ({service.number})"
    whole = 0
    for days in due:
        for piece in periods.pieces(days, terms, billing_day=day, anchor=anchor):
            whole += 1
            if piece.is_part:
                odd.add(Oddity.PRORATED)
            if ended:
                odd.add(Oddity.ENDED)
            name = text if piece.term is terms[-1] else f"{piece.term.name} ({service.number})"
            yield from _piece(service, piece, name, chunk)
    if whole > 1 and len(terms) == 1:
        odd.add(Oddity.CATCHES_UP)
    changes, discounts = chunk.changes.get(service.pk, ()), chunk.discounts.get(service.pk, ())
    for draft in Evening(
        service.pk, text, ended, terms, changes, discounts, rules.step, day, anchor, chunk.books
    ).drafts(gives_back=rules.settings.gives_back):
        if ended and draft.amount < 0:
            odd.add(Oddity.CREDIT)
        yield draft


def _holes(service: Sold, chunk: Chunk, until: date) -> list[Days]:
    if chunk.rules.settings.bills_suspended:
        return []
    states = chunk.states.get(service.pk)
    if not states and service.state == Service.State.SUSPENDED:
        return [Days(date.min, until)]  # nobody wrote down since when
    return periods.holes_of(states or (), until=until)


def _terms(service: Sold, changes: Sequence[PriceChange]) -> list[Term]:
    """What the service has cost and costs, in order."""
    since, terms = date.min, []
    for change in changes:
        terms.append(Term(since, change.price_before, change.cycle_before, change.tax_rate_before, change.name_before))
        since = change.on
    price = service.tariff_price if service.price is None else service.price
    terms.append(Term(since, price, service.cycle, service.tax_rate, service.portal_name or service.name))
    return terms


def _piece(service: Sold, piece: Piece, text: str, chunk: Chunk) -> Iterator[Draft]:
    """The line of some days, and what is taken off."""
    step, term = chunk.rules.step, piece.term
    yield Draft(Kind.SERVICE, text, piece.amount(step), term.tax_rate, service.pk, piece.days, price=term.price)
    for discount, days, off in taken_off(piece, chunk.discounts.get(service.pk, ()), step):
        yield Draft(Kind.DISCOUNT, discount.reason, -off, term.tax_rate, service.pk, days)


def _point_out(bills: list[Bill], rules: Rules) -> None:
    """What is odd about them, beside what was seen while they were planned. One query."""
    rows = Invoice.objects.invoices().filter(subscriber__in=[bill.subscriber.pk for bill in bills])
    latest = rows.order_by("subscriber", "-issued_on", "-pk").distinct("subscriber")
    last = dict(latest.values_list("subscriber", "total"))
    for bill in bills:
        who, total = bill.subscriber, bill.total
        bill.last_amount = before = last.get(who.pk)
        if before is None:
            bill.odd.add(Oddity.FIRST)
        elif abs(total - before) * 100 > before * rules.settings.odd_percent:
            bill.odd.add(Oddity.DEVIATES)
        if not total:
            bill.odd.add(Oddity.ZERO)
        if not (who.billing_address or who.address):
            bill.odd.add(Oddity.NO_ADDRESS)
