"""Switching services off for debt, and on again.

Each decision about a subscriber is made under the lock of the subscriber's row, which whoever books a payment holds,
too: either the cut comes first and the payment lifts it, or the payment comes first and there is nothing to cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone, translation

from billing import clock
from billing.days_off import days_off
from billing.holds import held_by, hold_of
from billing.models import Grace, LedgerEntry, PlannedCut, Suspension, SuspensionRule, SuspensionRun
from billing.reach import reach
from billing.services import debt_mails
from core.audit import Actor, record, written_by
from subscribers.models import Service, Subscriber
from subscribers.services import connections

State = Service.State
Outcome = PlannedCut.Outcome
End = Suspension.End


@dataclass(frozen=True, slots=True)
class RulePlan:
    """What a rule would do at a moment. `rows` are subscribers with `owed`, `since`, `services` and the name of the
    `hold` that keeps them connected, empty for those who would be cut; `opening` is the next hour for it, local.
    """

    rule: SuspensionRule
    rows: QuerySet[Any, dict[str, Any]]
    opening: datetime | None
    is_open: bool
    day_off: str


def plan(*, at: datetime) -> list[RulePlan]:
    """Who would be cut by each rule that is on, and who is held back and why. Three queries, none of them for rows."""
    local = clock.local(at)
    closed = days_off(country=clock.current_isp().country, on=local.date())
    return [
        RulePlan(
            rule=rule,
            rows=in_debt(rule, at=at),
            opening=rule.next_opening(local, closed),
            is_open=rule.is_open(local, closed),
            day_off=closed.get(local.date(), ""),
        )
        for rule in SuspensionRule.objects.filter(is_on=True).select_related("group")
    ]


def in_debt(rule: SuspensionRule, *, at: datetime) -> QuerySet[Any, dict[str, Any]]:
    """The subscribers whom a rule is about now, as rows with `subscriber`, `owed`, `since`, `services`, `hold`.

    SQL does it all, over the index of open debts.
    """
    local = clock.local(at)
    spared = Exists(_spared(on=local.date()).filter(service=OuterRef("pk")))
    services = Service.objects.filter(subscriber=OuterRef("subscriber"), state=State.ACTIVE).order_by()
    count = services.values("subscriber").annotate(all=Count("pk"), due=Count("pk", filter=~spared))
    held = held_by(local, "subscriber")
    return (
        _due(days=rule.days, on=local.date())
        .filter(reach(rule), subscriber__erased_at=None)
        .order_by()
        .values("subscriber")
        .annotate(
            owed=Sum("open"),
            since=Min("due_on"),
            has=Coalesce(Subquery(count.values("all")), 0),
            services=Coalesce(Subquery(count.values("due")), 0),
            hold=Case(When(services=0, then=Value("grace")), default=held),
        )
        .filter(owed__gte=rule.least_debt, has__gt=0)
    )


def _spared(*, on: date) -> QuerySet[Grace]:
    """The times that single services have been given and that last on a date of the ISP."""
    return Grace.objects.standing(on=on).filter(service__isnull=False)


def _due(*, days: int, on: date) -> QuerySet[LedgerEntry]:
    """Debts that are so many days past their due date: at least one, whatever a rule says."""
    return LedgerEntry.objects.filter(open__gt=0, due_on__lte=on - timedelta(days=max(days, 1)))


@transaction.atomic
def cut(
    *, by: Actor | None, subscriber_id: int, rule: SuspensionRule, at: datetime, run: SuspensionRun | None = None
) -> PlannedCut.Outcome:
    """Switch off the active services of a subscriber if the rule holds now, and write why. Says what was done."""
    return cut_all(by=by, subscribers=[subscriber_id], rule=rule, at=at, run=run)[subscriber_id]


@transaction.atomic
def cut_all(
    *,
    by: Actor | None,
    subscribers: Sequence[int],
    rule: SuspensionRule,
    at: datetime,
    run: SuspensionRun | None = None,
) -> dict[int, PlannedCut.Outcome]:
    """Switch off the active services of each of these for whom the rule holds now. Says of each what was done.

    All are locked at first, so that what is needed of them can be asked for together.
    """
    people = {each.pk: each for each in Subscriber.objects.lock_all_to_add(subscribers)}
    outcomes = dict.fromkeys(subscribers, Outcome.PAID)
    # Asked anew under the lock: debt, rule, group, holds and services may all have changed since the list was made.
    current = SuspensionRule.objects.filter(pk=rule.pk, is_on=True).select_related("group").first()
    found = list(in_debt(current, at=at).filter(subscriber__in=list(people))) if current else []
    if current is None or not found:
        return outcomes
    outcomes |= {row["subscriber"]: Outcome.HELD if row["hold"] else Outcome.CUT for row in found}
    owed = {row["subscriber"]: row["owed"] for row in found if not row["hold"]}
    debts = _debts_of(list(owed), days=current.days, on=clock.today(at))
    about = {"by": by, "rule": current, "run": run, "snapshot": current.snapshot, "at": at}
    about["planned_at"] = run.planned_at if run else at
    made: dict[int, Suspension] = {}
    for service in _to_cut(list(owed), on=clock.today(at)):
        key = service.subscriber_id
        suspension = _switch_off(service, debts=debts[key], owed=owed[key], **about)
        made.setdefault(key, suspension)
    for key, suspension in made.items():
        debt_mails.tell_cut(subscriber=people[key], suspension=suspension)
    return outcomes


def _to_cut(subscribers: list[int], *, on: date) -> QuerySet[Service]:
    """The services that are switched off with their subscribers: those that work and have not been given time."""
    spared = _spared(on=on).filter(subscriber__in=subscribers).values("service")
    services = Service.objects.filter(subscriber__in=subscribers, state=State.ACTIVE).exclude(pk__in=spared)
    return services.order_by("subscriber", "pk")


def _debts_of(subscribers: list[int], *, days: int, on: date) -> dict[int, list[dict[str, str]]]:
    """What these subscribers should have paid, the oldest first, as a record keeps it. One query."""
    debts = _due(days=days, on=on).filter(subscriber__in=subscribers).select_related("invoice")
    told: dict[int, list[dict[str, str]]] = {key: [] for key in subscribers}
    for debt in debts.order_by("due_on", "pk"):
        invoice = getattr(debt, "invoice", None)
        told[debt.subscriber_id].append(
            {
                "number": invoice.number if invoice else "",
                "kind": debt.kind,
                "due_on": debt.due_on.isoformat() if debt.due_on else "",
                "amount": f"{debt.open:f}",
            }
        )
    return told


def _switch_off(
    service: Service,
    *,
    by: Actor | None,
    rule: SuspensionRule | None,
    run: SuspensionRun | None,
    debts: list[dict[str, str]],
    owed: Decimal,
    snapshot: dict[str, Any],
    planned_at: datetime,
    at: datetime,
) -> Suspension:
    """Switch one service off and write the record. The caller holds the subscriber's lock."""
    _close_stale(service, at=at)
    isp = clock.current_isp()
    suspension = Suspension(
        subscriber_id=service.subscriber_id,
        service=service,
        rule=rule,
        run=run,
        snapshot=snapshot,
        debts=debts,
        owed=owed,
        currency=isp.currency,
        planned_at=planned_at,
        at=at,
        **written_by(by),
    )
    with translation.override(isp.language):
        numbers = ", ".join(str(row["title"]) for row in suspension.causes)
        reason = f"{suspension.rule_text} {numbers}: {owed:f} {isp.currency}"
    suspension.service = connections.change_service_state(
        by=by, service=service, to=State.SUSPENDED, reason=reason, on=clock.today(at)
    )
    suspension.save()
    record(
        "billing.suspension.begun",
        by=by,
        on=suspension,
        subscriber=suspension.service.subscriber.number,
        service=service.number,
        owed=f"{owed:f}",
        rule=snapshot.get("rule", ""),
        documents=numbers,
    )
    return suspension


