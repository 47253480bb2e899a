"""The process is killed at every boundary between phases: one charge an intent. Commits for real."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing.models import Account, Allocation, Invoice, InvoiceLine, InvoiceSeries, LedgerEntry
from billing.services.invoices import Line, issue_invoice
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from payments.gateways import kinds
from payments.gateways.base import Keys, Saved
from payments.models import Checkout, GatewayAccount, GatewayEvent, Payment, PaymentMethod, Refund, SavedMethod
from payments.services import autopay, checkouts, doorbells, refunds, truth
from payments.services.gateway_accounts import connect_gateway
from subscribers.models import Counter, Subscriber
from tenants.models import ISP
from tests.factories.staff import StaffUserFactory
from tests.payments.gateways.acts import TERMS, ref
from tests.payments.gateways.fake import NOON, FakeGateway, Killed, new_bank

DAY = NOON.date()


@pytest.fixture
def world(committed, monkeypatch):
    """Ana of WispMega owes 800 and the ISP is connected to the fake; all of it is removed afterwards."""
    bank = new_bank()
    monkeypatch.setitem(kinds(), "fake", FakeGateway)
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp):
        account = connect_gateway(by=None, isp=ref(isp), gateway="fake", keys=Keys("key"), at=NOON)
        with transaction.atomic():
            ana = Subscriber.objects.create(number=901, first_name="Ana")
            line = Line(text="Internet", unit_price=Decimal(800))
            issue_invoice(by=None, subscriber=ana, lines=[line], on=DAY, due_on=DAY, currency="MXN")
    yield World(ref(isp), bank, account, ana)
    clear(isp)


def clear(isp):
    """Remove what these tests have committed."""
    with isp_scope(isp), transaction.atomic():
        Refund.objects.all().delete()
        Checkout.objects.all().delete()
        SavedMethod.objects.all().delete()
        Payment.objects.all().delete()
        Allocation.objects.all().delete()
        InvoiceLine.objects.all().delete()
        Invoice.objects.all().delete()
        InvoiceSeries.objects.all().delete()
        LedgerEntry.objects.all().delete()
        Account.objects.all().delete()
        Subscriber.objects.filter(number=901).delete()
        GatewayEvent.objects.all().delete()
        GatewayAccount.objects.all().delete()
        Counter.objects.all().delete()
        PaymentMethod.objects.filter(kind=PaymentMethod.Kind.GATEWAY).delete()
        AuditEntry.objects.all().delete()


class World:
    def __init__(self, isp, bank, account, ana):
        self.isp, self.bank, self.account, self.ana = isp, bank, account, ana

    def begin(self, at=NOON, **more):
        values = {"amount": Decimal(800), "host": "wispmega.localhost", **more}
        return checkouts.begin_checkout(
            by=None, isp=self.isp, subscriber=self.ana, account=self.account, at=at, **values
        )

    def latest(self):
        with transaction.atomic():
            return Checkout.objects.select_related("account").first()

    def settle(self, at=NOON + timedelta(minutes=30)):
        """What the sweep does, until nothing is under way."""
        with transaction.atomic():
            rows = list(Checkout.objects.filter(check_at__isnull=False).select_related("account"))
        for row in rows:
            truth.reconcile(checkout=row, at=at, isp=self.isp)
        refunds.sweep(on=DAY, at=at)

    def books(self):
        with transaction.atomic():
            return (
                self.bank.charges(),
                Payment.objects.count(),
                Account.objects.get(subscriber=self.ana).balance,
            )


def killed_at(monkeypatch, place, name, number):
    """Kill the process once, before the `number`th call of a function."""
    usual, calls = getattr(place, name), []

    def call(*args, **kwargs):
        calls.append(1)
        if len(calls) == number:
            raise Killed
        return usual(*args, **kwargs)

    monkeypatch.setattr(place, name, call)


BOUNDARIES = [
    (checkouts, "_write", 1),
    (checkouts, "_open", 1),
    (FakeGateway, "begin", 1),
    (checkouts, "note_begun", 1),
    (truth, "reconcile", 1),
    (FakeGateway, "read", 1),
    (truth, "settle", 1),
    (truth, "register_payment", 1),
    (truth, "_copy", 1),
    (refunds, "note_refunded", 1),
]


@pytest.mark.parametrize(("place", "name", "number"), BOUNDARIES)
def test_a_page_is_paid_once_wherever_the_process_is_killed(world, monkeypatch, place, name, number):
    with isp_scope(world.isp):
        killed_at(monkeypatch, place, name, number)
        with suppress(Killed):
            world.begin()
        checkout = world.begin(at=NOON + timedelta(seconds=1))  # the payer presses again
        world.bank.pay(checkout.number)
        with suppress(Killed):
            truth.reconcile(checkout=checkout, at=NOON, isp=world.isp)
        world.settle()
        world.settle()
        assert len(world.bank.readings) == 1
        assert world.books() == (1, 1, 0)


@pytest.mark.parametrize(
    ("place", "name", "number"),
    [
        (autopay, "_write", 1),
        (autopay, "_charge", 1),
        (FakeGateway, "charge_saved", 1),
        (autopay, "note_begun", 1),
        (FakeGateway, "read", 1),
        (truth, "settle", 1),
        (truth, "register_payment", 1),
        (autopay, "note_charged", 1),
    ],
)
@pytest.mark.parametrize("keeps_keys", [True, False])
def test_a_card_is_charged_once_wherever_the_process_is_killed(world, monkeypatch, place, name, number, keeps_keys):
    """With keys that the gateway does not keep, as the negative control, a kill behind the call charges twice."""
    with isp_scope(world.isp):
        with transaction.atomic():
            saved = Saved("pm_1", "cus_1", "visa", "4242")
            row = Checkout(subscriber=world.ana, account=world.account, terms=TERMS, begun_at=NOON)
            autopay.agree(checkout=row, saved=saved, isp=world.isp, at=NOON)
        world.bank.ignores_keys = not keeps_keys
        killed_at(monkeypatch, place, name, number)
        with suppress(Killed):
            autopay.charge_due(isp=world.isp, on=DAY, at=NOON)
        autopay.charge_due(isp=world.isp, on=DAY, at=NOON + timedelta(minutes=1))
        world.settle()
        world.settle()
        is_behind_the_call = name == "note_begun"
        charges = 2 if is_behind_the_call and not keeps_keys else 1
        assert world.books() == (charges, 1, 0)


@pytest.mark.parametrize(
    ("place", "name", "number"),
    [
        (refunds, "_write", 1),
        (refunds, "carry_out", 1),
        (FakeGateway, "refund", 1),
        (refunds, "_note", 1),
        (refunds, "_book", 1),
        (refunds, "take_back_payment", 1),
    ],
)
def test_money_goes_back_once_wherever_the_process_is_killed(world, monkeypatch, place, name, number):
    with isp_scope(world.isp):
        world.bank.pay(world.begin().number)
        world.settle()
        killed_at(monkeypatch, place, name, number)
        said = {"amount": Decimal(300), "reason": "x", "on": DAY, "at": NOON, "key": "form"}
        with transaction.atomic():
            payment = Payment.objects.get()
        clerk = StaffUserFactory.build(pk=7)
        with suppress(Killed):
            refunds.refund_payment(by=clerk, payment=payment, **said)
        refunds.refund_payment(by=clerk, payment=payment, **said)
        world.settle()
        assert world.bank.readings["page-1"].refunded == 300
        assert world.books() == (1, 1, 300)


def together(world, work, count):
    """Several threads do something at the same moment; what they raised."""
    gate, raised = threading.Barrier(count), []

    def run(number):
        try:
            with isp_scope(world.isp):
                gate.wait()
                work(number)
        except Exception as error:
            raised.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_bells_the_way_back_and_the_sweep_at_the_same_moment_book_once(world):
    with isp_scope(world.isp):
        world.bank.pay(world.begin().number)

    def work(number):
        if number % 2:
            truth.reconcile(checkout=world.latest(), at=NOON, isp=world.isp)
        else:
            with transaction.atomic():
                event, _ = doorbells.take_event(
                    gateway="fake", body=f"evt-{number // 4} page-1".encode(), headers={"Signature": "secret"}, at=NOON
                )
            doorbells.process_event(event_id=event.pk, isp=world.isp, at=NOON)

    assert together(world, work, 12) == []
    with isp_scope(world.isp):
        assert world.books() == (1, 1, 0)


def test_fifty_presses_of_the_button_make_one_page(world):
    raised = together(world, lambda number: world.begin(at=datetime(2026, 3, 10, 18, 0, 40, tzinfo=UTC)), 50)
    assert set(raised) <= {"AnotherOpen", "GatewayBusy"}
    assert len(world.bank.readings) == 1


def test_clerks_who_pay_back_at_the_same_moment_give_no_more_than_there_was(world):
    with isp_scope(world.isp):
        world.bank.pay(world.begin().number)
        world.settle()
        with transaction.atomic():
            payment = Payment.objects.get()

    def work(number):
        refunds.refund_payment(
            by=StaffUserFactory.build(pk=7), payment=payment, amount=Decimal(300), reason="x", on=DAY, at=NOON
        )

    raised = together(world, work, 5)
    assert raised == ["MoreThanThereIs"] * 3
    assert world.bank.readings["page-1"].refunded == 600
    with isp_scope(world.isp):
        assert world.books() == (1, 1, 600)
