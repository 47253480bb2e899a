"""Billing runs: worked out, confirmed, done in chunks, stopped at their bounds, gone on with.

The audit log gets a row when a run is planned, begun, stopped, gone on with and finished, with its sums; not one for
each invoice, which names its run itself.
"""

import logging
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone, translation

from billing import tasks
from billing.models import BillingRun, BillingRunRow, BillingSettings, Invoice, LeftOut
from billing.services import chunks, held_runs, planning
from billing.services.chunks import starter_of
from billing.services.planning import Bill, Rules
from company.models import InvoiceGroup
from core.acting import in_own_name
from core.audit import Actor, record
from core.celery import enqueue_on_commit
from subscribers.models import Subscriber
from tenants.directory import IspRef

logger = logging.getLogger(__name__)
CHUNK = 1000  # subscribers in one transaction, about a second
State = BillingRun.State


class CannotRun(Exception):
    """The run is not in a state that allows it, such as when somebody else was quicker."""


@transaction.atomic
def plan_run(
    *,
    by: Actor | None,
    isp: IspRef,
    on: date,
    group: InvoiceGroup | None = None,
    scheduled_for: date | None = None,
) -> BillingRun:
    """Begin to work out what is due on a date of the ISP. Nothing is billed before `start_run`.

    The first run of an ISP settles from which day on services are billed here. Raises InAnothersName, and
    IntegrityError for a day of the schedule that has its run.
    """
    in_own_name()
    settings = BillingSettings.locked()
    if settings.begins_on is None:
        rules = Rules.load(on=on, currency=isp.currency)
        settings.begins_on = rules.begin(settings.billing_day)
        settings.save(update_fields=["begins_on"])
    run = BillingRun.objects.create(
        on=on,
        group=group,
        scheduled_for=scheduled_for,
        total=planning.candidates(group=group, others=bool(scheduled_for)).count(),
        by_kind=by.audit_kind if by else "system",
        by_id=by.pk if by else None,
        by_name=by.audit_label[:200] if by else "",
    )
    record("billing.run.planned", by=by, on=run, date=on.isoformat(), group=str(group or ""))
    tasks.queue_run(isp_id=isp.pk, run_id=run.pk)
    return run


@transaction.atomic
def start_run(*, by: Actor | None, run: BillingRun, isp_id: int) -> BillingRun:
    """Have the invoices of a forecast made. Its bounds are the forecast and what the settings allow beyond it.

    Raises CannotRun, InAnothersName.
    """
    in_own_name()
    run = _locked(run)
    if run.state != State.PLANNED:
        raise CannotRun
    settings = BillingSettings.load()
    more = 1 + Decimal(settings.bound_percent) / 100
    run.state, run.started_at = State.RUNNING, timezone.now()
    run.cursor, run.looked_at = 0, 0
    run.total = planning.candidates(group=run.group, others=bool(run.scheduled_for)).count()
    run.most_count = int((run.expected_count * more).to_integral_value(ROUND_UP))
    run.most_amount = (run.expected_amount * more).quantize(Decimal("0.01"))
    run.most_each = settings.invoice_limit or (run.expected_highest * more).quantize(Decimal("0.01"))
    _set_who(run, by)
    run.save()
    record("billing.run.started", by=by, on=run, **_about(run), expected=run.expected_count)
    tasks.queue_run(isp_id=isp_id, run_id=run.pk)
    return run


@transaction.atomic
def stop_run(*, by: Actor | None, run: BillingRun) -> BillingRun:
    """Leave a run where it is, once the chunk under way has ended. Raises CannotRun, InAnothersName."""
    in_own_name()
    run = _locked(run)
    if run.state != State.RUNNING:
        raise CannotRun
    _end(run, State.STOPPED, by=by, why={"kind": "staff"})
    run.save()
    return run


@transaction.atomic
def resume_run(*, by: Actor | None, run: BillingRun, isp_id: int, anyway: bool = False) -> BillingRun:
    """Go on with a stopped run. `anyway` takes away the bound that it stopped at; without, it may stop there again.

    Raises CannotRun, InAnothersName.
    """
    in_own_name()
    run = _locked(run)
    if run.state != State.STOPPED:
        raise CannotRun
    bound = run.report.pop("stopped", {}).get("kind", "")
    if anyway and bound.startswith("most_"):
        setattr(run, bound, None)
    run.state, run.ended_at = State.RUNNING if run.was_begun else State.FORECAST, None
    run.save()
    record("billing.run.resumed", by=by, on=run, **_about(run), without=bound if anyway else "")
    tasks.queue_run(isp_id=isp_id, run_id=run.pk)
    return run


