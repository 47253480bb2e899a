"""What is due for subscribers on a date. It reads a chunk of them with few queries and writes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from billing import periods
from billing.models import BillingSettings, Discount, GroupBilling, Invoice, InvoiceLine, Oddity
from billing.periods import DAY, Days, Life, Piece, Term
from company.models import InvoiceGroup
from subscribers.models import PriceChange, Service, ServiceChange, Subscriber

Kind = InvoiceLine.Kind
BILLED = (Service.State.ACTIVE, Service.State.SUSPENDED, Service.State.ENDED)


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
        return self.kind == Kind.SERVICE


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


class Cut(NamedTuple):
    """Until when a service has been billed, and when that was done."""

    until: date
    at: Any


@dataclass
class Chunk:
    """What is known of the services of some subscribers."""

    rules: Rules
    services: dict[int, list[Sold]]
    billed: dict[int, Cut]
    changes: dict[int, list[PriceChange]]
    discounts: dict[int, list[Discount]]
    states: dict[int, list[tuple[date, bool]]]
    done: set[str]
    beyond: dict[int, list[InvoiceLine]]


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
    billed = {
        pk: Cut(until, at)
        for pk, until, at in lines.values_list("service").annotate(Max("period_to"), Max("invoice__at"))
    }
    changes = _by_service(PriceChange.objects.filter(service__in=ids))
    discounts = _by_service(Discount.objects.filter(service__in=ids))
    keys_done = {f"change:{change.pk}" for each in changes.values() for change in each}
    done = set(InvoiceLine.objects.filter(adjusts__in=keys_done).values_list("adjusts", flat=True)) if keys_done else ()
    states = {} if rules.settings.bills_suspended else _states(ids)
    return Chunk(rules, services, billed, changes, discounts, states, set(done), _beyond(services, billed))


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


def _beyond(services: dict[int, list[Sold]], billed: dict[int, Cut]) -> dict[int, list[InvoiceLine]]:
    """Lines of services that ended before the last day that the line is about, and was not given back."""
    ended = {
        each.pk: each.ended_on
        for sold in services.values()
        for each in sold
        if each.ended_on
        and each.state == Service.State.ENDED
        and (cut := billed.get(each.pk))
        and cut.until > each.ended_on
    }
    if not ended:
        return {}
    keys = [f"end:{pk}" for pk in ended]
    given = set(InvoiceLine.objects.filter(adjusts__in=keys).values_list("adjusts", flat=True))
    rows = InvoiceLine.objects.filter(
        service__in=[pk for pk in ended if f"end:{pk}" not in given],
        invoice__kind=Invoice.Kind.INVOICE,
        invoice__total__gt=F("invoice__credited"),
    ).order_by("pk")
    found = _by_service(rows)
    return {
        pk: [line for line in lines if line.period_to and line.period_to > ended[pk]] for pk, lines in found.items()
    }


def _lines(service: Sold, subscriber: Subscriber, chunk: Chunk, odd: set[str]) -> Iterator[Draft]:
    rules, cut = chunk.rules, chunk.billed.get(service.pk)
    day = rules.billing_day(subscriber)
    begin = rules.begin(day)
    terms = _terms(service, chunk.changes.get(service.pk, ()))
    anchor = periods.month_of(service.started_on or begin, day)
    last = periods.horizon(
        rules.reaches, months=service.cycle, billing_day=day, anchor=anchor, in_advance=rules.settings.in_advance
    )
    ended = service.ended_on if service.state == Service.State.ENDED else None
    if service.state == Service.State.ENDED and ended is None:
        return  # nobody knows until when it was there
    life = Life(service.started_on, ended, cut.until if cut else None, _holes(service, chunk, last))
    text = f"{service.portal_name or service.name} ({service.number})"
    whole = 0
    for days in life.due(begin=begin, until=last):
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
    if cut and ended and cut.until > ended:
        if rules.settings.gives_back:
            yield from _given_back(service, text, chunk.beyond.get(service.pk, ()), rules, odd)
    elif cut:
        yield from _evened_out(service, terms, cut, chunk, day, anchor)


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
    left = piece.amount(step)
    yield Draft(Kind.SERVICE, text, left, term.tax_rate, service.pk, piece.days, price=term.price)
    for discount in chunk.discounts.get(service.pk, ()):
        days = piece.days.common(Days(discount.starts_on, discount.ends_on or date.max))
        if days is None:
            continue
        whole = discount.amount
        if discount.percent is not None:
            whole = (term.price * discount.percent / 100).quantize(step, ROUND_HALF_UP)
        off = min(periods.share(whole, piece.cycle, days, step), left)
        if off > 0:
            left -= off
            yield Draft(Kind.DISCOUNT, discount.reason, -off, term.tax_rate, service.pk, days)


def _evened_out(
    service: Sold, terms: list[Term], cut: Cut, chunk: Chunk, billing_day: int, anchor: int
) -> Iterator[Draft]:
    """The differences where the price changed within days that had been billed before."""
    step = chunk.rules.step
    for place, change in enumerate(chunk.changes.get(service.pk, ())):
        key = f"change:{change.pk}"
        if change.on > cut.until or change.at < cut.at or key in chunk.done:
            continue
        days, before, after = Days(change.on, cut.until), terms[place], terms[place + 1]

        def worth(term: Term, days: Days = days) -> Decimal:
            cuts = periods.pieces(days, [term], billing_day=billing_day, anchor=anchor)
            return sum((piece.amount(step) for piece in cuts), Decimal(0))

        if difference := worth(after) - worth(before):
            text = gettext("Change of plan: %(before)s → %(after)s") % {"before": before.name, "after": after.name}
            yield Draft(Kind.ONE_OFF, text, difference, after.tax_rate, service.pk, days, adjusts=key)


def _given_back(service: Sold, text: str, lines: Sequence[InvoiceLine], rules: Rules, odd: set[str]) -> Iterator[Draft]:
    """What was billed for days after the end of a service."""
    back: dict[Decimal, Decimal] = defaultdict(Decimal)
    last = service.ended_on
    for line in lines:
        if line.period_from is None or line.period_to is None or service.ended_on is None:
            continue
        days = Days(line.period_from, line.period_to)
        gone = Days(max(service.ended_on + DAY, days.first), days.last)
        back[line.tax_rate] += periods.share(line.amount, days, gone, rules.step)
        last = max(last or days.last, days.last)
    if service.ended_on is None or last is None:
        return
    key = f"end:{service.pk}"
    for rate, amount in back.items():
        if amount:
            odd.add(Oddity.CREDIT)
            days = Days(service.ended_on + DAY, last)
            yield Draft(
                Kind.ONE_OFF, gettext("Not used: %(service)s") % {"service": text}, -amount, rate, service.pk, days, key
            )
            key = ""  # one line of an end is enough to know that it was done


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