def _close_stale(service: Service, *, at: datetime) -> None:
    """End a record of a service that somebody has switched on by other means, as on its page."""
    stale = Suspension.objects.running().filter(service=service)
    stale.update(ended_at=at, ended_why=End.BY_HAND)


@transaction.atomic
def reconsider(*, subscriber: Subscriber, by: Actor | None = None, at: datetime | None = None) -> list[Suspension]:
    """Switch on what is switched off for a debt that is paid, or that something keeps from counting; gives the records.

    `ledger.settle` calls it after each change of what somebody owes: a payment, a credit note, a write-off. It looks at
    records of suspensions for debt alone: what was switched off by hand, or for another reason, stays off.
    """
    at = at or timezone.now()
    if not Suspension.objects.running().filter(subscriber=subscriber.pk).exists():
        return []
    # Looked at again under the lock: a run may be at it.
    subscriber = Subscriber.objects.select_for_update(of=("self",)).get(pk=subscriber.pk)
    running = list(Suspension.objects.running().filter(subscriber=subscriber).select_related("service"))
    local = clock.local(at)
    relief = hold_of(subscriber.pk, local, lifting=True)
    spared = set(_spared(on=local.date()).filter(subscriber=subscriber).values_list("service", flat=True))
    lifted = []
    for suspension in running:
        if suspension.service.state != State.SUSPENDED:
            why = End.SERVICE_ENDED if suspension.service.state == State.ENDED else End.BY_HAND
            _end(suspension, why=why, at=at)
        elif not _still_due(suspension, on=local.date()):
            lifted.append(_switch_on(suspension, by=by, why=End.PAID, at=at))
        elif relief:
            lifted.append(_switch_on(suspension, by=by, why=End(relief.ends_as), at=at))
        elif suspension.service_id in spared:
            lifted.append(_switch_on(suspension, by=by, why=End.GRACE, at=at))
    if lifted:
        debt_mails.tell_return(subscriber=subscriber, suspension=lifted[0])
    return lifted


