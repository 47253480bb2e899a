"""What the pages of the money inbox show: lists by state, and what stands beside a line."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet

from payments.models import BankLine
from payments.services.matching import Debt, debts_of
from subscribers.models import Subscriber

State, Level = BankLine.State, BankLine.Level
TABS: dict[str, Q] = {
    "": Q(state=State.OPEN, double_of=None),
    "certain": Q(state=State.OPEN, double_of=None, level=Level.CERTAIN),
    "likely": Q(state=State.OPEN, double_of=None, level=Level.LIKELY),
    "unknown": Q(state=State.OPEN, double_of=None, level__in=[Level.WEAK, Level.NONE]),
    "doubles": Q(state=State.OPEN, double_of__isnull=False),
    "booked": Q(state__in=[State.BOOKED, State.WANTED]),
    "aside": Q(state__in=[State.OTHER, State.DOUBLE]),
    "out": Q(state=State.OUT),
}


def shown_lines(view: str, text: str) -> QuerySet[BankLine]:
    """The lines of a tab whose payer, text, reference or amount fit what was typed."""
    rows = BankLine.objects.filter(TABS.get(view, TABS[""])).select_related("account")
    for word in text.split()[:6]:
        fits = Q(name__icontains=word) | Q(text__icontains=word) | Q(reference__icontains=word)
        fits |= Q(payer_account__icontains=word)
        number = word.replace(",", ".")
        if number.replace(".", "", 1).isdecimal() and len(number) < 12:
            fits |= Q(amount=number)
        rows = rows.filter(fits)
    return rows


def counts() -> dict[str, int]:
    """How many lines each tab has. One query."""
    names = {view or "todo": Count("pk", filter=where) for view, where in TABS.items()}
    found = BankLine.objects.order_by().aggregate(**names, wanted=Count("pk", filter=Q(state=State.WANTED)))
    return {"" if name == "todo" else name: count for name, count in found.items()}


def people_of(lines: Iterable[BankLine]) -> dict[int, Subscriber]:
    """The customers that the suggestions of these lines name, by key. One query."""
    keys = {each["subscriber"] for line in lines for each in line.suggestions}
    return Subscriber.objects.not_erased().in_bulk(keys)


def with_matches(lines: Sequence[BankLine]) -> dict[int, list[Any]]:
    """The matches that stand, by line. One query."""
    from payments.models import Match

    found: dict[int, list[Any]] = defaultdict(list)
    for match in Match.objects.standing().filter(line__in=[line.pk for line in lines]).select_related("subscriber"):
        found[match.line_id].append(match)
    return found


def suggested(line: BankLine) -> list[tuple[dict[str, Any], Subscriber, list[Debt]]]:
    """Each suggestion of a line with its customer and what that one owes. Two queries."""
    people = people_of([line])
    debts = debts_of(people)
    rows = [(each, people.get(each["subscriber"])) for each in line.suggestions]
    return [(each, person, list(debts.get(person.pk, []))) for each, person in rows if person is not None]


def neighbours(line: BankLine) -> tuple[BankLine | None, BankLine | None]:
    """The open lines before and after this one in the list, which has the newest first."""
    rows = BankLine.objects.filter(TABS[""]).only("uuid", "booked_on")
    newer = Q(booked_on__gt=line.booked_on) | Q(booked_on=line.booked_on, pk__gt=line.pk)
    older = Q(booked_on__lt=line.booked_on) | Q(booked_on=line.booked_on, pk__lt=line.pk)
    return rows.filter(newer).order_by("booked_on", "pk").first(), rows.filter(older).first()
