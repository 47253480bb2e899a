"""A payment and the closing of its day at once. Commits for real."""

import threading
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import Account, LedgerEntry
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from payments import desk
from payments.models import CashClosing, Payment
from payments.services import closings, payments
from subscribers.models import Subscriber
from tenants.models import ISP, StaffUser


@pytest.fixture
def place(committed):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
        clerk = StaffUser.objects.create(email="race@wispmega.example", name="Race")
    with isp_scope(isp), transaction.atomic():
        ana = Subscriber.objects.create(number=901, first_name="R")
        pay(clerk, ana)
    yield isp, clerk, ana
    with isp_scope(isp), transaction.atomic():
        CashClosing.objects.all().delete()
        Payment.objects.all().delete()
        LedgerEntry.objects.all().delete()
        Account.objects.all().delete()
        Subscriber.objects.filter(first_name="R").delete()
        AuditEntry.objects.all().delete()
    with public_scope():
        clerk.delete()


def pay(clerk, person):
    said = {"amount": Decimal(100), "currency": "MXN", "on": date(2026, 3, 1), "source": Payment.Source.DESK}
    return payments.register_payment(by=clerk, subscriber=person, **said)


def at_once(isp, clerk, ana, monkeypatch):
    """The second payment is found to be allowed, then the day is closed, then the payment is written, if that can be.

    Gives what the closing says was registered, and what the day holds in the end.
    """
    looked, ended = threading.Event(), threading.Event()
    usual = closings.check_open

    def check_open(*, by):
        usual(by=by)
        looked.set()
        ended.wait(timeout=2)  # for the closing, if nothing makes it wait for us

    monkeypatch.setattr(closings, "check_open", check_open)

    def register():
        try:
            with isp_scope(isp), transaction.atomic():
                pay(clerk, ana)
        finally:
            connection.close()

    thread = threading.Thread(target=register)
    thread.start()
    looked.wait(timeout=10)
    with isp_scope(isp), transaction.atomic(), suppress(closings.Moved):
        closings.close_desk(
            by=clerk, clerk=clerk, on=timezone.localdate(), counted={"none": Decimal(100)}, seen=Decimal(100),
            currency="MXN",
        )  # fmt: skip
    ended.set()
    thread.join(timeout=30)
    with isp_scope(isp), transaction.atomic():
        closing = CashClosing.objects.first()
        held = sum(each.amount for each in desk.sums(clerk_id=clerk.pk, on=timezone.localdate()))
    return closing.registered if closing else None, held


def test_a_closing_waits_for_payments_under_way_and_sees_them(place, monkeypatch):
    closed, held = at_once(*place, monkeypatch)
    assert held == 200
    assert closed is None  # more came in than was shown; the clerk counts again


def test_without_the_lock_a_payment_slips_into_a_closed_day(place, monkeypatch):
    """The control."""
    monkeypatch.setattr(closings, "_lock", lambda clerk_id, *, shared: None)
    closed, held = at_once(*place, monkeypatch)
    assert (closed, held) == (100, 200)