@transaction.atomic
def discard_run(*, by: Actor | None, run: BillingRun) -> None:
    """Forget a run that was not begun. Raises CannotRun, InAnothersName."""
    in_own_name()
    run = _locked(run)
    if run.was_begun or run.scheduled_for:
        raise CannotRun
    record("billing.run.discarded", by=by, on=run, date=run.on.isoformat())
    run.delete()


def work_off(*, run_id: int, isp: IspRef) -> bool:
    """Do the next chunk of a run; whether there is more. Call it in a transaction.

    The lock on the run keeps a second worker out of it. The invoices of a chunk and how far the run is are one
    transaction: a chunk is done once or not at all, whenever a worker dies and however often its task arrives.
    """
    run = BillingRun.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=run_id).first()
    if run is None or not run.is_under_way:
        return False
    step = _forecast if run.state == State.FORECAST else _bill
    with translation.override(isp.language):
        step(run, isp)
    run.save()
    return run.is_under_way


@transaction.atomic
def give_up(*, run_id: int) -> None:
    """Stop a run whose chunk the database did not keep. It stands where it stood before, and can be gone on with."""
    run = BillingRun.objects.select_for_update(of=("self",)).filter(pk=run_id).first()
    if run is None or not run.is_under_way:
        return
    _end(run, State.STOPPED, by=None, why={"kind": "not_kept"})
    run.save()


