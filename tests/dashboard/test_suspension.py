"""Suspension for debt on the pages of staff."""

import pytest
import time_machine

from billing.models import (
    Holiday,
    InstalmentPlan,
    PlannedCut,
    Promise,
    ReminderRule,
    Suspension,
    SuspensionException,
    SuspensionRule,
    SuspensionRun,
    SuspensionSettings,
)
from billing.services import suspension_runs
from core.scope import isp_scope
from subscribers.models import Service
from tenants.roles import Role
from tests.dashboard.card_pages import text_of
from tests.dashboard.settings_pages import staff_client
from tests.factories.billing import AT, owe, rule
from tests.factories.subscribers import ServiceFactory

CARD = "/wispmega/subscribers/{}/suspension/"


@pytest.fixture(autouse=True)
def _noon(isp):
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def service(isp):
    with isp_scope(isp):
        service = ServiceFactory(subscriber__first_name="Rosa")
        service.invoice = owe(service.subscriber)
    return service


@pytest.fixture
def billing(isp):
    return staff_client(isp, Role.BILLING)


def state_of(isp, service):
    with isp_scope(isp):
        return Service.objects.get(pk=service.pk).state


def test_the_list_is_looked_at_and_confirmed_before_anything_happens(isp, service, billing):
    with isp_scope(isp):
        by_rule, other = rule(), ServiceFactory(subscriber__first_name="Otto")
        owe(other.subscriber)
    page = text_of(billing.get("/wispmega/suspension/"))
    assert "2 would be switched off now" in page
    assert "MX$1,000.00" in page
    billing.post(f"/wispmega/suspension/rules/{by_rule.uuid}/look/")
    with isp_scope(isp):
        run = SuspensionRun.objects.get()
        cut = run.cuts.get(subscriber=other.subscriber)
    assert state_of(isp, service) == "active"
    address = f"/wispmega/suspension/{run.uuid}/"
    refused = billing.post(f"{address}cuts/{cut.uuid}/", {"then": "leave-out", "reason": ""}, follow=True)
    assert "Say why" in text_of(refused)
    billing.post(f"{address}cuts/{cut.uuid}/", {"then": "leave-out", "reason": "calls back"})
    assert "calls back" in text_of(billing.get(f"{address}?view=excluded"))
    assert "1 subscriber would be switched off" in text_of(billing.get(address))
    assert "1 subscriber is being switched off" in text_of(billing.post(f"{address}confirm/", follow=True))
    with isp_scope(isp):
        suspension_runs.work_off(run_id=run.pk, at=AT)
    assert (state_of(isp, service), state_of(isp, other)) == ("suspended", "active")
    page = text_of(billing.get(address))
    assert "Switched off: 1" in page
    assert "Left out by hand: 1" in page
    assert "has begun already" in text_of(billing.post(f"{address}confirm/", follow=True))
    assert "over already" in text_of(billing.post(f"{address}discard/", follow=True))


def test_a_discarded_list_cuts_nobody(isp, service, billing):
    with isp_scope(isp):
        run = suspension_runs.prepare(by=None, rule=rule(), at=AT)
    billing.post(f"/wispmega/suspension/{run.uuid}/discard/")
    with isp_scope(isp):
        assert SuspensionRun.objects.get().state == "stopped"
    billing.post(f"/wispmega/suspension/{run.uuid}/confirm/")
    with isp_scope(isp):
        assert suspension_runs.unfinished(at=AT) == []


def test_nobody_to_cut_leaves_no_list(isp, billing):
    with isp_scope(isp):
        by_rule = rule()
    answer = billing.post(f"/wispmega/suspension/rules/{by_rule.uuid}/look/", follow=True)
    assert "Nobody would be switched off now." in text_of(answer)
    with isp_scope(isp):
        assert not SuspensionRun.objects.exists()


def test_the_page_of_a_run_takes_as_many_queries_for_many_as_for_few(isp, billing, count_queries):
    with isp_scope(isp):
        by_rule = rule()
        owe(ServiceFactory().subscriber)
        few = suspension_runs.prepare(by=None, rule=by_rule, at=AT)
        for _ in range(8):
            owe(ServiceFactory().subscriber)
        many = suspension_runs.prepare(by=None, rule=by_rule, at=AT)
        assert PlannedCut.objects.filter(run=many).count() == 9
    billing.get(f"/wispmega/suspension/{few.uuid}/")
    with count_queries() as one:
        billing.get(f"/wispmega/suspension/{few.uuid}/")
    with count_queries() as nine:
        billing.get(f"/wispmega/suspension/{many.uuid}/")
    assert len(one) == len(nine)


def test_the_card_says_rule_invoice_and_hour(isp, service, billing):
    with isp_scope(isp):
        from billing.services import suspensions

        suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule(), at=AT)
    page = text_of(billing.get(CARD.format(service.subscriber.number)))
    assert "Switched off on March 17, 2026, noon" in page
    assert service.invoice.number in page
    assert "5 days after its due date" in page
    assert "MX$500.00" in page


