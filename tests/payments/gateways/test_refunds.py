"""Money back to the card: once, never more than there was, and booked when the gateway says so."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import LedgerEntry
from billing.services.ledger import TooMuch
from payments.gateways.base import State
from payments.models import Checkout, Payment, Refund
from payments.services import refunds
from payments.services.payments import take_back_payment
from payments.services.truth import reconcile
from tests.factories.staff import StaffUserFactory
from tests.payments.gateways.acts import balance, begin, entries
from tests.payments.gateways.fake import NOON, away

DAY = date(2026, 3, 11)
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def paid(in_isp, bank, ana):
    bank.pay(begin(in_isp, ana).number)
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    return Payment.objects.get()


@pytest.fixture
def clerk(in_isp):
    return StaffUserFactory()


def back(clerk, payment, amount, **more):
    values = {"reason": "Outage", "on": DAY, "at": LATER, **more}
    return refunds.refund_payment(by=clerk, payment=payment, amount=Decimal(amount), **values)


def test_a_part_and_then_the_rest_go_back_and_are_owed_again(in_isp, bank, ana, paid, clerk):
    assert back(clerk, paid, "300").state == "done"
    paid.refresh_from_db()
    assert (balance(ana), refunds.left_of(paid)) == (300, 500)
    back(clerk, paid, "500")
    assert balance(ana) == 800
    assert entries(ana)[-2:] == [("refund", 300), ("refund", 500)]
    assert bank.readings["page-1"].refunded == 800


@pytest.mark.parametrize("amount", ["0", "-5", "800.01", "0.001", "1e30"])
def test_not_nothing_and_not_more_than_there_is(bank, paid, clerk, amount):
    with pytest.raises(refunds.MoreThanThereIs):
        back(clerk, paid, amount)
    assert not Refund.objects.exists()


def test_a_form_that_is_sent_twice_pays_back_once(bank, ana, paid, clerk):
    first = back(clerk, paid, "300", key="form")
    assert back(clerk, paid, "300", key="form") == first
    assert (bank.readings["page-1"].refunded, balance(ana)) == (300, 300)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_is_lost_is_asked_for_again_with_the_same_key(bank, ana, paid, clerk, when):
    setattr(bank, when, away("refund"))
    assert back(clerk, paid, "300").state == "begun"
    assert (balance(ana), refunds.left_of(paid)) == (0, 500)
    setattr(bank, when, lambda name: None)
    refunds.sweep(on=DAY, at=LATER + timedelta(minutes=10))
    assert (Refund.objects.get().state, bank.readings["page-1"].refunded, balance(ana)) == ("done", 300, 300)


def test_without_the_stored_key_two_refunds_would_show(bank, ana, paid, clerk):
    """The negative control of the test before."""
    bank.ignores_keys = True
    bank.after = away("refund")
    back(clerk, paid, "300")
    bank.after = lambda name: None
    refunds.sweep(on=DAY, at=LATER + timedelta(minutes=10))
    assert bank.readings["page-1"].refunded == 600


@pytest.mark.parametrize(("happened", "state", "left"), [(True, "done", 300), (False, "failed", 0)])
def test_after_its_key_is_forgotten_the_sum_at_the_gateway_decides(bank, ana, paid, clerk, happened, state, left):
    setattr(bank, "after" if happened else "before", away("refund"))
    back(clerk, paid, "300")
    refunds.sweep(on=DAY, at=LATER + timedelta(days=2))
    assert (Refund.objects.get().state, balance(ana)) == (state, left)


def test_what_was_paid_back_at_the_gateway_itself_is_booked_once(bank, ana, paid, clerk):
    bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(200))
    for _ in range(2):
        reconcile(checkout=Checkout.objects.get(), at=LATER)
    assert balance(ana) == 200
    back(clerk, paid, "100")
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    assert balance(ana) == 300
    assert list(Refund.objects.order_by("pk").values_list("amount", "by_kind")) == [(200, "system"), (100, "staff")]


def test_a_refund_that_the_gateway_refuses_books_nothing_and_frees_the_amount(bank, ana, paid, clerk):
    bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(700))
    with pytest.raises(refunds.GatewayRefuses):
        back(clerk, paid, "300")
    assert (balance(ana), refunds.left_of(paid)) == (0, 800)


def test_a_payment_taken_back_by_hand_leaves_nothing_to_pay_back(bank, ana, paid, clerk):
    take_back_payment(by=clerk, payment=paid, kind=LedgerEntry.Kind.TAKEN_BACK, on=DAY, reason="error")
    with pytest.raises(refunds.MoreThanThereIs):
        back(clerk, paid, "1")


def test_a_refund_that_happened_while_somebody_took_the_payment_back_is_booked_by_one_of_them(bank, ana, paid, clerk):
    bank.after = away("refund")
    back(clerk, paid, "800")
    take_back_payment(by=clerk, payment=paid, kind=LedgerEntry.Kind.TAKEN_BACK, on=DAY, reason="error")
    bank.after = lambda name: None
    refunds.sweep(on=DAY, at=LATER + timedelta(minutes=10))
    assert (Refund.objects.get().state, Refund.objects.get().entry, balance(ana)) == ("done", None, 800)
    again = {"kind": LedgerEntry.Kind.TAKEN_BACK, "on": DAY, "reason": "x", "amount": Decimal(1)}
    with pytest.raises(TooMuch):
        take_back_payment(by=clerk, payment=paid, **again)


def test_a_payment_of_the_desk_is_not_paid_back_by_a_gateway(bank, ana, clerk):
    from payments.services.payments import register_payment

    desk = register_payment(
        by=clerk, subscriber=ana, amount=Decimal(10), currency="MXN", on=DAY, source=Payment.Source.DESK
    )
    with pytest.raises(refunds.NotByGateway):
        back(clerk, desk, "10")


def test_a_dispute_is_seen(bank, ana, paid):
    bank.readings["page-1"] = replace(bank.readings["page-1"], is_disputed=True, state=State.PAID)
    assert reconcile(checkout=Checkout.objects.get(), at=LATER).is_disputed
