"""Promises, instalments, exceptions and time for a reported payment: within bounds, once, and not for ever."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from billing.models import Grace, InstalmentPlan, Promise, Suspension, SuspensionSettings
from billing.services import reliefs, suspensions
from subscribers.models import Service
from tests.billing.test_suspensions import Somebody, cut, pay, state_of
from tests.factories.billing import AT, TODAY, owe, rule
from tests.factories.subscribers import ServiceFactory

ME = Somebody()
SUSPENDED, ACTIVE = Service.State.SUSPENDED, Service.State.ACTIVE


@pytest.fixture(autouse=True)
def _noon(in_isp):
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def service(in_isp):
    made = ServiceFactory()
    owe(made.subscriber)
    SuspensionSettings(pk=1, promises=True, promise_days=3, instalments=True).save()
    return made


def promise(service, days=3, **more):
    until = TODAY + timedelta(days=days)
    return reliefs.make_promise(by=ME, subscriber=service.subscriber, until=until, at=more.pop("at", AT), **more)


def refused(act, *args, **more):
    with pytest.raises((reliefs.CannotPromise, reliefs.CannotAgree)) as caught:
        act(*args, **more)
    return caught.value.reason


def test_a_promise_is_bounded_by_what_the_isp_allows(service):
    assert refused(promise, service, days=4) == "long"
    assert refused(promise, service, days=-1) == "past"
    SuspensionSettings.objects.update(promise_most=499)
    assert refused(promise, service) == "much"
    assert reliefs.may_promise(service.subscriber, at=AT) == "much"
    SuspensionSettings.objects.update(promises=False)
    assert refused(promise, service) == "off"
    # Staff are not bound by it.
    assert promise(service, days=20, is_staff=True).amount == 500


def test_a_promise_is_given_once_a_month_also_after_it_was_withdrawn(service):
    reliefs.withdraw_promise(by=ME, promise=promise(service), at=AT)
    assert refused(promise, service) == "again"
    assert reliefs.may_promise(service.subscriber, at=AT) == "again"
    assert Promise.objects.count() == 1
    april = AT + timedelta(days=20)
    assert reliefs.may_promise(service.subscriber, at=april) == ""
    promise(service, days=22, at=april)


def test_nobody_promises_to_pay_what_is_not_owed(service):
    pay(service.subscriber, "500")
    assert refused(promise, service) == "nothing"
    assert refused(ask, service) == "nothing"


def ask(service, parts=3, first=3, every=14, **more):
    said = {"parts": parts, "first_on": TODAY + timedelta(days=first), "every": every, "at": AT, **more}
    return reliefs.ask_for_instalments(by=ME, subscriber=service.subscriber, **said)


def test_parts_add_up_to_the_cent(service):
    plan = ask(service)
    amounts = [part.amount for part in plan.parts.all()]
    assert amounts == [Decimal("166.68"), Decimal("166.66"), Decimal("166.66")]
    assert reliefs.shares(Decimal("0.05"), 5) == [Decimal("0.01")] * 5


def test_a_wish_for_instalments_counts_once_staff_agree(service):
    cut(service, rule())
    plan = ask(service)
    assert (plan.state, state_of(service)) == ("asked", SUSPENDED)
    assert refused(ask, service) == "again"
    reliefs.decide_on_instalments(by=ME, plan=plan, agreed=True, at=AT)
    assert state_of(service) == ACTIVE
    assert refused(reliefs.decide_on_instalments, by=ME, plan=plan, agreed=True, at=AT) == "gone"


def test_where_the_isp_lets_it_instalments_hold_at_once(service):
    SuspensionSettings.objects.update(instalments_at_once=True)
    cut(service, rule())
    assert ask(service).state == "running"
    assert state_of(service) == ACTIVE


@pytest.mark.parametrize(
    ("said", "reason"),
    [({"parts": 1}, "parts"), ({"parts": 4}, "parts"), ({"first": -1}, "dates"), ({"first": 40}, "dates"),
     ({"every": 0}, "dates"), ({"every": 400}, "dates")],
)  # fmt: skip
def test_instalments_stay_within_what_the_isp_allows(service, said, reason):
    assert refused(ask, service, **said) == reason


def test_a_part_that_is_paid_keeps_the_service_on_and_one_that_is_missing_ends_the_plan(service):
    by_rule = rule()
    plan = ask(service, is_staff=True)
    after_first = AT + timedelta(days=4)
    pay(service.subscriber, "166.68")
    assert reliefs.end_plans(at=after_first) == 0
    assert cut(service, by_rule, after_first) == "held"
    after_second = AT + timedelta(days=18)
    assert reliefs.end_plans(at=after_second) == 1
    plan.refresh_from_db()
    assert plan.state == InstalmentPlan.State.BROKEN
    assert cut(service, by_rule, after_second) == "cut"


def test_a_part_that_is_missing_holds_nobody_back_before_the_sweep_has_come(service):
    by_rule = rule()
    ask(service, is_staff=True)
    assert cut(service, by_rule, AT + timedelta(days=4)) == "cut"


def test_a_plan_whose_debt_is_paid_is_over(service):
    plan = ask(service, is_staff=True)
    pay(service.subscriber, "500")
    reliefs.end_plans(at=AT)
    plan.refresh_from_db()
    assert plan.state == InstalmentPlan.State.PAID


def give_time(service, key="report:1", days=3):
    until = TODAY + timedelta(days=days)
    said = {"until": until, "reason": "a voucher waits", "key": key, "at": AT}
    return reliefs.grant_grace(by=None, subscriber=service.subscriber, **said)


def test_time_for_a_report_brings_the_service_back_and_a_rejection_takes_it_away_at_once(service):
    cut(service, rule())
    give_time(service)
    assert state_of(service) == ACTIVE
    assert reliefs.end_grace(key="report:1", why="the voucher is of another year", at=AT + timedelta(hours=9)) is True
    assert state_of(service) == SUSPENDED
    again = Suspension.objects.running().get()
    assert (again.owed, again.debts[0]["amount"]) == (500, "500.00")
    assert reliefs.end_grace(key="report:1", why="again", at=AT) is False
    assert Suspension.objects.count() == 2


def test_a_rejection_cuts_nobody_who_has_paid_meanwhile_or_was_never_cut(service):
    by_rule = rule()
    other = ServiceFactory()
    owe(other.subscriber)
    cut(service, by_rule)
    give_time(service)
    give_time(other, key="report:2")
    pay(service.subscriber, "500")
    reliefs.end_grace(key="report:1", why="no such money", at=AT)
    reliefs.end_grace(key="report:2", why="no such money", at=AT)
    assert (state_of(service), state_of(other)) == (ACTIVE, ACTIVE)


def test_a_rejection_cuts_nobody_who_is_held_by_something_else(service):
    cut(service, rule())
    give_time(service)
    promise(service)
    reliefs.end_grace(key="report:1", why="no such money", at=AT)
    assert state_of(service) == ACTIVE


def test_the_same_report_gives_time_once(service):
    assert give_time(service) == give_time(service, days=30)
    assert Grace.objects.get().until == TODAY + timedelta(days=3)
    assert reliefs.end_grace(key="another", why="", at=AT) is False


def test_time_that_was_given_ends_by_itself(service):
    by_rule = rule()
    give_time(service)
    assert cut(service, by_rule, AT + timedelta(days=3)) == "held"
    assert cut(service, by_rule, AT + timedelta(days=4)) == "cut"


def test_an_exception_ends_when_somebody_ends_it(service):
    by_rule = rule()
    reliefs.add_exception(by=ME, subscriber=service.subscriber, reason="a clinic", until=None, at=AT)
    far = AT + timedelta(days=365)
    assert cut(service, by_rule, far) == "held"
    reliefs.end_exception(by=ME, row=service.subscriber.suspension_exceptions.get(), at=AT)
    assert [row["hold"] for each in suspensions.plan(at=AT) for row in each.rows] == [""]
    assert cut(service, by_rule, AT) == "cut"