def test_exceptions_promises_and_instalments_on_the_card(isp, service, billing):
    base = CARD.format(service.subscriber.number)
    wrong = billing.post(f"{base}exceptions/add/", {"exception-reason": "a clinic", "exception-until": "1899-01-01"})
    assert (wrong.status_code, "a clinic" in wrong.content.decode()) == (422, True)
    assert "Give a day from today on." in text_of(wrong)
    billing.post(f"{base}exceptions/add/", {"exception-reason": "a clinic", "exception-until": ""})
    assert "too late" in text_of(billing.post(f"{base}promise/", {"promise-until": "2999-01-01"}))
    billing.post(f"{base}promise/", {"promise-until": "2026-03-20"})
    assert "There was one this month already." in text_of(
        billing.post(f"{base}promise/", {"promise-until": "2026-03-20"})
    )
    said = {"instalments-parts": "3", "instalments-first_on": "2026-03-20", "instalments-every": "7"}
    billing.post(f"{base}instalments/", said)
    with isp_scope(isp):
        promise, exception = Promise.objects.get(), SuspensionException.objects.get()
        plan = InstalmentPlan.objects.get()
        assert (promise.amount, exception.reason, plan.parts.count()) == (500, "a clinic", 3)
        assert (promise.by_name.partition(" <")[0], plan.state) == (exception.by_name.partition(" <")[0], "running")
    billing.post(f"{base}exceptions/{exception.uuid}/end/")
    billing.post(f"{base}promises/{promise.uuid}/withdraw/")
    billing.post(f"{base}instalments/{plan.uuid}/", {"then": "end"})
    with isp_scope(isp):
        for row in (promise, exception, plan):
            row.refresh_from_db()
            assert row.ended_at == AT
    history = text_of(billing.get(f"/wispmega/subscribers/{service.subscriber.number}/history/"))
    for act in ("Promised to pay", "Excepted a customer from suspension", "Agreed on instalments"):
        assert act in history


def test_support_sees_the_tab_and_changes_nothing(isp, service):
    support = staff_client(isp, Role.SUPPORT)
    base = CARD.format(service.subscriber.number)
    page = support.get(base).content.decode()
    assert "Suspensions for debt" in page
    assert "Enter a promise" not in page
    assert support.post(f"{base}promise/", {"promise-until": "2026-03-20"}).status_code == 403
    with isp_scope(isp):
        assert not Promise.objects.exists()
    technician = staff_client(isp, Role.TECHNICIAN)
    assert "Suspensions for debt" not in technician.get(base).content.decode()


RULE = {
    "is_on": "on",
    "days": "5",
    "least_debt": "50",
    "warn_days": "2",
    "weekdays": ["1", "2"],
    "begins": "09:00",
    "ends": "17:00",
}


def test_a_rule_is_made_changed_and_removed(isp, billing):
    base = "/wispmega/settings/suspension/"
    wrong = billing.post(f"{base}rules/add/", {**RULE, "days": "0", "ends": "08:00", "least_debt": "-1"})
    page = text_of(wrong)
    assert wrong.status_code == 422
    assert "greater than or equal to 1" in page
    assert "later than the beginning" in page
    billing.post(f"{base}rules/add/", RULE)
    with isp_scope(isp):
        made = SuspensionRule.objects.get()
        assert (made.group, made.days, made.weekdays, made.is_on, made.is_automatic) == (None, 5, [1, 2], True, False)
    billing.post(f"{base}rules/{made.uuid}/", {**RULE, "days": "10"})
    with isp_scope(isp):
        assert SuspensionRule.objects.get().days == 10
    billing.post(f"{base}rules/{made.uuid}/delete/")
    with isp_scope(isp):
        assert not SuspensionRule.objects.exists()


def test_bounds_days_off_and_reminders(isp, billing):
    base = "/wispmega/settings/suspension/"
    assert "Benito" not in text_of(billing.get(base))  # it was yesterday
    assert "public holiday" in text_of(billing.get(base))
    values = {"most_per_cent": "20", "promises": "on", "promise_days": "5", "instalments_most": "3"}
    billing.post(base, {**values, "most_per_cent": "0"})
    billing.post(base, values)
    billing.post(f"{base}days/add/", {"on": "2026-03-19", "name": "Inventory"})
    again = billing.post(f"{base}days/add/", {"on": "2026-03-19", "name": "Inventory"})
    assert "This day is there already." in text_of(again)
    assert "this year or the next" in text_of(billing.post(f"{base}days/add/", {"on": "2999-03-19"}))
    billing.post(f"{base}reminders/add/", {"usual": "1"})
    billing.post(f"{base}reminders/add/", {"when": "before", "days": "5"})
    assert "There is one" in text_of(billing.post(f"{base}reminders/add/", {"when": "before", "days": "5"}))
    with isp_scope(isp):
        found = SuspensionSettings.load()
        assert (found.most_per_cent, found.promises, found.keeps_public_holidays) == (20, True, False)
        assert Holiday.objects.get().name == "Inventory"
        assert list(ReminderRule.objects.values_list("days", flat=True)) == [-5, -3, 1, 7]
        reminder = ReminderRule.objects.get(days=7)
    billing.post(f"{base}reminders/{reminder.uuid}/", {"is_on": "0"})
    page = text_of(billing.get(base))
    assert "3 days before the due date" in page
    with isp_scope(isp):
        assert not ReminderRule.objects.get(days=7).is_on
        billing.post(f"{base}days/{Holiday.objects.get().uuid}/remove/")
        assert not Holiday.objects.exists()
        assert not Suspension.objects.exists()