def _still_due(suspension: Suspension, *, on: date) -> bool:
    """Whether what the record's rule says still holds, by what is owed now."""
    days = int(suspension.snapshot.get("days", 1))
    least = Decimal(str(suspension.snapshot.get("least_debt", 0)))
    owed = _due(days=days, on=on).filter(subscriber=suspension.subscriber_id).aggregate(sum=Sum("open"))["sum"]
    return bool(owed) and owed >= least


def _switch_on(suspension: Suspension, *, by: Actor | None, why: Suspension.End, at: datetime) -> Suspension:
    grace = None
    if why == End.GRACE:
        standing = Grace.objects.standing(on=clock.today(at)).filter(subscriber=suspension.subscriber_id)
        grace = standing.filter(Q(service=None) | Q(service=suspension.service_id)).order_by("-until").first()
    with translation.override(clock.current_isp().language):
        reason = str(why.label)
    connections.change_service_state(
        by=by, service=suspension.service, to=State.ACTIVE, reason=reason, on=clock.today(at)
    )
    _end(suspension, why=why, at=at, grace=grace)
    record(
        "billing.suspension.ended",
        by=by,
        on=suspension,
        subscriber=suspension.service.subscriber.number,
        service=suspension.service.number,
        why=str(why),
    )
    return suspension


def _end(suspension: Suspension, *, why: Suspension.End, at: datetime, grace: Grace | None = None) -> None:
    suspension.ended_at, suspension.ended_why, suspension.grace = at, why, grace
    suspension.save(update_fields=["ended_at", "ended_why", "grace"])


@transaction.atomic
def cut_again(*, graces: Sequence[Grace], at: datetime) -> list[Suspension]:
    """Switch off at once what graces of one subscriber had switched on, if it is still owed and nothing else holds."""
    subscriber = Subscriber.objects.lock_to_add(graces[0].subscriber_id)
    local = clock.local(at)
    if hold_of(subscriber.pk, local):
        return []
    spared = _spared(on=local.date()).filter(subscriber=subscriber).values("service")
    before = Suspension.objects.filter(grace__in=graces, ended_why=End.GRACE, service__state=State.ACTIVE)
    before = before.exclude(service__in=spared)
    again = []
    for old in before.select_related("service", "rule").order_by("service_id", "-pk").distinct("service_id"):
        if not _still_due(old, on=local.date()):
            continue
        days = int(old.snapshot.get("days", 1))
        debts = _debts_of([subscriber.pk], days=days, on=local.date())[subscriber.pk]
        owed = sum((Decimal(debt["amount"]) for debt in debts), Decimal(0))
        said = {"debts": debts, "owed": owed, "snapshot": old.snapshot, "planned_at": at, "at": at}
        again.append(_switch_off(old.service, by=None, rule=old.rule, run=None, **said))
    if again:
        debt_mails.tell_cut(subscriber=subscriber, suspension=again[0])
    return again
