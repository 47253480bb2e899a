"""A statement that was brought by mistake is taken out of the inbox again, whole or not at all."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core import uploads
from core.audit import Actor, record
from payments.models import Appearance, BankLine, Match, Statement
from payments.services.statements import CannotDo

State = BankLine.State
SHOWN = 50  # of the lines that are in the way


class StillBooked(Exception):
    """Lines of the statement are payments. Carries how many."""

    def __init__(self, count: int) -> None:
        super().__init__(str(count))
        self.count = count


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a removal would do: lines that go, those that stay as other files have them too, those in the way."""

    goes: int
    stays: int
    booked: int
    in_the_way: list[BankLine]


def _own(statement: Statement) -> QuerySet[BankLine]:
    """The lines that stand in no other file."""
    elsewhere = Appearance.objects.filter(line=OuterRef("pk")).exclude(statement=statement)
    return BankLine.objects.filter(~Exists(elsewhere), appearances__statement=statement)


def _booked(lines: QuerySet[BankLine]) -> QuerySet[BankLine]:
    return lines.filter(Q(state__in=[State.BOOKED, State.WANTED]) | Q(booked__gt=0))


def outlook(statement: Statement) -> Outlook:
    """What removing a statement would mean. Four queries."""
    own = _own(statement)
    goes, all_lines = own.count(), statement.appearances.values("line").distinct().count()
    in_the_way = _booked(own)
    return Outlook(goes, all_lines - goes, in_the_way.count(), list(in_the_way.order_by("booked_on", "pk")[:SHOWN]))


@transaction.atomic
def remove_statement(*, statement: Statement, by: Actor, reason: str) -> None:
    """Take a statement and the lines that stand in no other file out of the inbox; then it may be brought again.

    What was undone before goes with its line: the payment and the entry that countered it stay in the books. Lines
    elsewhere that were called the same as one of them are open again. Raises CannotDo while a task is at it, and
    StillBooked.
    """
    row = Statement.objects.select_for_update().get(pk=statement.pk)
    if row.state != Statement.State.DONE:
        raise CannotDo(row.get_state_display())
    # Whoever books one of them at this moment is waited for, or waits and then finds it gone.
    keys = list(_own(row).order_by("pk").values_list("pk", flat=True))
    locked = BankLine.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
    own = BankLine.objects.filter(pk__in=list(locked.values_list("pk", flat=True)))
    if count := _booked(own).count():
        raise StillBooked(count)
    doubles = BankLine.objects.filter(double_of__in=own, state=State.DOUBLE).exclude(pk__in=keys)
    doubles.filter(amount__gt=0).update(state=State.OPEN, decided_by_id=None, decided_by_name="", decided_at=None)
    BankLine.objects.filter(double_of__in=own).update(double_of=None)
    Match.objects.filter(line__in=own, undone_at__isnull=False).delete()
    _hand_over(row)
    row.appearances.all().delete()
    own.delete()
    record("payments.statement.removed", by=by, on=row, name=row.file_name, count=len(keys), reason=reason)
    file = row.file
    row.delete()
    if file:
        uploads.remove(file)


def _hand_over(statement: Statement) -> None:
    """Lines that other files have too came first in one of those from now on."""
    others = Appearance.objects.filter(line=OuterRef("pk")).exclude(statement=statement).order_by("statement")
    BankLine.objects.filter(statement=statement).filter(Exists(others)).update(
        number=Coalesce(Subquery(others.values("number")[:1]), F("number")),
        statement=Subquery(others.values("statement")[:1]),
    )
