"""Billing runs: what is due is billed once, to the cent, within bounds, and what is odd is said beforehand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import (
    Account,
    BillingRun,
    BillingSettings,
    Discount,
    GroupBilling,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    LedgerEntry,
)
from billing.services import invoices, planning, runs, schedule
from core.models import AuditEntry
from core.scope import owner_scope
from messaging.models import Message
from payments.services import payments
from subscribers.models import PriceChange, ServiceChange
from subscribers.services import connections
from tenants.directory import IspRef
from tenants.roles import Role
from tests.billing.test_books import adds_up
from tests.factories.staff import make_member
from tests.factories.subscribers import (
    InvoiceGroupFactory,
    ServiceFactory,
    TariffFactory,
)

APRIL = date(2026, 4, 1)
LAST = date(2026, 4, 30)


@pytest.fixture
def ref(in_isp):
    return IspRef(
        in_isp.pk, in_isp.uuid, in_isp.slug, in_isp.schema_name, in_isp.name, "MX", "en", "MXN", "America/Mexico_City",
        False,
    )  # fmt: skip


def said(**values):
    BillingSettings.objects.update_or_create(pk=1, defaults=values)


def forecast(ref, on=APRIL, **more):
    run = runs.plan_run(by=None, isp=ref, on=on, **more)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    return run


def billed(ref, on=APRIL, **more):
    run = forecast(ref, on, **more)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    return run


def days_of(service):
    lines = InvoiceLine.objects.filter(service=service, is_billing=True).order_by("period_from")
    return list(lines.values_list("period_from", "period_to", "amount"))


def test_a_run_bills_everybody_once(ref):
    services = [ServiceFactory(started_on=date(2025, 1, 1)) for _ in range(3)]
    ServiceFactory(state="pending")
    first = billed(ref)
    assert (first.state, first.count, first.amount, first.left_out) == ("done", 3, Decimal(1497), 0)
    assert days_of(services[0]) == [(APRIL, LAST, Decimal(499))]
    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["000001", "000002", "000003"]
    assert set(Invoice.objects.values_list("run", "due_on")) == {(first.pk, date(2026, 4, 11))}
    again = billed(ref)
    assert (again.state, again.count) == ("done", 0)
    assert billed(ref, date(2026, 5, 1)).count == 3
    assert days_of(services[0])[1][:2] == (date(2026, 5, 1), date(2026, 5, 31))
    adds_up()


def test_a_forecast_writes_nothing_to_the_books_and_says_what_is_odd(ref):
    plain = ServiceFactory(started_on=date(2025, 1, 1))
    billed(ref, date(2026, 3, 1))
    late = ServiceFactory(started_on=date(2026, 3, 20), subscriber__address="")
    free = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(0))
    dear = ServiceFactory(subscriber=plain.subscriber, price=Decimal(900), started_on=date(2026, 4, 1))
    before = LedgerEntry.objects.count(), Invoice.objects.count()
    run = forecast(ref)
    assert (LedgerEntry.objects.count(), Invoice.objects.count()) == before
    odd = {row.subscriber_id: set(row.odd) for row in run.rows.all()}
    assert odd[plain.subscriber_id] == {"deviates"}
    assert odd[late.subscriber_id] == {"first", "prorated", "no_address", "catches_up"}
    assert odd[free.subscriber_id] == {"first", "zero", "catches_up"}
    assert run.expected_count == 3
    assert run.expected_highest == 499 + dear.price
    assert run.report["odd"] == {
        "deviates": 1, "first": 2, "prorated": 1, "no_address": 1, "zero": 1, "catches_up": 2
    }  # fmt: skip
    # What it says is what the run does.
    done = billed(ref)
    assert (done.count, done.amount) == (run.expected_count, run.expected_amount)


def test_a_service_that_begins_and_ends_within_a_period_is_billed_for_its_days(ref):
    said(begins_on=date(2026, 4, 1), in_advance=False)
    service = ServiceFactory(
        started_on=date(2026, 4, 10), ended_on=date(2026, 4, 19), state="ended", price=Decimal(300)
    )
    assert billed(ref, date(2026, 4, 15)).count == 0
    run = billed(ref, date(2026, 5, 2))
    assert days_of(service) == [(date(2026, 4, 10), date(2026, 4, 19), Decimal(100))]
    assert run.count == 1


def test_what_was_billed_beyond_the_end_is_given_back_once(ref):
    service = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))
    billed(ref)
    connections.change_service_state(by=None, service=service, to="ended", on=date(2026, 4, 20))
    run = billed(ref, date(2026, 5, 1))
    assert (run.count, run.credit_notes) == (0, 1)
    assert Account.objects.get(subscriber=service.subscriber).balance == 200
    assert billed(ref, date(2026, 6, 1)).credit_notes == 0
    adds_up()


def test_what_is_given_back_lowers_the_invoice_of_another_service(ref):
    ended = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))
    other = ServiceFactory(subscriber=ended.subscriber, started_on=date(2025, 1, 1), price=Decimal(500))
    billed(ref)
    connections.change_service_state(by=None, service=ended, to="ended", on=date(2026, 4, 20))
    run = billed(ref, date(2026, 5, 1))
    assert (run.count, run.amount, run.credit_notes) == (1, Decimal(400), 0)
    assert days_of(other)[-1][1] == date(2026, 5, 31)
    assert billed(ref, date(2026, 6, 1)).amount == 500
    # The setting off: nothing is given back.
    said(gives_back=False)
    connections.change_service_state(by=None, service=other, to="ended", on=date(2026, 6, 10))
    assert (billed(ref, date(2026, 7, 1)).credit_notes, billed(ref, date(2026, 7, 1)).count) == (0, 0)
    adds_up()


def test_a_change_of_tariff_within_a_billed_period_costs_the_difference_by_days(ref):
    service = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))
    billed(ref)
    fast = TariffFactory(name="Hogar 500", price=Decimal(600))
    connections.change_service(by=None, service=service, tariff=fast)
    change = PriceChange.objects.get()
    assert (change.price_before, change.cycle_before) == (300, 1)
    PriceChange.objects.update(on=date(2026, 4, 21))
    run = billed(ref, date(2026, 5, 1))
    assert run.amount == 700  # May, and ten days of April at 300 more a month
    line = InvoiceLine.objects.get(adjusts__startswith=f"change:{change.pk}:")
    assert (line.amount, line.period_from, line.period_to) == (100, date(2026, 4, 21), LAST)
    assert billed(ref, date(2026, 6, 1)).amount == 600
    adds_up()


def test_a_change_of_tariff_before_its_days_are_billed_costs_each_day_its_own_price(ref):
    said(begins_on=APRIL, in_advance=False)
    service = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))
    connections.change_service(by=None, service=service, price=Decimal(600))
    PriceChange.objects.update(on=date(2026, 4, 21))
    billed(ref, date(2026, 5, 1))
    assert [amount for *_, amount in days_of(service)] == [200, 200]
    assert billed(ref, date(2026, 6, 1)).amount == 600


def test_the_days_of_a_cut_are_never_billed_if_the_isp_says_so(ref):
    """Neither while the service is off nor after its return."""
    said(bills_suspended=False, begins_on=date(2026, 3, 1))
    service = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))

    def on(day, state):
        at = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("America/Mexico_City"))
        ServiceChange.objects.filter(pk=ServiceChange.objects.create(service=service, state=state).pk).update(at=at)
        type(service).objects.filter(pk=service.pk).update(state=state)

    on(date(2025, 1, 1), "active")
    billed(ref, date(2026, 3, 1))
    on(date(2026, 3, 10), "suspended")
    with timezone.override("America/Mexico_City"):
        assert billed(ref).count == 0
        on(date(2026, 4, 21), "active")
        assert billed(ref, date(2026, 5, 1)).amount == 400
    assert days_of(service)[1:] == [
        (date(2026, 4, 21), LAST, Decimal(100)),
        (date(2026, 5, 1), date(2026, 5, 31), Decimal(300)),
    ]


def test_suspended_services_are_billed_otherwise(ref):
    service = ServiceFactory(started_on=date(2025, 1, 1), state="suspended")
    billed(ref)
    assert len(days_of(service)) == 1


def test_discounts_lower_the_days_that_they_are_for(ref):
    service = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))
    whole = {"service": service, "reason": "Loyalty", "starts_on": date(2026, 1, 1)}
    Discount.objects.create(percent=Decimal(10), **whole)
    Discount.objects.create(amount=Decimal(60), ends_on=date(2026, 4, 15), **whole)
    assert billed(ref).amount == 300 - 30 - 30
    assert billed(ref, date(2026, 5, 1)).amount == 270
    Discount.objects.filter(percent=10).update(percent=100)
    free = billed(ref, date(2026, 6, 1))
    assert (free.count, free.amount) == (1, 0)
    assert Invoice.objects.get(run=free).entry is None
    adds_up()


def test_credit_that_is_there_pays_the_invoices_of_a_run(ref):
    rich, poor = ServiceFactory(started_on=APRIL), ServiceFactory(started_on=APRIL)
    payments.register_payment(
        by=None, subscriber=rich.subscriber, amount=Decimal("600.50"), currency="MXN", on=APRIL, source="desk"
    )
    billed(ref)
    assert Account.objects.get(subscriber=rich.subscriber).balance == Decimal("-101.50")
    opened = dict(Invoice.objects.values_list("subscriber", "entry__open"))
    assert opened == {rich.subscriber_id: 0, poor.subscriber_id: 499}
    billed(ref, date(2026, 5, 1))
    assert Account.objects.get(subscriber=rich.subscriber).balance == Decimal("397.50")
    adds_up()


def test_groups_have_numbers_days_to_pay_and_billing_days_of_their_own(ref):
    group = InvoiceGroupFactory(name="Empresas", number_prefix="E-")
    GroupBilling.objects.create(group=group, billing_day=15, due_days=30)
    said(begins_on=date(2026, 3, 1))
    theirs = ServiceFactory(started_on=date(2025, 1, 1), subscriber__group=group, price=Decimal(310))
    ours = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(310))
    billed(ref, date(2026, 3, 15), group=group)
    assert [row[:2] for row in days_of(theirs)] == [
        (date(2026, 3, 1), date(2026, 3, 14)),
        (date(2026, 3, 15), date(2026, 4, 14)),
    ]
    assert days_of(ours) == []
    invoice = Invoice.objects.get()
    assert (invoice.number, invoice.due_on, invoice.total) == ("E-000001", date(2026, 4, 14), Decimal("465.00"))


def test_quarters_and_currencies_without_cents(ref):
    tariff = TariffFactory(name="Trimestral", cycle=3, price=Decimal(1000), tax_rate=Decimal(19))
    service = ServiceFactory(tariff=tariff, started_on=date(2026, 4, 11))
    rules = planning.Rules.load(on=date(2026, 4, 12), currency="CLP")
    rules.settings.begins_on = APRIL
    (bill,) = planning.plan(subscribers=[service.subscriber], rules=rules)
    assert (bill.lines[0].days.last, bill.total) == (date(2026, 6, 30), Decimal(890))


def test_a_run_stops_before_it_passes_its_bounds(ref, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", 2)
    for _ in range(4):
        ServiceFactory(started_on=date(2025, 1, 1))
    run = forecast(ref)
    # After the forecast somebody imports many customers.
    for _ in range(4):
        ServiceFactory(started_on=date(2025, 1, 1))
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.report["stopped"]["kind"], run.count) == ("stopped", "most_count", 4)
    assert Invoice.objects.count() == 4 <= run.most_count
    assert AuditEntry.objects.get(verb="billing.run.stopped").details["why"] == "most_count"
    # Going on with the bound stops at once again; without it, all are billed.
    runs.resume_run(by=None, run=run, isp_id=ref.pk)
    assert not runs.work_off(run_id=run.pk, isp=ref)
    runs.resume_run(by=None, run=run, isp_id=ref.pk, anyway=True)
    run.refresh_from_db()
    BillingRun.objects.update(most_amount=None)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.count) == ("done", 8)
    adds_up()


def test_a_run_stops_before_an_invoice_over_the_limit(ref):
    said(invoice_limit=Decimal(1000))
    ServiceFactory(started_on=date(2025, 1, 1))
    high = ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(4990))
    run = forecast(ref)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    assert not runs.work_off(run_id=run.pk, isp=ref)
    run.refresh_from_db()
    assert (run.state, run.report["stopped"]["subscriber"]) == ("stopped", high.subscriber.number)
    assert not Invoice.objects.exists()


def test_a_run_is_stopped_and_gone_on_with(ref, monkeypatch):
    monkeypatch.setattr(runs, "CHUNK", 2)
    for _ in range(5):
        ServiceFactory(started_on=date(2025, 1, 1))
    run = forecast(ref)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    with pytest.raises(runs.CannotRun), transaction.atomic():
        runs.start_run(by=None, run=run, isp_id=ref.pk)
    runs.work_off(run_id=run.pk, isp=ref)
    run = runs.stop_run(by=None, run=run)
    assert not runs.work_off(run_id=run.pk, isp=ref)
    assert (run.count, Invoice.objects.count()) == (2, 2)
    runs.resume_run(by=None, run=run, isp_id=ref.pk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.count) == ("done", 5)
    verbs = list(
        AuditEntry.objects.filter(verb__startswith="billing.run").order_by("pk").values_list("verb", flat=True)
    )
    assert [verb.rpartition(".")[2] for verb in verbs] == ["planned", "started", "stopped", "resumed", "finished"]


def test_who_was_billed_meanwhile_is_left_out_and_said(ref, monkeypatch):
    """The plan does not know of it, as when two ran at once; the database refuses, and the others are billed."""
    one, two = ServiceFactory(started_on=APRIL), ServiceFactory(started_on=APRIL)
    run = forecast(ref)
    line = invoices.Line(
        text="By hand", unit_price=Decimal(1), kind=InvoiceLine.Kind.SERVICE, service=one,
        period_from=date(2026, 4, 10), period_to=date(2026, 4, 10),
    )  # fmt: skip
    invoices.issue_invoice(by=None, subscriber=one.subscriber, lines=[line], on=APRIL, currency="MXN")
    usual = planning._load

    def blind(keys, rules):
        chunk = usual(keys, rules)
        chunk.billed = {}
        return chunk

    monkeypatch.setattr(planning, "_load", blind)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.count, run.left_out, run.report["left_out"]) == (1, 1, {"already_billed": 1})
    assert run.rows.exclude(reason="").get().subscriber == one.subscriber
    assert len(days_of(two)) == 1
    adds_up()


def test_a_chunk_takes_a_fixed_number_of_queries(ref):
    def queries():
        run = forecast(ref)
        runs.start_run(by=None, run=run, isp_id=ref.pk)
        with CaptureQueriesContext(connection) as seen:
            runs.work_off(run_id=run.pk, isp=ref)
        Invoice.objects.all().delete()
        LedgerEntry.objects.all().delete()
        return len(seen)

    for _ in range(2):
        ServiceFactory(started_on=APRIL)
    few = queries()
    for _ in range(20):
        ServiceFactory(started_on=APRIL)
    assert queries() == few <= 40


def local(*when):
    return datetime(*when, tzinfo=ZoneInfo("America/Mexico_City"))


def test_the_schedule_runs_on_the_day_and_hour_of_the_isp_once(ref):
    ServiceFactory(started_on=date(2025, 1, 1))
    said(is_automatic=True, billing_day=5, hour=6)
    assert schedule.begin_due(isp=ref, at=local(2026, 4, 5, 5, 59)) == []
    (run,) = schedule.begin_due(isp=ref, at=local(2026, 4, 5, 6, 0))
    assert (run.on, run.scheduled_for) == (date(2026, 4, 5), date(2026, 4, 5))
    assert schedule.begin_due(isp=ref, at=local(2026, 4, 5, 7)) == []
    assert schedule.begin_due(isp=ref, at=local(2026, 4, 20, 7)) == []  # weeks late, nobody wants it by itself
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.count) == ("done", 1)
    assert len(schedule.begin_due(isp=ref, at=local(2026, 5, 5, 23))) == 1
    said(is_automatic=False)
    assert schedule.begin_due(isp=ref, at=local(2026, 6, 5, 7)) == []


def test_the_schedule_has_a_run_for_each_billing_day_and_runs_before_it_if_so_set(ref):
    group = InvoiceGroupFactory(name="Empresas")
    GroupBilling.objects.create(group=group, billing_day=20)
    ServiceFactory(started_on=date(2025, 1, 1), subscriber__group=group)
    said(is_automatic=True, billing_day=10, lead_days=5)
    (run,) = schedule.begin_due(isp=ref, at=local(2026, 4, 5, 6, 0))
    assert (run.group, run.total) == (None, 0)
    (run,) = schedule.begin_due(isp=ref, at=local(2026, 4, 15, 6, 0))
    assert (run.group, run.total) == (group, 1)
    assert schedule.next_day(date(2026, 4, 5), billing_day=10, lead_days=5) == date(2026, 5, 5)


def test_a_scheduled_run_far_from_the_last_one_waits_for_somebody(ref, isp):
    clerk = make_member(isp, Role.BILLING)
    ServiceFactory(started_on=date(2025, 1, 1))
    said(is_automatic=True)
    (run,) = schedule.begin_due(isp=ref, at=local(2026, 4, 1, 6, 0))
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    for _ in range(3):
        ServiceFactory(started_on=date(2025, 1, 1))
    (run,) = schedule.begin_due(isp=ref, at=local(2026, 5, 1, 6, 0))
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.report["stopped"]["kind"], run.count) == ("planned", "far", 0)
    assert list(BillingRun.objects.held(since=run.at)) == [run]
    mail = Message.objects.get()
    assert (mail.to, mail.occasion) == (clerk.email, "billing/run_held")
    told = ("did not begin", f"/wispmega/billing/runs/{run.uuid}/", f"{run.expected_amount:,}")
    assert all(text in mail.text for text in told)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    run.refresh_from_db()
    assert run.state == "running"
    assert not BillingRun.objects.held(since=run.at).exists()


def test_whoever_may_run_the_billing_is_told_of_a_run_that_stopped_on_its_way(ref, isp):
    make_member(isp, Role.OWNER)
    for _ in range(2):
        ServiceFactory(started_on=APRIL)
    run = runs.plan_run(by=None, isp=ref, on=APRIL)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    BillingRun.objects.update(most_count=1)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, list(BillingRun.objects.held(since=run.at))) == ("stopped", [run])
    assert "has stopped at one of your limits" in Message.objects.get().text
    # Stopped by hand it waits for nobody in particular, and nobody is written to.
    runs.resume_run(by=None, run=run, isp_id=ref.pk, anyway=True)
    runs.stop_run(by=None, run=run)
    assert not BillingRun.objects.held(since=run.at).exists()
    assert Message.objects.count() == 1


def test_the_first_run_says_from_when_on_services_are_billed_here(ref):
    """A customer since 2019 who was taken over is not billed seven years; later ones are billed from their start."""
    ServiceFactory(started_on=date(2019, 1, 1))
    assert billed(ref).amount == 499
    assert BillingSettings.load().begins_on == APRIL
    late = ServiceFactory(started_on=date(2026, 4, 16), price=Decimal(300))
    billed(ref, date(2026, 5, 1))
    assert [amount for *_, amount in days_of(late)] == [150, 300]


def test_old_forecasts_are_forgotten_and_lost_tasks_made_up_for(ref, monkeypatch):
    sent = []
    monkeypatch.setattr(runs, "enqueue_on_commit", lambda task, **about: sent.append(about["run_id"]))
    ServiceFactory(started_on=APRIL)
    run = billed(ref)
    other = runs.plan_run(by=None, isp=ref, on=APRIL)
    runs.sweep(isp_id=ref.pk)
    assert (run.rows.count(), sent) == (1, [])
    BillingRun.objects.update(touched_at=timezone.now() - timedelta(minutes=5))
    BillingRun.objects.filter(pk=run.pk).update(ended_at=timezone.now() - timedelta(days=91))
    runs.sweep(isp_id=ref.pk)
    assert (run.rows.count(), sent) == (0, [other.pk])


def test_a_run_stops_where_the_books_take_none_of_its_invoices(ref, monkeypatch):
    """As when the next number is taken already: it would leave out all that follow, and say that it is done."""
    monkeypatch.setattr(runs, "CHUNK", 2)
    for _ in range(8):
        ServiceFactory(started_on=date(2025, 1, 1))
    run = forecast(ref)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    runs.work_off(run_id=run.pk, isp=ref)
    InvoiceSeries.objects.update(last=0)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.report["stopped"]["kind"], run.count, run.left_out) == ("stopped", "failed", 2, 0)
    # Mended, it goes on with those it stopped at.
    InvoiceSeries.objects.update(last=2)
    runs.resume_run(by=None, run=run, isp_id=ref.pk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.count, run.left_out, Invoice.objects.count()) == ("done", 8, 0, 8)
    adds_up()


def test_a_run_is_not_done_while_its_invoices_are_not_there(ref):
    for _ in range(3):
        ServiceFactory(started_on=date(2025, 1, 1))
    run = forecast(ref)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    runs.work_off(run_id=run.pk, isp=ref)
    Invoice.objects.filter(pk=Invoice.objects.latest("pk").pk).update(run=None)
    assert not runs.work_off(run_id=run.pk, isp=ref)
    run.refresh_from_db()
    why = run.report["stopped"]
    assert (run.state, why["kind"], why["value"], why["bound"]) == ("stopped", "missing", "2", "3")
    runs.resume_run(by=None, run=run, isp_id=ref.pk)
    assert not runs.work_off(run_id=run.pk, isp=ref)
    run.refresh_from_db()
    assert (run.state, run.count) == ("done", 2)


def test_a_chunk_whose_people_are_gone_ends_no_run(ref, monkeypatch):
    """Between the look for whom to bill and the lock on them they were erased; others follow."""
    monkeypatch.setattr(runs, "CHUNK", 1)
    for _ in range(3):
        ServiceFactory(started_on=date(2025, 1, 1))
    run = forecast(ref)
    runs.start_run(by=None, run=run, isp_id=ref.pk)
    usual, calls = runs._chunk, []

    def chunk(run, *, locked):
        calls.append(1)
        return usual(run, locked=locked) if len(calls) != 2 else usual(run, locked=locked)[:0]

    monkeypatch.setattr(runs, "_chunk", chunk)
    while runs.work_off(run_id=run.pk, isp=ref):
        pass
    run.refresh_from_db()
    assert (run.state, run.count) == ("done", 2)


REFUSES_LATE = """
CREATE FUNCTION refuses_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.subscriber_id = {pk} THEN RAISE integrity_constraint_violation USING MESSAGE = 'seen at the commit'; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuses_late AFTER INSERT ON billing_invoice DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuses_late();
"""


def late_refusal(ref) -> Any:
    """Somebody whose invoices the database refuses, and only when it commits; and three others."""
    people = [ServiceFactory(started_on=APRIL).subscriber for _ in range(4)]
    with owner_scope(ref), connection.cursor() as cursor:
        cursor.execute(REFUSES_LATE.format(pk=people[1].pk))
    return people[1]


def test_an_invoice_that_is_refused_at_the_commit_is_left_out_alone(ref):
    unlucky = late_refusal(ref)
    run = billed(ref)
    assert (run.state, run.count, run.left_out, Invoice.objects.count()) == ("done", 3, 1, 3)
    assert list(run.rows.exclude(reason="").values_list("subscriber", "reason")) == [(unlucky.pk, "failed")]
    connection.check_constraints()
    adds_up()


def test_without_the_early_check_the_whole_commit_fails(ref, monkeypatch):
    """The control of the test above."""
    check = connection.check_constraints
    monkeypatch.setattr(connection, "check_constraints", lambda: None)
    late_refusal(ref)
    assert billed(ref).count == 4
    with pytest.raises(IntegrityError, match="seen at the commit"), transaction.atomic():
        check()