def _chunk(run: BillingRun, *, locked: bool) -> list[Subscriber]:
    """The next subscribers to look at."""
    rows = planning.candidates(group=run.group, others=bool(run.scheduled_for))
    keys = list(rows.filter(pk__gt=run.cursor).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    found = Subscriber.objects.not_erased().filter(pk__in=keys).order_by("pk")
    chunk = list(found.select_for_update(of=("self",)) if locked else found)
    run.looked_at += len(keys)
    if keys:
        run.cursor = keys[-1]
    return chunk


def _forecast(run: BillingRun, isp: IspRef) -> None:
    rules = Rules.load(on=run.on, currency=isp.currency)
    before = run.cursor
    chunk = _chunk(run, locked=False)
    if run.cursor == before:
        _end_forecast(run, isp)
        return
    bills = planning.plan(subscribers=chunk, rules=rules, odd=True)
    odd = Counter(run.report.get("odd", {}))
    odd.update(str(kind) for bill in bills for kind in bill.odd)
    run.report["odd"] = dict(odd)
    rows = [
        BillingRunRow(
            run=run,
            subscriber=bill.subscriber,
            amount=bill.total,
            last_amount=bill.last_amount,
            odd=sorted(str(kind) for kind in bill.odd),
        )
        for bill in bills
    ]
    BillingRunRow.objects.bulk_create(rows)
    amounts = [row.amount for row in rows if row.amount >= 0]
    run.expected_count += len(amounts)
    run.expected_amount += sum(amounts, Decimal(0))
    run.expected_highest = max([run.expected_highest, *amounts])


def _end_forecast(run: BillingRun, isp: IspRef) -> None:
    """A run that somebody planned waits for them; one of the schedule begins, unless it is far from the last one."""
    run.state = State.PLANNED
    if not run.scheduled_for:
        return
    run.save()
    if why := _strange(run):
        _end(run, State.PLANNED, by=None, why=why)
        return
    started = start_run(by=None, run=run, isp_id=isp.pk)
    for name in ("state", "started_at", "cursor", "looked_at", "total", "most_count", "most_amount", "most_each"):
        setattr(run, name, getattr(started, name))


FAR = 2  # times the sum of the last run: more is looked at by somebody before it is billed


def _strange(run: BillingRun) -> dict[str, Any] | None:
    """Why a run of the schedule should not begin by itself."""
    before = BillingRun.objects.filter(state=State.DONE, group=run.group, count__gt=0).exclude(pk=run.pk).first()
    settings = BillingSettings.load()
    if settings.invoice_limit and run.expected_highest > settings.invoice_limit:
        return {"kind": "most_each", "value": str(run.expected_highest), "bound": str(settings.invoice_limit)}
    if before and run.expected_amount > FAR * before.amount:
        return {"kind": "far", "value": str(run.expected_amount), "bound": str(before.amount)}
    return None


def _bill(run: BillingRun, isp: IspRef) -> None:
    rules = Rules.load(on=run.on, currency=isp.currency)
    before = run.cursor, run.looked_at
    chunk = _chunk(run, locked=True)
    if run.cursor == before[0]:
        _finish(run)
        return
    bills = planning.plan(subscribers=chunk, rules=rules)
    owing, back = _split(bills)
    if why := _out_of_bounds(run, owing):
        run.cursor, run.looked_at = before
        _end(run, State.STOPPED, by=None, why=why)
        return
    left_out = {**chunks.write(run, owing, rules), **chunks.give_back(run, back, rules)}
    if len(left_out) == len(bills) > 1 and set(left_out.values()) == {LeftOut.FAILED}:
        # What is wrong with all of them is wrong with the books, and would leave out everybody else, too.
        run.cursor, run.looked_at = before
        _end(run, State.STOPPED, by=None, why={"kind": "failed", "value": str(len(bills))})
        return
    _leave_out(run, left_out)


def _finish(run: BillingRun) -> None:
    """Nobody is left to look at. A run is done only if its invoices are there and sum to what it has counted."""
    rows = Invoice.objects.invoices().filter(run=run)
    count, amount = rows.count(), rows.aggregate(sum=Sum("total"))["sum"] or Decimal(0)
    if (count, amount) == (run.count, run.amount):
        _end(run, State.DONE, by=starter_of(run))
        return
    logger.error("The billing run %s has counted %s invoices, and %s are there.", run.uuid, run.count, count)
    _end(run, State.STOPPED, by=None, why={"kind": "missing", "value": str(count), "bound": str(run.count)})
    run.count, run.amount = count, amount  # somebody looks at it, and may go on with what is there


def _split(bills: list[Bill]) -> tuple[list[Bill], list[Bill]]:
    """Invoices, and what is to be given back because it is more than what is to be paid."""
    owing, back = [], []
    for bill in bills:
        if bill.total >= 0:
            owing.append(bill)
            continue
        negative = [line for line in bill.lines if line.kind == planning.Kind.ONE_OFF and line.amount < 0]
        positive = [line for line in bill.lines if line not in negative]
        back.append(Bill(bill.subscriber, negative))
        if positive:
            owing.append(Bill(bill.subscriber, positive))
    return owing, back


def _out_of_bounds(run: BillingRun, bills: list[Bill]) -> dict[str, Any] | None:
    """The first bound that the run would pass with these invoices."""
    count, amount = run.count + len(bills), run.amount + sum((bill.total for bill in bills), Decimal(0))
    if run.most_count is not None and count > run.most_count:
        return {"kind": "most_count", "value": str(count), "bound": str(run.most_count)}
    if run.most_amount is not None and amount > run.most_amount:
        return {"kind": "most_amount", "value": str(amount), "bound": str(run.most_amount)}
    highest = max(bills, key=lambda bill: bill.total, default=None)
    if highest and run.most_each is not None and highest.total > run.most_each:
        number = highest.subscriber.number
        return {
            "kind": "most_each",
            "value": str(highest.total),
            "bound": str(run.most_each),
            "subscriber": number,
        }
    return None


def _leave_out(run: BillingRun, left_out: dict[int, str]) -> None:
    BillingRunRow.objects.bulk_create(
        BillingRunRow(run=run, subscriber_id=pk, reason=reason) for pk, reason in sorted(left_out.items())
    )
    run.left_out += len(left_out)
    reasons = Counter(run.report.get("left_out", {}))
    reasons.update(str(reason) for reason in left_out.values())
    run.report["left_out"] = dict(reasons)
    run.report["chunks"] = run.report.get("chunks", 0) + 1


def _end(run: BillingRun, state: BillingRun.State, *, by: Actor | None, why: dict[str, Any] | None = None) -> None:
    run.state = state
    if why:
        run.report["stopped"] = why
    if state != State.PLANNED:
        run.ended_at = timezone.now()
    verb = {State.DONE: "finished", State.STOPPED: "stopped"}.get(state, "held")
    record(f"billing.run.{verb}", by=by, on=run, **_about(run), why=(why or {}).get("kind", ""))
    if why and why["kind"] != "staff":
        held_runs.tell_billing(run=run)


def _about(run: BillingRun) -> dict[str, Any]:
    return {
        "date": run.on.isoformat(),
        "count": run.count,
        "amount": str(run.amount),
        "left_out": run.left_out,
    }


def _set_who(run: BillingRun, by: Actor | None) -> None:
    if by is not None:
        run.by_kind, run.by_id, run.by_name = by.audit_kind, by.pk, by.audit_label[:200]


def _locked(run: BillingRun) -> BillingRun:
    return BillingRun.objects.select_for_update(of=("self",)).get(pk=run.pk)


KEPT = timedelta(days=90)  # forecasts, after the run has ended
LOST = timedelta(minutes=1)  # after that nobody is at it


def sweep(*, isp_id: int) -> None:
    """Go on with runs whose task was lost, and forget forecasts of long ago."""
    now = timezone.now()
    BillingRunRow.objects.filter(run__ended_at__lt=now - KEPT, reason="").delete()
    BillingRun.objects.filter(state=State.PLANNED, scheduled_for=None, touched_at__lt=now - KEPT).delete()
    for key in BillingRun.objects.under_way().filter(touched_at__lt=now - LOST).values_list("pk", flat=True):
        enqueue_on_commit(tasks.work_off_billing_run, isp_id=isp_id, run_id=key)
