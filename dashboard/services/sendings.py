"""Sendings to many: drafted, started once, written in parts, paused, resumed, stopped."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.scope import required
from dashboard import sendings, tasks
from dashboard.sendings import Writer, budget_left
from messaging.models import MessageSettings
from messaging.rules import due_at
from messaging.services import many
from subscribers.models import AutoLoginLink, PortalUser, Sending, SendingLeftOut, SubscriberQuerySet
from subscribers.services.autologin import autologin_url

LIFE = timedelta(days=7)  # of the links in the messages
DRAFTS_KEPT = timedelta(days=90)
PAUSED_KEPT = timedelta(days=30)
LOST = timedelta(minutes=1)
State = Sending.State


class NobodyMeant(Exception):
    """There is nobody to write to."""


class CannotDo(Exception):
    """It is not in a state for this: somebody else was quicker."""


class Changed(Exception):
    """The draft was changed since it was looked at."""


class TooDear(Exception):
    """It costs more than the month's budget has left."""


def keys_of(rows: SubscriberQuerySet) -> list[int]:
    """The keys of some subscribers, sorted. One query."""
    return sorted(set(rows.order_by().aggregate(ids=ArrayAgg("pk", default=[]))["ids"]))


@transaction.atomic
def draft(*, by: Actor, values: Mapping[str, Any]) -> Sending:
    """Write down what is to be said and to whom; for an audience that is no choice those whom it means now.

    Raises NobodyMeant.
    """
    row = Sending(**values, by_id=by.pk, by_name=by.audit_label[:200])
    if not row.is_chosen:
        row.ids = keys_of(row.meant())
    row.total = len(row.ids)
    if not row.ids:
        raise NobodyMeant
    row.save()
    return row


@transaction.atomic
def change(*, sending: Sending, values: Mapping[str, Any]) -> Sending:
    """Change a draft; whom an audience means is looked at anew. Raises CannotDo, NobodyMeant."""
    row = _locked(sending, State.DRAFT)
    for name, value in values.items():
        setattr(row, name, value)
    if not row.is_chosen:
        row.ids = keys_of(row.meant())
    row.total = len(row.ids)
    if not row.ids:
        raise NobodyMeant
    row.version += 1
    row.save()
    return row


def discard(*, sending: Sending) -> None:
    """Forget a draft."""
    Sending.objects.filter(pk=sending.pk, state=State.DRAFT).delete()


@transaction.atomic
def start(*, by: Actor, sending: Sending, version: int) -> Sending:
    """Begin a draft.

    Raises CannotDo where it has begun, Changed where it says something else by now, TooDear, NobodyMeant.
    A second click, or a second clerk, waits for the first one here and then finds it begun.
    """
    row = _locked(sending, State.DRAFT)
    if row.version != version or not row.text:
        raise Changed
    found = sendings.forecast(row)
    if found.is_too_dear:
        raise TooDear
    if not found.may_start:
        raise NobodyMeant
    row.state, row.started_at, row.started_by = State.RUNNING, timezone.now(), by.audit_label[:200]
    row.save(update_fields=["state", "started_at", "started_by", "touched_at"])
    record("subscribers.sending.started", by=by, on=row, title=row.title, total=row.total)
    _go_on(row)
    return row


def work_off(*, sending_id: int) -> bool:
    """Write the next part; whether there is more. Call it in a transaction.

    The lock keeps a second worker out. How far it is changes with what was written, so a part is written once or not
    at all, whenever a worker dies and however often a task arrives.
    """
    row = Sending.objects.select_for_update(skip_locked=True).defer("ids").filter(pk=sending_id).first()
    if row is None or not row.is_running:
        return False
    part = Sending.objects.filter(pk=row.pk).values_list(f"ids__{row.position}_{row.position + sendings.PART}").get()[0]
    # Of two sendings at once, neither spends what the other one has just spent.
    writer = Writer(row, MessageSettings.locked())
    good, left_out = writer.sort_out(part)
    try:
        with transaction.atomic():  # links are made on the way
            row.written += _write(writer, good)
    except TooDear:
        return _pause_for_budget(row)
    SendingLeftOut.objects.bulk_create(
        SendingLeftOut(sending=row, subscriber_id=key, reason=reason) for key, reason in sorted(left_out.items())
    )
    row.position += len(part)
    if row.position >= row.total:
        row.state, row.ended_at = State.DONE, timezone.now()
        _record("finished", row, by=None)
    row.save(update_fields=["position", "written", "state", "ended_at", "touched_at"])
    return row.is_running


