"""Sendings to many: drafted, started once, written in parts, paused, resumed, stopped."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.scope import required
from dashboard import sendings, tasks
from dashboard.budgets import month_of
from dashboard.sendings import Writer
from messaging.models import MessageSettings
from messaging.outbox.turns import isp_of_scope
from messaging.reader import current_isp
from messaging.rules import due_at
from messaging.services import can_send, many
from messaging.services.keeping import MONTH
from messaging.texts import language_for
from subscribers.models import AutoLoginLink, PortalUser, Sending, SendingLeftOut, SubscriberQuerySet
from subscribers.services.autologin import autologin_url
from tenants.services import due_work

LIFE = timedelta(days=7)  # of the links in the messages
DRAFTS_KEPT = timedelta(days=90)
PAUSED_KEPT = timedelta(days=30)
LOST = timedelta(minutes=1)
AHEAD = timedelta(minutes=6)  # longer than between two sweeps
FEW, FEW_OF_A_HUNDRED = 5, 5  # by how many people, or per cent, it may differ from what was shown
PEOPLE, PRICE = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
State = Sending.State


class NobodyMeant(Exception):
    """There is nobody to write to."""


class CannotDo(Exception):
    """It is not in a state for this: somebody else was quicker."""


class Changed(Exception):
    """The draft was changed since it was looked at."""


class AudienceMoved(Exception):
    """Whom it is for has changed since the draft was saved: so many came, so many are gone."""

    def __init__(self, *, came: int, gone: int) -> None:
        super().__init__(f"{came} {gone}")
        self.came, self.gone = came, gone


class TooDear(Exception):
    """It costs more than the month's budget has left."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the forecast said to whoever starts a sending: how many people, and for how much."""

    people: int
    price: Decimal

    @classmethod
    def of(cls, text: str) -> "Seen":
        """As `Forecast.seen` has it. Raises Changed for anything else."""
        people, _space, price = text.partition(" ")
        if not (PEOPLE.fullmatch(people) and PRICE.fullmatch(price)):
            raise Changed
        return cls(int(people), Decimal(price))


def keys_of(rows: SubscriberQuerySet) -> list[int]:
    """The keys of some subscribers, sorted. One query."""
    return sorted(set(rows.order_by().aggregate(ids=ArrayAgg("pk", default=[]))["ids"]))


@transaction.atomic
def draft(*, by: Actor, values: Mapping[str, Any]) -> Sending:
    """Write down what is to be said and to whom; for an audience that is no choice those whom it means now.

    Raises NobodyMeant.
    """
    language = language_for(current_isp().language)
    row = Sending(**{"language": language} | dict(values), by_id=by.pk, by_name=by.audit_label[:200])
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
def start(*, by: Actor, sending: Sending, version: int, seen: Seen) -> Sending:
    """Begin a draft, or plan it if it is for later. Nobody is looked at here: what was `seen` is what it may come to.

    A second click, or a second clerk, finds it begun. Raises CannotDo then, Changed where it says something else by
    now, AudienceMoved, TooDear, NobodyMeant.
    """
    row = _locked(sending, State.DRAFT)
    if row.version != version or not row.text:
        raise Changed
    if not seen.people or not can_send(row.medium) or Writer(row).lost:
        raise NobodyMeant
    if not row.is_chosen and is_far(now := set(keys_of(row.meant())), before := set(row.ids)):
        raise AudienceMoved(came=len(now - before), gone=len(before - now))
    # Of two at once, neither is promised what the other one has just been promised.
    if seen.price and is_over(seen.price, month_of(MessageSettings.locked()).left):
        raise TooDear
    is_later = row.starts_at is not None and row.starts_at > timezone.now()
    row.state, row.started_by = State.PLANNED if is_later else State.RUNNING, by.audit_label[:200]
    row.started_at = None if is_later else timezone.now()
    row.promised_count, row.promised_price = seen.people, seen.price
    names = ["state", "started_at", "started_by", "promised_count", "promised_price", "touched_at"]
    row.save(update_fields=names)
    verb = "planned" if is_later else "started"
    record(f"subscribers.sending.{verb}", by=by, on=row, title=row.title, total=row.total)
    _wait_for(row) if is_later else _go_on(row)
    return row


