"""Processes that pay by Stripe are killed with SIGKILL at each boundary, and go on: one charge an intent, one refund.

The real library speaks over HTTP to the stand-in; everything is committed, and a killed process leaves behind what a
killed process leaves behind.
"""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import Account
from billing.services.invoices import Line, issue_invoice
from core.scope import isp_scope, public_scope
from payments.gateways.base import Keys
from payments.models import Checkout, Payment, SavedMethod
from payments.services import checkouts, truth
from payments.services.gateway_accounts import connect_gateway
from subscribers.models import Subscriber
from tenants.models import ISP
from tests.payments.gateways import mortal
from tests.payments.gateways.acts import TERMS, ref
from tests.payments.gateways.test_killed import clear
from tests.payments.gateways.test_stripe import GOOD

ROOT = Path(__file__).resolve().parents[3]
STRIPE = "payments.gateways.stripe.gateway.StripeGateway"
CHECKOUTS, TRUTH, AUTOPAY, REFUNDS = (f"payments.services.{n}" for n in ("checkouts", "truth", "autopay", "refunds"))


class World:
    """Ana owes 800 and her ISP has an account at the stand-in; and a process whose children pay, and die."""

    def __init__(self, isp, lab, keys):
        self.isp, self.lab, self.key = isp, lab, keys["live"]
        self.account = connect_gateway(by=None, isp=isp, gateway="stripe", keys=Keys(self.key), at=timezone.now())
        with transaction.atomic():
            self.ana = Subscriber.objects.create(number=901, first_name="Ana")
        self.owes(800)
        environment = {
            **os.environ,
            "DATABASE_NAME": connection.settings_dict["NAME"],
            "STRIPE_API_BASE": lab.url,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "core.settings",
            "LOG_LEVEL": "ERROR",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", mortal.__name__],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def owes(self, amount):
        line, on = Line(text="Internet", unit_price=Decimal(amount)), date(2026, 3, 1)
        with transaction.atomic():
            issue_invoice(by=None, subscriber=self.ana, lines=[line], on=on, due_on=on, currency="MXN")

    def do(self, job, die=""):
        """What a child ended with."""
        self.process.stdin.write(json.dumps({"do": job, "isp": self.isp.pk, "die": die}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def pay_page(self, **more):
        """Somebody pays at the page that is open."""
        with transaction.atomic():
            number = Checkout.objects.exclude(number="").latest("pk").number
        assert self.lab.pay(number, **GOOD)[1] == ""
        return number

    def paid_with_a_card_that_is_kept(self):
        checkout = checkouts.begin_checkout(
            by=None,
            isp=self.isp,
            subscriber=self.ana,
            account=self.account,
            amount=Decimal(800),
            at=timezone.now(),
            host="wispmega.localhost",
            terms=TERMS,
        )
        self.pay_page()
        truth.reconcile(checkout=checkout, at=timezone.now(), isp=self.isp)
        with transaction.atomic():
            assert SavedMethod.objects.running().count() == 1

    def at_stripe(self, kind, **wanted):
        rows = self.lab.books.ledger(self.key).find(kind)
        return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]

    def charges(self):
        return len(self.at_stripe("payment_intent", status="succeeded"))

    def books(self):
        with transaction.atomic():
            return Payment.objects.count(), Account.objects.get(subscriber=self.ana).balance

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def world(committed, lab, keys):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    lab.bell.is_muted = True  # nobody is there to hear it
    with isp_scope(isp):
        made = World(ref(isp), lab, keys)
        yield made
        made.close()
    clear(isp)


def both(place, *names):
    return [f"{when} {place}:{name}" for name in names for when in ("before", "after")]


@pytest.mark.parametrize(
    "die",
    [
        *both(CHECKOUTS, "_write", "note_begun"),
        *both(STRIPE, "begin", "read"),
        *both(TRUTH, "settle", "register_payment", "_copy"),
    ],
)
def test_a_page_is_paid_once_wherever_its_process_is_killed(world, die):
    ends = [world.do("begin", die), world.do("begin")]
    world.pay_page()
    ends += [world.do("settle", die), world.do("settle"), world.do("settle")]
    assert -9 in ends
    assert set(ends) <= {0, -9}
    assert (len(world.at_stripe("checkout.session")), world.charges(), world.books()) == (1, 1, (1, 0))


CHARGES = [
    *both(AUTOPAY, "_write", "_charge", "note_begun", "note_charged"),
    *both(STRIPE, "charge_saved", "read"),
    *both(TRUTH, "settle", "register_payment"),
]


@pytest.mark.parametrize("die", CHARGES)
def test_a_card_is_charged_once_wherever_its_process_is_killed(world, die):
    world.paid_with_a_card_that_is_kept()
    world.owes(500)
    ends = [world.do("charge", die), world.do("charge"), world.do("settle"), world.do("settle")]
    assert ends == [-9, 0, 0, 0]
    assert (world.charges(), world.books()) == (2, (2, 0))


@pytest.mark.parametrize(
    "die", [*both(REFUNDS, "_write", "carry_out", "_note", "_book", "take_back_payment"), *both(STRIPE, "refund")]
)
def test_money_goes_back_once_wherever_its_process_is_killed(world, die):
    world.paid_with_a_card_that_is_kept()
    ends = [world.do("refund", die), world.do("refund"), world.do("settle"), world.do("settle")]
    assert ends == [-9, 0, 0, 0]
    assert ([row["amount"] for row in world.at_stripe("refund")], world.books()) == ([30000], (1, 300))


@pytest.mark.parametrize(("job", "die", "kind"), [
    ("charge", f"after {STRIPE}:charge_saved", "payment_intent"), ("refund", f"after {STRIPE}:refund", "refund")
])  # fmt: skip
def test_if_stripe_forgot_its_keys_it_would_happen_twice(world, monkeypatch, job, die, kind):
    """The control: the kill falls behind the call, and the call that is made again is a new one."""
    usual = world.lab.call
    monkeypatch.setattr(world.lab, "call", lambda key, method, path, data, _: usual(key, method, path, data, ""))
    world.paid_with_a_card_that_is_kept()
    world.owes(500)
    before = len(world.at_stripe(kind))
    assert world.do(job, die) == -9
    for again in (job, "settle"):
        assert world.do(again) == 0
    assert len(world.at_stripe(kind)) - before == 2
