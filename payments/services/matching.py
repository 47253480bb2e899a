"""Whose a bank line may be: looked up for many lines at once, with a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from billing.models import Invoice, InvoiceSeries, LedgerEntry
from payments.models import BankLine, Match, Payment, PaymentMethod, PaymentReport
from payments.services.scores import Suggestion, judged
from payments.statements.numbers import (
    LARGEST_INT,
    digits_in,
    ends_of,
    is_near,
    key_of,
    keys_in,
    near_numbers,
    shortened,
    without_zeros,
)
from subscribers.models import Service, Subscriber
from subscribers.search import sort_names
from tenants.directory import IspRef

AT_ONCE = 200  # lines
NEAR_DAYS = 15  # between a line and what was said to have been paid
KEPT = 5  # suggestions of a line
CANDIDATES = 20_000  # open invoices of the same sums among which a mistyped number is sought


@dataclass(slots=True)
class Debt:
    """Something that a subscriber owes: an open invoice, or what was carried over."""

    entry: int
    open: Decimal
    invoice: int | None
    number: str
    due_on: Any


@dataclass(slots=True)
class Found:
    """What speaks for a subscriber."""

    reasons: dict[str, dict[str, Any]] = field(default_factory=dict)  # code: details
    invoices: dict[int, str] = field(default_factory=dict)  # named ones: number


Finds = dict[int, dict[int, Found]]  # by line and subscriber


def look_at(lines: list[BankLine], *, isp: IspRef) -> None:
    """Say of each line whose it may be, and keep that. A dozen queries for up to AT_ONCE lines."""
    finds: Finds = defaultdict(lambda: defaultdict(Found))
    _by_number(lines, finds)
    _by_payer(lines, finds)
    _by_name(lines, finds)
    unnamed = [line for line in lines if not any(_is_named(found) for found in finds[line.pk].values())]
    _by_near_number(unnamed, finds)
    _by_amount(unnamed, finds)
    people = {pk for found in finds.values() for pk in found}
    people |= _by_waiting_report(lines, finds)
    _by_payment(lines, finds, people)
    debts = debts_of(people)
    numbers = dict(Subscriber.objects.filter(pk__in=people, erased_at=None).values_list("pk", "number"))
    now = timezone.now()
    for line in lines:
        known = {pk: found for pk, found in finds[line.pk].items() if pk in numbers}
        level, suggestions = judged(line, known, debts, currency=isp.currency)
        line.level, line.matched_at = level, now
        line.suggestions = [_kept(each, numbers) for each in suggestions[:KEPT]]
    BankLine.objects.bulk_update(lines, ["level", "suggestions", "matched_at"])


def _kept(suggestion: Suggestion, numbers: dict[int, int]) -> dict[str, Any]:
    return {
        "subscriber": suggestion.subscriber,
        "number": numbers[suggestion.subscriber],
        "invoices": suggestion.invoices,
        "score": suggestion.score,
        "reasons": [{"code": code, "with": details} for code, details in suggestion.reasons.items()],
    }


def _is_named(found: Found) -> bool:
    return bool(found.reasons.keys() & {"invoice", "subscriber", "service"})


def _told(line: BankLine) -> str:
    return f"{line.reference} {line.text}"


def _by_number(lines: list[BankLine], finds: Finds) -> None:
    """Numbers of invoices, subscribers and services that stand in the line.

    A number that is typed as an invoice shows it, zeros and all, is that invoice. Otherwise it is first a subscriber's
    or a service's, and only then an invoice's without its zeros: banks leave those out.
    """
    keys = {line.pk: keys_in(line.reference) | keys_in(line.text) for line in lines}
    digits = {line.pk: digits_in(_told(line)) for line in lines}
    invoices = _invoices({key for found in keys.values() for key in found})
    wanted = {int(each) for found in digits.values() for each in found if int(each) <= LARGEST_INT}
    people = dict(Subscriber.objects.filter(number__in=wanted).values_list("number", "pk"))
    services = dict(Service.objects.filter(number__in=wanted).values_list("number", "subscriber"))
    for line in lines:
        found = finds[line.pk]
        used = set()
        for key, word in keys[line.pk].items():
            for row in invoices.get(key, []):
                _note_invoice(found, row)
                # A number alone may be a subscriber's as well; the parts of a longer one are nobody's.
                used |= digits_in(word) - {key}
        for each in digits[line.pk] - used:
            owners = {code: known.get(int(each)) for code, known in (("subscriber", people), ("service", services))}
            for code, person in owners.items():
                if person is not None:
                    found[person].reasons.setdefault(code, {"number": each})
            if not any(owners.values()):
                for row in invoices.get(f"0{each}", []):
                    _note_invoice(found, row)


InvoiceRow = tuple[int, str, int]  # key, number, subscriber


def _note_invoice(found: dict[int, Found], row: InvoiceRow) -> None:
    pk, number, person = row
    found[person].reasons.setdefault("invoice", {"number": number})
    found[person].invoices[pk] = number


def _invoices(keys: set[str]) -> dict[str, list[InvoiceRow]]:
    """Invoices by their numbers as they are compared; those of digits alone by a zero and the rest, too."""
    ends = {end for key in keys for end in ends_of(key) if end <= LARGEST_INT}
    rows = Invoice.objects.invoices().filter(
        series__in=list(InvoiceSeries.objects.values_list("pk", flat=True)), sequence__in=ends
    )
    found: dict[str, list[InvoiceRow]] = defaultdict(list)
    for row in rows.order_by("pk").values_list("pk", "number", "subscriber"):
        key = key_of(row[1])
        found[key].append(row)
        short = f"0{key.lstrip('0')}"
        if key.isdecimal() and short != key:
            found[short].append(row)
    return found


def _by_payer(lines: list[BankLine], finds: Finds) -> None:
    """Those for whom the same account has paid before."""
    accounts = {line.payer_account for line in lines if line.payer_account}
    rows = (
        Match.objects.standing()
        .filter(line__payer_account__in=accounts)
        .values_list("line__payer_account", "subscriber")
        .annotate(times=Count("pk"))
        .order_by("-times")
    )
    known: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for account, person, times in rows:
        known[account].append((person, times))
    for line in lines:
        for person, times in known.get(line.payer_account, [])[:KEPT]:
            finds[line.pk][person].reasons["payer"] = {"times": times, "others": len(known[line.payer_account]) - 1}


def _by_name(lines: list[BankLine], finds: Finds) -> None:
    """Those who are called as the payer."""
    names = {line.pk: sort_names(line.name) for line in lines if line.name}
    wanted = {name for found in names.values() for name in found}
    rows = Subscriber.objects.filter(sort_name__in=wanted).order_by("pk").values_list("sort_name", "pk")[:2000]
    known: dict[str, list[int]] = defaultdict(list)
    for name, person in rows:
        known[name].append(person)
    for line in lines:
        people = [person for name in names.get(line.pk, []) for person in known.get(name, [])]
        for person in people[:KEPT]:
            finds[line.pk][person].reasons["name"] = {"name": line.name, "others": len(people) - 1}


def _by_near_number(lines: list[BankLine], finds: Finds) -> None:
    """Those whose number somebody may have mistyped, where no right one stands in the line."""
    typed = {line.pk: digits_in(line.reference) or digits_in(line.text) for line in lines}
    near = {each: near_numbers(each) for found in typed.values() for each in found}
    wanted = {number for found in near.values() for number in found}
    if not wanted:
        return
    people = dict(Subscriber.objects.filter(number__in=wanted).values_list("number", "pk"))
    services = dict(Service.objects.filter(number__in=wanted).values_list("number", "subscriber"))
    for line in lines:
        for each in typed[line.pk]:
            for known in (people, services):
                for number in near[each] & known.keys():
                    finds[line.pk][known[number]].reasons.setdefault("near", {"typed": each, "meant": str(number)})


def _by_waiting_report(lines: list[BankLine], finds: Finds) -> set[int]:
    """Those who have reported a transfer of this sum, which nobody has looked at yet; gives all of them."""
    rows = PaymentReport.objects.pending().filter(amount__in={line.left for line in lines})
    reports = list(rows.values_list("subscriber", "amount", "currency", "paid_on"))
    for line in lines:
        for person, amount, currency, paid_on in reports:
            if (amount, currency) == (line.left, line.currency) and abs((line.booked_on - paid_on).days) <= NEAR_DAYS:
                finds[line.pk][person].reasons["report"] = {"on": paid_on.isoformat()}
    return {person for person, *_ in reports}


def _by_payment(lines: list[BankLine], finds: Finds, people: Iterable[int]) -> None:
    """Payments of these sums that are booked already, by an approved report or at the desk: probably this money."""
    days = [line.booked_on for line in lines]
    taken = Match.objects.standing().filter(payment=OuterRef("pk"))
    rows = Payment.objects.standing().filter(
        ~Exists(taken),
        subscriber__in=people,
        amount__in={line.left for line in lines},
        source__in=[Payment.Source.REPORT, Payment.Source.DESK],
        on__range=(min(days) - timedelta(NEAR_DAYS), max(days) + timedelta(NEAR_DAYS)),
    )
    rows = rows.exclude(method__kind=PaymentMethod.Kind.CASH).order_by("pk")
    there = list(rows.values_list("subscriber", "amount", "on", "number"))
    for line in lines:
        for person, amount, on, number in there:
            if amount == line.left and person in finds[line.pk] and abs((line.booked_on - on).days) <= NEAR_DAYS:
                finds[line.pk][person].reasons.setdefault("paid", {"number": number, "on": on.isoformat()})


def _by_amount(lines: list[BankLine], finds: Finds) -> None:
    """Open invoices of exactly this sum: whose number is nearly the one typed, or of which there is no other."""
    sums = {line.left for line in lines}
    rows = Invoice.objects.unpaid().filter(entry__open__in=sums).order_by("-pk")
    found = rows.values_list("pk", "number", "subscriber", "entry__open")[:CANDIDATES]
    of_sum: dict[Decimal, list[InvoiceRow]] = defaultdict(list)
    for pk, number, person, amount in found:
        of_sum[amount].append((pk, number, person))
    by_part: dict[Decimal, dict[str, list[InvoiceRow]]] = {}
    for line in lines:
        rows_of_sum = of_sum.get(line.left, [])
        if not rows_of_sum:
            continue
        if line.left not in by_part:
            by_part[line.left] = _parts(rows_of_sum)
        for typed in keys_in(_told(line)):
            _note_near_invoices(typed, by_part[line.left], finds[line.pk])
        people = {person for _, _, person in rows_of_sum}
        if len(people) == 1 and len(rows_of_sum) < CANDIDATES:
            finds[line.pk][people.pop()].reasons["only"] = {}


def _parts(rows: list[InvoiceRow]) -> dict[str, list[InvoiceRow]]:
    parts = defaultdict(list)
    for row in rows:
        key = key_of(row[1])
        for part in {*shortened(key), f"0{without_zeros(key)}"}:
            parts[part].append(row)
    return parts


def _note_near_invoices(typed: str, parts: dict[str, list[InvoiceRow]], finds: dict[int, Found]) -> None:
    for part in shortened(typed) if len(typed) >= 4 else ():
        for pk, number, person in parts.get(part, []):
            if is_near(typed, key_of(number)):
                finds[person].reasons.setdefault("near", {"typed": typed, "meant": number})
                finds[person].invoices[pk] = number
    for pk, number, person in parts.get(f"0{without_zeros(typed)}", []):
        if without_zeros(typed) == without_zeros(key_of(number)) and len(without_zeros(typed)) > 1:
            finds[person].reasons.setdefault("zeros", {"typed": typed, "meant": number})
            finds[person].invoices[pk] = number


def debts_of(people: Iterable[int]) -> dict[int, list[Debt]]:
    """What each of them owes, what is due first before the rest. One query."""
    rows = (
        LedgerEntry.objects.filter(subscriber__in=people, open__gt=0)
        .order_by("due_on", "pk")
        .values_list("subscriber", "pk", "open", "invoice__pk", "invoice__number", "due_on")
    )
    found: dict[int, list[Debt]] = defaultdict(list)
    for person, *rest in rows:
        found[person].append(Debt(*rest))
    return found


# Of several lines that want what one subscriber owes, the first one is certain; the next would be credit.
_CLAIMS = """
WITH claims AS (
  SELECT id, row_number() OVER (PARTITION BY suggestions->0->>'subscriber' ORDER BY booked_on, id) AS place
  FROM payments_bankline WHERE state IN ('open', 'wanted') AND level = 'certain'
)
UPDATE payments_bankline SET level = 'likely'
FROM claims WHERE claims.id = payments_bankline.id AND claims.place > 1 AND payments_bankline.state = 'open'
"""


def settle_claims() -> int:
    """Leave one certain line for each subscriber; says how many were taken back."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIMS)
        return int(cursor.rowcount)


__all__ = ["AT_ONCE", "Debt", "Found", "look_at", "settle_claims"]