def is_far(now: set[int], before: set[int]) -> bool:
    """Whether so many have come or gone that what was shown says little by now."""
    return len(now ^ before) > max(FEW, len(before) * FEW_OF_A_HUNDRED // 100)


def is_over(price: Decimal, left: Decimal | None) -> bool:
    return left is not None and price > left


@transaction.atomic
def withdraw(*, by: Actor, sending: Sending) -> None:
    """Make what is planned a draft again. Raises CannotDo once it has begun."""
    row = _locked(sending, State.PLANNED)
    row.state, row.started_by, row.version = State.DRAFT, "", row.version + 1
    row.promised_count = row.promised_price = None
    row.save()
    _record("withdrawn", row, by=by)


@transaction.atomic
def begin(*, sending: Sending) -> None:
    """Begin what was planned for now. Raises CannotDo where it is not planned any more."""
    row = _locked(sending, State.PLANNED)
    row.state, row.started_at = State.RUNNING, timezone.now()
    row.save(update_fields=["state", "started_at", "touched_at"])
    record("subscribers.sending.started", by=None, on=row, title=row.title, total=row.total)
    _go_on(row)


def work_off(*, sending_id: int) -> bool:
    """Write the next part; whether there is more. Call it in a transaction.

    The lock keeps a second worker out. How far it is changes with what was written, so a part is written once or not
    at all, whenever a worker dies and however often a task arrives.
    """
    row = Sending.objects.select_for_update(skip_locked=True).defer("ids").filter(pk=sending_id).first()
    if row is None or not row.is_running:
        return False
    part = Sending.objects.filter(pk=row.pk).values_list(f"ids__{row.position}_{row.position + sendings.PART}").get()[0]
    # Of two sendings at once, neither spends the money or fills the day that the other one is just about to.
    writer = Writer(row, MessageSettings.locked())
    if writer.lost:
        return _pause_for(row, "template")
    good, left_out = writer.sort_out(part)
    try:
        with transaction.atomic():  # links are made on the way
            _write(writer, good)
    except TooDear:
        return _pause_for(row, "budget")
    except Changed:
        return _pause_for(row, "changed")
    SendingLeftOut.objects.bulk_create(
        SendingLeftOut(sending=row, subscriber_id=key, reason=reason) for key, reason in sorted(left_out.items())
    )
    row.position += len(part)
    if row.position >= row.total:
        row.state, row.ended_at = State.DONE, timezone.now()
        _record("finished", row, by=None)
    row.save(update_fields=["position", "written", "cost", "state", "ended_at", "touched_at"])
    return row.is_running


def _write(writer: Writer, good: list[Any]) -> None:
    """Write to some people. Raises TooDear, and Changed where it comes to more than whoever started it has seen."""
    row = writer.sending
    messages = list(writer.compose(good, make_link=lambda user: _link(writer, user)))
    price = sum((each.price for each in messages), Decimal(0))
    if row.promised_price is not None and _is_more(row.cost + price, row.promised_price, Decimal(0)):
        raise Changed
    if row.promised_count is not None and _is_more(row.written + len(good), row.promised_count, FEW):
        raise Changed
    if price and is_over(price, month_of(writer.settings, but=row.pk).left):
        raise TooDear
    written = many.write_many(messages)
    row.written += len({each.subscriber_key for each in written})
    row.cost += sum((each.price for each in written), Decimal(0))


def _is_more(now: Any, before: Any, few: Any) -> bool:
    return bool(now > before + max(few, before * FEW_OF_A_HUNDRED / 100))


def _link(writer: Writer, user: PortalUser) -> str:
    return autologin_url(isp=writer.isp, user=user, scope=AutoLoginLink.Scope.PAY, life=LIFE, run=writer.sending.uuid)


def _pause_for(row: Sending, problem: str) -> bool:
    row.state, row.problem = State.PAUSED, problem
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
    if row.problem == "changed":  # who goes on has been told
        row.promised_count = row.promised_price = None
    row.problem = ""
    row.state = State.RUNNING if row.position < row.total else State.DONE
    row.save(update_fields=["state", "problem", "promised_count", "promised_price", "touched_at"])
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


def _wait_for(row: Sending) -> None:
    """Have the sweep come when what is planned is to begin, if that is before its usual time."""
    if row.starts_at is not None:
        due_work.bring_forward(isp_id=isp_of_scope(), kind="sendings", at=row.starts_at)


def sweep() -> None:
    """Begin what is planned for now and go on with what a crash has left; forget old drafts and what ended as long ago
    as the ISP keeps messages, and stop what was paused for a month."""
    now = timezone.now()
    for row in Sending.objects.filter(state=State.PLANNED, starts_at__lte=now + AHEAD).defer("ids"):
        if row.starts_at is not None and row.starts_at > now:
            _wait_for(row)
            continue
        with suppress(CannotDo):  # withdrawn meanwhile
            begin(sending=row)
    Sending.objects.filter(state=State.DRAFT, touched_at__lt=now - DRAFTS_KEPT).delete()
    if months := MessageSettings.load().kept_months:  # as their messages
        Sending.objects.filter(state__in=[State.DONE, State.STOPPED], ended_at__lt=now - months * MONTH).delete()
    for row in Sending.objects.filter(state=State.PAUSED, touched_at__lt=now - PAUSED_KEPT).defer("ids"):
        stop(by=None, sending=row)
    for row in Sending.objects.filter(state=State.RUNNING, touched_at__lt=now - LOST).defer("ids"):
        _go_on(row)