def _write(writer: Writer, good: list[Any]) -> int:
    messages = list(writer.compose(good, make_link=lambda user: _link(writer, user)))
    left = budget_left(writer.settings)
    if left is not None and sum(each.price for each in messages) > left:
        raise TooDear
    return many.write_many(messages)


def _link(writer: Writer, user: PortalUser) -> str:
    return autologin_url(isp=writer.isp, user=user, scope=AutoLoginLink.Scope.PAY, life=LIFE, run=writer.sending.uuid)


def _pause_for_budget(row: Sending) -> bool:
    row.state, row.problem = State.PAUSED, "budget"
    row.save(update_fields=["state", "problem", "touched_at"])
    _record("paused", row, by=None)
    return False


@transaction.atomic
def pause(*, by: Actor, sending: Sending) -> None:
    """Write no more for now, and hold what is written and waits. Raises CannotDo."""
    row = _locked(sending, State.RUNNING, State.DONE)
    if row.state == State.DONE and not many.fates_of(row.uuid).get("waiting"):
        raise CannotDo
    row.state, row.problem = State.PAUSED, ""
    row.save(update_fields=["state", "problem", "touched_at"])
    many.hold(row.uuid)
    _record("paused", row, by=by)


@transaction.atomic
def resume(*, by: Actor, sending: Sending) -> None:
    """Go on where it was. Raises CannotDo."""
    row = _locked(sending, State.PAUSED)
    writer = Writer(row)
    row.problem = ""
    row.state = State.RUNNING if row.position < row.total else State.DONE
    row.save(update_fields=["state", "problem", "touched_at"])
    at = due_at(writer.event, row.medium, at=timezone.now(), timezone=writer.isp.timezone)
    many.let_go(row.uuid, at=at)
    _record("resumed", row, by=by)
    if row.is_running:
        _go_on(row)


@transaction.atomic
def stop(*, by: Actor | None, sending: Sending) -> None:
    """Write no more, and stop what waits. What is sent stays sent. Raises CannotDo."""
    row = _locked(sending, State.RUNNING, State.PAUSED, State.DONE)
    stopped = many.stop_waiting(row.uuid)
    if row.state == State.DONE and not stopped:
        raise CannotDo
    row.state, row.ended_at = State.STOPPED, timezone.now()
    row.save(update_fields=["state", "ended_at", "touched_at"])
    _record("stopped", row, by=by)


def _record(what: str, row: Sending, *, by: Actor | None) -> None:
    record(
        f"subscribers.sending.{what}",
        by=by,
        on=row,
        title=row.title,
        total=row.total,
        written=row.written,
        left_out=row.left_out_count,
    )


def _locked(sending: Sending, *states: str) -> Sending:
    row = Sending.objects.select_for_update().get(pk=sending.pk)
    if row.state not in states:
        raise CannotDo(row.state)
    return row


def _go_on(row: Sending) -> None:
    enqueue_on_commit(tasks.work_off_sending, isp_id=required().isp_id, sending_id=row.pk)


def sweep() -> None:
    """Go on with what a crash has left; forget old drafts, and stop what was paused for a month."""
    now = timezone.now()
    Sending.objects.filter(state=State.DRAFT, touched_at__lt=now - DRAFTS_KEPT).delete()
    for row in Sending.objects.filter(state=State.PAUSED, touched_at__lt=now - PAUSED_KEPT).defer("ids"):
        stop(by=None, sending=row)
    for row in Sending.objects.filter(state=State.RUNNING, touched_at__lt=now - LOST).defer("ids"):
        _go_on(row)
