"""A payment that is booked while a run cuts. Commits for real."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import (
    Account,
    Allocation,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    LedgerEntry,
    PlannedCut,
    Suspension,
    SuspensionRule,
    SuspensionRun,
)
from billing.services import invoices, suspensions
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import Message
from payments.models import Payment
from payments.services import payments
from subscribers.models import Counter, Service, Subscriber, Tariff
from tenants.models import ISP

AT = timezone.now()


@pytest.fixture
def isp(committed):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    yield isp
    with isp_scope(isp), transaction.atomic():
        for model in (PlannedCut, Suspension, SuspensionRun, SuspensionRule, Payment, Allocation, InvoiceLine, Invoice):
            model.objects.all().delete()
        for model in (LedgerEntry, Account, InvoiceSeries, Service, Subscriber, Tariff, Message, AuditEntry, Counter):
            model.objects.all().delete()


@pytest.fixture
def service(isp):
    """A service whose invoice was due ten days ago, and a rule that would cut it now."""
    with isp_scope(isp), transaction.atomic():
        tariff = Tariff.objects.create(name="Race", download=1, upload=1, price=1)
        subscriber = Subscriber.objects.create(number=990001, first_name="Race")
        owe(subscriber)
        SuspensionRule.objects.create(is_on=True)
        return Service.objects.create(subscriber=subscriber, number=990001, tariff=tariff)


def owe(subscriber):
    on = AT.date() - timedelta(days=20)
    line = invoices.Line(text="Internet", unit_price=Decimal(500))
    invoices.issue_invoice(
        by=None, subscriber=subscriber, lines=[line], on=on, due_on=on + timedelta(days=10), currency="MXN"
    )


def cut(service, at=AT):
    rule = SuspensionRule.objects.get()
    return suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule, at=at)


def pay(service):
    payments.register_payment(
        by=None,
        subscriber=service.subscriber,
        amount=Decimal(500),
        currency="MXN",
        on=AT.date(),
        source=Payment.Source.DESK,
    )


def together(isp, *acts):
    failures = []

    def one(act):
        try:
            with isp_scope(isp), transaction.atomic():
                act()
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []


def state(isp, service):
    with isp_scope(isp), transaction.atomic():
        return Service.objects.get(pk=service.pk).state


@pytest.mark.parametrize("first", ["cut", "pay"])
def test_whoever_pays_while_the_cut_runs_is_connected_afterwards(isp, service, first, monkeypatch):
    """Whichever comes first, the other one is made to wait for its lock in the middle of the work."""
    inside, gate = threading.Event(), threading.Event()
    real_held, real_reconsider = suspensions.in_debt, suspensions.reconsider

    def slow_look(*args, **said):
        found = real_held(*args, **said)
        if first == "cut":
            found = list(found)
            inside.set()
            gate.wait(timeout=2)  # the payment runs into the lock meanwhile
            return FoundAlready(found)
        return found

    def slow_reconsider(**said):
        if first == "pay":
            inside.set()
            gate.wait(timeout=2)
        return real_reconsider(**said)

    monkeypatch.setattr(suspensions, "in_debt", slow_look)
    monkeypatch.setattr(suspensions, "reconsider", slow_reconsider)

    def later(act):
        def run():
            inside.wait(timeout=20)
            act(service)

        return run

    acts = (lambda: cut(service), later(pay)) if first == "cut" else (lambda: pay(service), later(cut))
    together(isp, *acts)
    assert state(isp, service) == Service.State.ACTIVE
    with isp_scope(isp), transaction.atomic():
        assert Suspension.objects.running().count() == 0
        assert Account.objects.get().balance == 0


class FoundAlready:
    """Rows that were read, as a query gives them."""

    def __init__(self, rows):
        self.rows = rows

    def filter(self, subscriber__in):
        return [row for row in self.rows if row["subscriber"] in subscriber__in]


def test_without_the_lock_whoever_pays_while_the_cut_runs_stays_cut(isp, service, monkeypatch):
    """The control: the cut reads what is owed, then a payment comes and goes, then the cut writes."""
    read, paid = threading.Event(), threading.Event()
    real = suspensions.in_debt

    class Unlocked:
        objects = type("Rows", (), {"lock_all_to_add": lambda self, keys: Subscriber.objects.filter(pk__in=keys)})()

    def slow_look(*args, **said):
        found = list(real(*args, **said))
        read.set()
        paid.wait(timeout=20)
        return FoundAlready(found)

    monkeypatch.setattr(suspensions, "in_debt", slow_look)
    real_subscriber = suspensions.Subscriber

    def payment():
        read.wait(timeout=20)
        # A transaction of its own that ends before the cut writes.
        suspensions.Subscriber = real_subscriber
        pay(service)

    def cutting():
        suspensions.Subscriber = Unlocked
        cut(service)

    def run_payment():
        try:
            with isp_scope(isp), transaction.atomic():
                payment()
        finally:
            paid.set()
            connection.close()

    thread = threading.Thread(target=run_payment)
    try:
        thread.start()
        with isp_scope(isp), transaction.atomic():
            cutting()
        thread.join(timeout=60)
    finally:
        suspensions.Subscriber = real_subscriber
    assert state(isp, service) == Service.State.SUSPENDED
    with isp_scope(isp), transaction.atomic():
        assert Account.objects.get().balance == 0


@pytest.mark.parametrize("turn", range(3))
def test_many_times_at_once(isp, service, turn):
    gate = threading.Barrier(2)

    def at_once(act):
        def run():
            gate.wait(timeout=20)
            act(service)

        return run

    together(isp, at_once(cut), at_once(pay))
    assert state(isp, service) == Service.State.ACTIVE
