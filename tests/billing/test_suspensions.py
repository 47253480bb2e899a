"""Who is cut off, who is not, and who comes back. Most tests name what users of other systems were hurt by."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from billing.holds import hold
from billing.models import (
    Account,
    Holiday,
    PlannedCut,
    Suspension,
    SuspensionRule,
    SuspensionRun,
    SuspensionSettings,
)
from billing.services import invoices, reliefs, suspension_runs, suspensions
from billing.services.suspension_runs import prepare, work_off
from company.models import Profile
from core.models import AuditEntry
from core.scope import public_scope
from domains import resolver
from messaging.models import Message
from payments.models import Payment
from payments.services import payments
from subscribers.models import Enforcement, Service, ServiceChange
from subscribers.services import connections
from tenants.models import ISP
from tenants.roles import Role
from tests.factories.billing import AT, TODAY, owe, rule
from tests.factories.staff import make_member
from tests.factories.subscribers import InvoiceGroupFactory, ServiceFactory

CUT, HELD, PAID = PlannedCut.Outcome.CUT, PlannedCut.Outcome.HELD, PlannedCut.Outcome.PAID
SUSPENDED, ACTIVE = Service.State.SUSPENDED, Service.State.ACTIVE


@pytest.fixture(autouse=True)
def _noon(in_isp):
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def service(in_isp):
    return ServiceFactory()


def state_of(service):
    return Service.objects.get(pk=service.pk).state


def cut(service, by_rule, at=AT):
    return suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=by_rule, at=at)


def pay(subscriber, amount, **more):
    said = {"currency": "MXN", "on": TODAY, "source": Payment.Source.DESK, **more}
    return payments.register_payment(by=None, subscriber=subscriber, amount=Decimal(amount), **said)


def planned(at=AT):
    return {row["subscriber"]: row["hold"] for each in suspensions.plan(at=at) for row in each.rows}


def test_who_owes_long_enough_is_cut_and_the_record_says_rule_invoice_and_hour(service):
    invoice, by_rule = owe(service.subscriber, "499.50"), rule()
    assert cut(service, by_rule) == CUT
    assert state_of(service) == SUSPENDED
    record = Suspension.objects.get()
    assert record.debts == [{"number": invoice.number, "kind": "invoice", "due_on": "2026-03-07", "amount": "499.50"}]
    assert record.at == AT
    with timezone.override(ZoneInfo("America/Mexico_City")):
        assert record.moment == "March 17, 2026, noon"
    assert record.rule_text.startswith("What is not paid 5 days after its due date switches the service off.")
    assert "9 a.m. to 5 p.m." in record.rule_text
    assert invoice.number in ServiceChange.objects.latest("pk").reason
    entry = AuditEntry.objects.get(verb="billing.suspension.begun")
    assert (entry.details["owed"], entry.details["documents"]) == ("499.50", invoice.number)
    assert Enforcement.objects.get(service=service).is_on is False


def test_ucrm_78_whoever_owes_nothing_is_not_cut(service):
    by_rule = rule()
    invoice = owe(service.subscriber)
    pay(service.subscriber, "500", invoices=[invoice])
    assert Account.objects.get().balance == 0
    assert planned() == {}
    assert cut(service, by_rule) == PAID
    assert state_of(service) == ACTIVE


def test_ucrm_63_whoever_has_paid_before_the_cut_is_neither_cut_nor_written_to(service):
    owe(service.subscriber)
    run = prepare(by=None, rule=rule(), at=AT)
    suspension_runs.confirm(by=None, run=run, at=AT)
    pay(service.subscriber, "500")
    work_off(run_id=run.pk, at=AT)
    assert run.cuts.get().outcome == PAID
    assert state_of(service) == ACTIVE
    assert not Message.objects.exists()


def test_ucrm_69_a_payment_lifts_the_suspension_at_once(service):
    owe(service.subscriber)
    cut(service, rule())
    pay(service.subscriber, "500")
    assert state_of(service) == ACTIVE
    record = Suspension.objects.get()
    assert (record.ended_why, record.ended_at) == (Suspension.End.PAID, AT)
    wanted = Enforcement.objects.get(service=service)
    assert (wanted.is_on, wanted.version) == (True, 2)
    subjects = list(Message.objects.order_by("pk").values_list("subject", flat=True))
    assert ["switched off" in subject for subject in subjects] == [True, False]


def test_paymenter_854_access_comes_back_by_itself_and_not_by_somebody(service):
    owe(service.subscriber)
    cut(service, rule())
    pay(service.subscriber, "500")
    change = ServiceChange.objects.filter(service=service).latest("pk")
    assert (change.state, change.by_kind) == (ACTIVE, "system")


def test_phpnuxbill_a_payment_without_a_running_suspension_changes_no_service(service):
    connections.change_service_state(by=None, service=service, to=SUSPENDED, reason="moved away for the winter")
    owe(service.subscriber)
    pay(service.subscriber, "500")
    assert state_of(service) == SUSPENDED


def test_chatwoot_15162_other_reasons_of_a_suspension_are_left_alone(service):
    """One service is off for debt, another one by hand: a payment brings back the first alone."""
    other = ServiceFactory(subscriber=service.subscriber)
    connections.change_service_state(by=None, service=other, to=SUSPENDED, reason="a broken antenna")
    owe(service.subscriber)
    cut(service, rule())
    pay(service.subscriber, "500")
    assert (state_of(service), state_of(other)) == (ACTIVE, SUSPENDED)


def test_ucrm_2_7_2_with_several_invoices_overdue_paying_all_brings_the_service_back_and_paying_one_does_not(service):
    first, second = owe(service.subscriber, "500", late=40), owe(service.subscriber, "300", late=10)
    cut(service, rule())
    pay(service.subscriber, "500", invoices=[first])
    assert state_of(service) == SUSPENDED
    pay(service.subscriber, "300", invoices=[second])
    assert state_of(service) == ACTIVE


def test_with_what_is_left_below_the_smallest_debt_the_service_comes_back(service):
    owe(service.subscriber, "500")
    cut(service, rule(least_debt=100))
    pay(service.subscriber, "400")
    assert state_of(service) == SUSPENDED
    pay(service.subscriber, "0.01")
    assert state_of(service) == ACTIVE


def test_an_invoice_that_is_not_late_enough_keeps_nobody_cut(service):
    owe(service.subscriber, "500", late=10)
    cut(service, rule())
    owe(service.subscriber, "300", late=2)
    pay(service.subscriber, "500")
    assert state_of(service) == ACTIVE


@pytest.mark.parametrize("how", ["credit", "credit_in_part_and_pay", "write_off"])
def test_credit_notes_and_write_offs_count_too(service, how):
    invoice = owe(service.subscriber, "500")
    cut(service, rule())
    if how == "credit":
        invoices.credit_invoice(by=None, invoice=invoice, on=TODAY, reason="an outage")
    elif how == "write_off":
        invoices.write_off(by=None, invoice=invoice, on=TODAY, reason="never mind")
    else:
        pay(service.subscriber, "200")
        assert state_of(service) == SUSPENDED
        invoices.credit_invoice(by=None, invoice=invoice, on=TODAY, reason="half", amount=Decimal(300))
    assert state_of(service) == ACTIVE


def test_ucrm_139_a_suspension_leaves_what_has_been_billed_as_it_is(service):
    """Nothing is taken back or added by a cut and a return: the ledger holds what was there."""
    owe(service.subscriber)
    cut(service, rule())
    assert Account.objects.get().balance == 500
    pay(service.subscriber, "500")
    assert Account.objects.get().balance == 0
    assert service.subscriber.invoices.count() == 1


def test_ucrm_2_13_nobody_is_cut_on_the_due_date_and_a_delay_of_nothing_cannot_be_set(service):
    by_rule = rule(days=1)
    owe(service.subscriber, late=0)
    assert planned() == {}
    assert cut(service, by_rule) == PAID
    with pytest.raises(IntegrityError, match="suspension_after_the_due_date"), transaction.atomic():
        SuspensionRule.objects.filter(pk=by_rule.pk).update(days=0)
    assert SuspensionRule().days >= 1
    # The control: a day later it is.
    assert cut(service, by_rule, AT + timedelta(days=1)) == CUT


def test_ucrm_2_11_2_the_day_and_the_hour_are_those_of_the_isp(service, in_isp):
    """At three in the morning in London it is still the day before in Mexico, and nine in the evening."""
    night = datetime(2026, 3, 18, 3, 0, tzinfo=UTC)
    by_rule = rule(days=10)
    owe(service.subscriber, late=9)  # counts from 18 March on, which it is in London alone
    assert planned(night) == {}
    assert by_rule.is_open(suspensions.clock.local(night), {}) is False
    # The control: the same moment at an ISP whose clocks are those of London.
    with public_scope():
        ISP.objects.filter(pk=in_isp.pk).update(timezone="Europe/London")
    resolver.forget_all()
    assert planned(night) == {service.subscriber_id: ""}


def test_ucrm_2_3_3_nobody_is_told_every_hour(service):
    """The sweep comes every few minutes; a day has one run for a rule, and a cut one mail."""
    rule(is_automatic=True)
    owe(service.subscriber)
    for hours in range(4):
        at = AT + timedelta(hours=hours)
        suspension_runs.begin_automatic(at=at)
        for pk in suspension_runs.unfinished(at=at):
            work_off(run_id=pk, at=at)
    assert SuspensionRun.objects.count() == 1
    assert Message.objects.count() == 1
    with pytest.raises(suspension_runs.CannotRun):
        prepare(by=None, rule=SuspensionRule.objects.get(), at=AT, automatic=True)


def test_ucrm_plugins_159_a_record_of_an_older_release_that_says_less_lets_nobody_down(service):
    """What a release before wrote into a record may lack a part: the payment brings the service back all the same."""
    owe(service.subscriber)
    cut(service, rule())
    Suspension.objects.update(snapshot={}, debts=[{}, "?"])
    assert Suspension.objects.get().rule_text
    assert Suspension.objects.get().causes[0]["amount"] == 0
    pay(service.subscriber, "500")
    assert state_of(service) == ACTIVE


def test_what_was_resumed_by_other_means_ends_its_record_and_is_left_alone_for_some_days(service):
    owe(service.subscriber)
    by_rule = rule()
    cut(service, by_rule)
    connections.change_service_state(by=None, service=service, to=ACTIVE, reason="by phone")
    assert reliefs.note_resumed(at=AT) == 1
    assert reliefs.note_resumed(at=AT) == 0
    assert Suspension.objects.get().ended_why == Suspension.End.BY_HAND
    assert cut(service, by_rule, AT + timedelta(days=2)) == HELD
    assert cut(service, by_rule, AT + timedelta(days=7)) == CUT


def test_a_rule_of_a_group_takes_the_place_of_the_general_one(in_isp):
    group = InvoiceGroupFactory(name="Empresas")
    usual, special = ServiceFactory(), ServiceFactory(subscriber__group=group)
    for each in (usual, special):
        owe(each.subscriber, late=10)
    rule()
    assert set(planned()) == {usual.subscriber_id, special.subscriber_id}
    own = rule(group=group, days=30)
    assert set(planned()) == {usual.subscriber_id}
    # Who has no group belongs to the default one.
    type(group).objects.filter(pk=group.pk).update(is_default=True)
    assert planned() == {}
    SuspensionRule.objects.filter(pk=own.pk).update(days=5)
    assert set(planned()) == {usual.subscriber_id, special.subscriber_id}


def test_a_rule_that_is_off_cuts_nobody_even_if_its_run_was_confirmed(service):
    owe(service.subscriber)
    by_rule = rule()
    run = prepare(by=None, rule=by_rule, at=AT)
    suspension_runs.confirm(by=None, run=run, at=AT)
    SuspensionRule.objects.update(is_on=False)
    work_off(run_id=run.pk, at=AT)
    assert cut(service, by_rule) == PAID
    assert state_of(service) == ACTIVE


@pytest.mark.parametrize("reason", ["exception", "promise", "instalments", "grace", "report"])
def test_held_back(service, reason, monkeypatch):
    owe(service.subscriber)
    by_rule = rule()
    HOLDS[reason](service, monkeypatch)
    assert planned() == {service.subscriber_id: reason}
    assert cut(service, by_rule) == HELD
    assert state_of(service) == ACTIVE


@pytest.mark.parametrize("reason", ["exception", "promise", "instalments", "grace"])
def test_what_holds_back_also_brings_back_and_ends(service, reason, monkeypatch):
    owe(service.subscriber)
    by_rule = rule()
    cut(service, by_rule)
    HOLDS[reason](service, monkeypatch)
    assert state_of(service) == ACTIVE
    assert Suspension.objects.get().ended_why == reason
    # Once it is over, the rule holds again.
    later = AT + timedelta(days=7)
    reliefs.end_plans(at=later)
    assert cut(service, by_rule, later) == CUT


class Somebody:
    pk, audit_kind, audit_label = 7, "staff", "Clara Clerk"


def excepted(service, monkeypatch):
    until = TODAY + timedelta(days=3)
    reliefs.add_exception(by=Somebody(), subscriber=service.subscriber, reason="a clinic", until=until, at=AT)


def promised(service, monkeypatch):
    SuspensionSettings(pk=1, promises=True).save()
    until = TODAY + timedelta(days=3)
    reliefs.make_promise(by=Somebody(), subscriber=service.subscriber, until=until, at=AT)


def in_parts(service, monkeypatch):
    said = {"parts": 3, "first_on": TODAY + timedelta(days=3), "every": 14, "is_staff": True}
    reliefs.ask_for_instalments(by=Somebody(), subscriber=service.subscriber, at=AT, **said)


def given_time(service, monkeypatch):
    until = TODAY + timedelta(days=3)
    reliefs.grant_grace(by=None, subscriber=service.subscriber, until=until, reason="a report", key="report:1", at=AT)


def reported(service, monkeypatch):
    """As an app above registers what it knows."""
    from billing import holds

    monkeypatch.setattr(holds, "_holds", dict(holds.holds()))
    hold("report", "a payment report waits")(lambda local: Service.objects.filter(pk=service.pk))


HOLDS = {
    "exception": excepted,
    "promise": promised,
    "instalments": in_parts,
    "grace": given_time,
    "report": reported,
}


def test_outside_its_hours_and_on_holidays_a_rule_waits(service):
    by_rule = rule()
    local = suspensions.clock.local(AT)
    assert by_rule.is_open(local, {})
    evening = local.replace(hour=17)
    assert not by_rule.is_open(evening, {})
    assert by_rule.next_opening(evening, {}).isoformat() == "2026-03-18T09:00:00-06:00"
    friday = local.replace(day=20)
    assert by_rule.next_opening(friday, {}).date() == date(2026, 3, 23)
    assert by_rule.next_opening(friday, {date(2026, 3, 23): "Inventory"}).date() == date(2026, 3, 24)
    assert SuspensionRule(weekdays=[], begins=by_rule.begins, ends=by_rule.ends).next_opening(local, {}) is None


def test_public_holidays_of_the_country_and_own_days_are_left_alone(service, in_isp):
    owe(service.subscriber)
    rule(is_automatic=True)
    monday = datetime(2026, 3, 16, 18, 0, tzinfo=UTC)  # the birthday of Benito Juárez is kept on it
    [each] = suspensions.plan(at=monday)
    assert (each.is_open, bool(each.day_off)) == (False, True)
    suspension_runs.begin_automatic(at=monday)
    assert not SuspensionRun.objects.exists()
    # Each reader is told in their own language which day it is.
    with translation.override("es"):
        assert "Juárez" in suspensions.plan(at=monday)[0].day_off
    with translation.override("en"):
        assert "Benito Juárez's birthday" in suspensions.plan(at=monday)[0].day_off
    SuspensionSettings(pk=1, keeps_public_holidays=False).save()
    [each] = suspensions.plan(at=monday)
    assert each.is_open
    Holiday.objects.create(on=date(2026, 3, 16), name="Inventory")
    [each] = suspensions.plan(at=monday)
    assert (each.is_open, each.day_off) == (False, "Inventory")


def test_a_run_that_was_confirmed_at_night_waits_for_the_morning(service):
    owe(service.subscriber)
    night = AT + timedelta(hours=9)
    run = prepare(by=Somebody(), rule=rule(), at=night)
    run = suspension_runs.confirm(by=Somebody(), run=run, at=night)
    assert run.begins_at == datetime(2026, 3, 18, 15, 0, tzinfo=UTC)
    assert work_off(run_id=run.pk, at=night) is False
    assert state_of(service) == ACTIVE
    assert suspension_runs.unfinished(at=run.begins_at) == [run.pk]
    work_off(run_id=run.pk, at=run.begins_at)
    assert state_of(service) == SUSPENDED
    assert (Suspension.objects.get().by_name, Suspension.objects.get().planned_at) == ("Clara Clerk", night)


def test_whoever_is_left_out_of_a_run_by_hand_stays_connected(service):
    other = ServiceFactory()
    for each in (service, other):
        owe(each.subscriber)
    run = prepare(by=Somebody(), rule=rule(), at=AT)
    row = run.cuts.get(subscriber=service.subscriber)
    suspension_runs.exclude(by=Somebody(), cut=row, reason="calls back today")
    suspension_runs.confirm(by=Somebody(), run=run, at=AT)
    work_off(run_id=run.pk, at=AT)
    assert (state_of(service), state_of(other)) == (ACTIVE, SUSPENDED)
    row.refresh_from_db()
    assert (row.outcome, row.excluded_because, row.excluded_by) == ("excluded", "calls back today", "Clara Clerk")
    with pytest.raises(suspension_runs.CannotRun):
        suspension_runs.exclude(by=Somebody(), cut=row, reason="too late")
    with pytest.raises(suspension_runs.CannotRun):
        suspension_runs.confirm(by=Somebody(), run=run, at=AT)


def test_a_run_that_would_cut_a_large_part_of_all_waits_until_somebody_has_looked(isp, other_isp, in_isp):
    """As when a rule was changed by mistake, or payments of a day are missing."""
    Profile(pk=1, email="office@wispmega.example").save()
    clerk = make_member(isp, Role.BILLING)
    make_member(isp, Role.SUPPORT)
    make_member(other_isp, Role.OWNER)
    rule(is_automatic=True)
    for _ in range(12):
        owe(ServiceFactory().subscriber)
    suspension_runs.begin_automatic(at=AT)
    run = SuspensionRun.objects.get()
    assert (run.is_too_many, run.state) == (True, "draft")
    assert suspension_runs.unfinished(at=AT) == []
    suspension_runs.begin_automatic(at=AT + timedelta(minutes=10))
    mail = Message.objects.get()  # once, and to those alone who may let it go on
    assert (mail.to, "12 customers" in mail.subject) == (clerk.email, True)
    assert f"/wispmega/suspension/{run.uuid}/" in mail.text
    # The control: an ISP that allows it.
    run.delete()
    SuspensionSettings(pk=1, most_per_cent=100).save()
    suspension_runs.begin_automatic(at=AT)
    assert SuspensionRun.objects.get().state == "waiting"


def test_where_nobody_may_run_the_billing_the_company_is_told(in_isp):
    Profile(pk=1, email="office@wispmega.example").save()
    rule(is_automatic=True)
    for _ in range(12):
        owe(ServiceFactory().subscriber)
    suspension_runs.begin_automatic(at=AT)
    assert Message.objects.get().to == "office@wispmega.example"


def test_a_run_is_worked_off_in_parts_and_a_part_that_comes_twice_does_nothing_twice(in_isp, monkeypatch):
    monkeypatch.setattr(suspension_runs, "PART", 2)
    for _ in range(5):
        owe(ServiceFactory().subscriber)
    run = prepare(by=None, rule=rule(), at=AT)
    suspension_runs.confirm(by=None, run=run, at=AT)
    assert [work_off(run_id=run.pk, at=AT) for _ in range(4)] == [True, True, False, False]
    assert Suspension.objects.count() == Service.objects.filter(state=SUSPENDED).count() == Message.objects.count() == 5
    run.refresh_from_db()
    assert run.state == "done"


def test_the_plan_takes_as_many_queries_for_many_as_for_few(in_isp, count_queries):
    rule()
    owe(ServiceFactory().subscriber)
    planned()
    with count_queries() as few:
        planned()
    for _ in range(5):
        owe(ServiceFactory().subscriber)
    with count_queries() as many:
        assert len(planned()) == 6
    assert len(many) == len(few)
