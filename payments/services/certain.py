"""Booking all certain lines at once: shown, asked for, worked off one by one, each looked at once more before."""

import logging
import time
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone

from billing.models import Invoice
from core.audit import Actor, record
from core.celery import DATABASE_AWAY, enqueue_on_commit
from core.lease import Busy, lease
from core.scope import public_scope
from payments import tasks
from payments.models import BankLine, Statement
from payments.services import inbox, matching
from subscribers.models import Subscriber
from tenants.directory import IspRef, open_isp

logger = logging.getLogger(__name__)
SLICE = 120.0  # seconds that one task works
OPEN_FOR = timedelta(days=120)  # lines that are older are not compared again by themselves
AGAIN_AFTER = timedelta(hours=1)
Level, State = BankLine.Level, BankLine.State


class Changed(Exception):
    """There are other certain lines by now than those that were shown."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is booked when somebody says yes: how many lines, how much money, and up to which line."""

    count: int
    total: Decimal
    last: int

    @property
    def mark(self) -> str:
        """What the page sends back, so that nothing else is booked than what was shown."""
        return f"{self.count}-{self.total}-{self.last}"


def offer() -> Offer:
    """All certain lines as they are now. One query."""
    found = BankLine.objects.certain().order_by().aggregate(count=Count("pk"), total=Sum("amount"), last=Max("pk"))
    return Offer(found["count"], found["total"] or Decimal(0), found["last"] or 0)


@dataclass(frozen=True, slots=True)
class Clerk:
    """Whoever asked for it, as the task remembers them."""

    pk: int
    audit_label: str
    audit_kind: str = "staff"


@transaction.atomic
def ask(*, mark: str, by: Actor, isp: IspRef) -> int:
    """Have the certain lines booked that were shown with this mark; says how many. Raises Changed."""
    rows = BankLine.objects.certain().order_by("pk")
    lines = list(rows.select_for_update(of=("self",)).values_list("pk", "amount"))
    there = Offer(len(lines), sum((amount for _, amount in lines), Decimal(0)), lines[-1][0] if lines else 0)
    if not lines or there.mark != mark:
        raise Changed
    BankLine.objects.filter(pk__in=[pk for pk, _ in lines]).update(
        state=State.WANTED, decided_by_id=by.pk, decided_by_name=by.audit_label[:200], decided_at=timezone.now()
    )
    record("payments.bank_lines.certain_confirmed", by=by, count=there.count, total=str(there.total))
    enqueue_on_commit(tasks.book_wanted_lines, isp_id=isp.pk)
    return there.count


def work_off(*, isp_id: int) -> None:
    """Book what is asked for, a transaction for each line, so that a killed worker leaves none half done."""
    try:
        with lease("bank-lines", isp_id):
            is_done = _work_off(isp_id)
    except Busy:
        return
    if not is_done:
        tasks.book_wanted_lines.delay(isp_id=isp_id)


def _work_off(isp_id: int) -> bool:
    with public_scope():
        isp = open_isp(isp_id)
    today = timezone.localdate(timezone=ZoneInfo(isp.timezone))
    end = time.monotonic() + SLICE
    while time.monotonic() < end:
        with transaction.atomic():
            line = BankLine.objects.filter(state=State.WANTED).order_by("booked_on", "pk").first()
        if line is None:
            return True
        try:
            book_if_certain(line=line, isp=isp, today=today)
        except inbox.CannotDecide:
            continue
        except DATABASE_AWAY:
            raise
        except Exception:
            logger.exception("The bank line %s could not be booked.", line.uuid)
            with transaction.atomic():
                BankLine.objects.filter(pk=line.pk, state=State.WANTED).update(state=State.OPEN, level=Level.LIKELY)
    return False


@transaction.atomic
def book_if_certain(*, line: BankLine, isp: IspRef, today: date) -> bool:
    """Book a line as its best suggestion says, if that is still certain; else it waits for a person again."""
    line = BankLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
    if line.state != State.WANTED:
        raise inbox.CannotDecide(line)
    clerk = Clerk(line.decided_by_id or 0, line.decided_by_name)
    best = line.best
    if best:
        # What the subscriber owes stays as it is until this is booked.
        Subscriber.objects.select_for_update(of=("self",)).filter(pk=best["subscriber"]).first()
    matching.look_at([line], isp=isp)
    if line.level != Level.CERTAIN or line.best["subscriber"] != best.get("subscriber"):
        BankLine.objects.filter(pk=line.pk).update(
            state=State.OPEN, decided_by_id=None, decided_by_name="", decided_at=None
        )
        return False
    best = line.best
    part = inbox.Part(
        Subscriber.objects.get(pk=best["subscriber"]),
        line.left,
        list(Invoice.objects.filter(pk__in=best["invoices"])),
    )
    codes = [reason["code"] for reason in best["reasons"]]
    inbox.book_line(
        line=line,
        parts=[part],
        by=clerk,
        currency=isp.currency,
        today=today,
        reasons=codes,
        states=[State.WANTED],
    )
    return True


@transaction.atomic
def look_again(*, isp: IspRef, at_most: int = 2000) -> int:
    """Compare open lines with what is owed by now, those first that were not looked at for longest; says how many."""
    rows = BankLine.objects.to_do().order_by("matched_at", "pk")
    lines = list(rows[:at_most])
    for place in range(0, len(lines), matching.AT_ONCE):
        matching.look_at(lines[place : place + matching.AT_ONCE], isp=isp)
    matching.settle_claims()
    return len(lines)


def sweep(*, isp_id: int) -> None:
    """Go on with what a dead worker left, and compare open lines anew now and then."""
    with public_scope():
        isp = open_isp(isp_id)
    now = timezone.now()
    with transaction.atomic():
        first = Statement.objects.at_work().order_by("pk").values_list("pk", flat=True).first()
        if first is not None:
            enqueue_on_commit(tasks.work_on_statement, isp_id=isp_id, statement_id=first)
        if BankLine.objects.filter(state=State.WANTED).exists():
            enqueue_on_commit(tasks.book_wanted_lines, isp_id=isp_id)
    while True:
        with transaction.atomic():
            rows = BankLine.objects.to_do().filter(booked_on__gte=now.date() - OPEN_FOR)
            rows = rows.filter(matched_at__lt=now - AGAIN_AFTER).order_by("matched_at", "pk")
            lines = list(rows[: matching.AT_ONCE])
            if not lines:
                break
            matching.look_at(lines, isp=isp)
    with transaction.atomic():
        matching.settle_claims()
