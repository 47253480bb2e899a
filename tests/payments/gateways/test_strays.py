"""Payments that fit nothing are nobody's until staff say whose."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import LedgerEntry
from payments.models import Checkout, Payment, Refund, StrayPayment
from payments.services import refunds, strays
from payments.services.truth import reconcile
from tests.factories.staff import StaffUserFactory
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import balance, begin
from tests.payments.gateways.fake import NOON, away

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def stray(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1", amount=Decimal("450"))
    reconcile(checkout=Checkout.objects.get(), at=NOON)
    return StrayPayment.objects.get()


def test_it_is_booked_for_whom_staff_say_and_once(in_isp, bank, ana, stray):
    clerk = StaffUserFactory()
    payment = strays.assign_stray(by=clerk, stray=stray, subscriber=ana, currency="MXN", at=LATER)
    assert (payment.amount, payment.key, balance(ana)) == (450, "fake:money-page-1", 350)
    with pytest.raises(strays.Decided):
        strays.assign_stray(by=clerk, stray=stray, subscriber=SubscriberFactory(), currency="MXN", at=LATER)
    with pytest.raises(strays.Decided):
        strays.dismiss_stray(by=clerk, stray=stray, note="x", at=LATER)
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    assert Payment.objects.count() == 1


def test_money_of_test_mode_or_another_currency_is_booked_for_nobody(in_isp, bank, ana, stray):
    clerk = StaffUserFactory()
    for wrong in ({"is_live": False}, {"is_live": True, "currency": "USD"}):
        StrayPayment.objects.update(**wrong)
        with pytest.raises(strays.CannotAssign):
            strays.assign_stray(by=clerk, stray=stray, subscriber=ana, currency="MXN", at=LATER)
    assert not Payment.objects.exists()


def test_it_can_be_put_aside_with_a_reason(in_isp, bank, ana, stray):
    strays.dismiss_stray(by=StaffUserFactory(), stray=stray, note="Our shop", at=LATER)
    stray.refresh_from_db()
    assert (stray.decision, stray.note, stray.is_waiting) == ("dismissed", "Our shop", False)
    assert balance(ana) == 800


DAY = date(2026, 3, 11)


@pytest.fixture
def assigned(in_isp, bank, ana, stray):
    return strays.assign_stray(by=StaffUserFactory(), stray=stray, subscriber=ana, currency="MXN", at=LATER)


def test_what_was_assigned_wrongly_fits_nothing_again_and_is_booked_for_another(in_isp, bank, ana, stray, assigned):
    clerk, bea = StaffUserFactory(), SubscriberFactory()
    strays.return_stray(by=clerk, stray=stray, reason="Typing error", on=DAY)
    stray.refresh_from_db()
    assert (stray.is_waiting, stray.payment, stray.note, balance(ana)) == (True, None, "Typing error", 800)
    assert LedgerEntry.objects.filter(subscriber=ana).latest("pk").kind == "taken_back"
    with pytest.raises(strays.CannotReturn):
        strays.return_stray(by=clerk, stray=stray, reason="again", on=DAY)
    second = strays.assign_stray(by=clerk, stray=stray, subscriber=bea, currency="MXN", at=LATER)
    assert (second.pk != assigned.pk, second.key, balance(bea)) == (True, "fake:money-page-1", -450)
    # The gateway rings again: nothing more is booked.
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    assert (Payment.objects.count(), balance(ana), balance(bea)) == (2, 800, -450)


def test_what_was_put_aside_can_be_decided_anew(in_isp, stray):
    clerk = StaffUserFactory()
    strays.dismiss_stray(by=clerk, stray=stray, note="Our shop", at=LATER)
    strays.return_stray(by=clerk, stray=stray, reason="It was not", on=DAY)
    assert StrayPayment.objects.waiting().get() == stray


def back(payment, amount, **more):
    values = {"reason": "Not ours", "on": DAY, "at": LATER, **more}
    return refunds.refund_payment(by=StaffUserFactory(), payment=payment, amount=Decimal(amount), **values)


def test_what_was_assigned_goes_back_by_the_gateway_once(in_isp, bank, ana, stray, assigned):
    first = back(assigned, "200", key="form")
    assert (first.state, back(assigned, "200", key="form")) == ("done", first)
    assert (bank.readings["page-1"].refunded, balance(ana)) == (200, 550)
    with pytest.raises(refunds.MoreThanThereIs):
        back(assigned, "250.01")
    # Some of it went back: it cannot be another's any more.
    with pytest.raises(strays.CannotReturn):
        strays.return_stray(by=StaffUserFactory(), stray=stray, reason="x", on=DAY)
    back(assigned, "250")
    assert (bank.readings["page-1"].refunded, balance(ana)) == (450, 800)
    assert not StrayPayment.objects.waiting().exists()


def test_what_the_gateway_paid_back_by_itself_is_booked_once(in_isp, bank, ana, stray, assigned):
    def look(refunded):
        bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(refunded))
        reconcile(checkout=Checkout.objects.order_by("pk")[0], at=LATER)
        return balance(ana)

    assert [look(0), look(200), look(200), look(450), look(450)] == [350, 550, 550, 800, 800]
    assert [refund.amount for refund in Refund.objects.order_by("pk")] == [200, 250]
    with pytest.raises(refunds.MoreThanThereIs):
        back(assigned, "1")
    assert not StrayPayment.objects.waiting().exists()


def test_what_was_paid_back_here_is_not_booked_again_when_the_gateway_tells(in_isp, bank, ana, stray, assigned):
    back(assigned, "200")
    reconcile(checkout=Checkout.objects.order_by("pk")[0], at=LATER)
    assert (balance(ana), Refund.objects.count()) == (550, 1)


def test_a_refund_whose_answer_was_lost_is_gone_on_with_and_keeps_the_payment_where_it_is(
    in_isp, bank, ana, stray, assigned
):
    bank.after = away("refund")
    assert back(assigned, "450").state == "begun"
    with pytest.raises(strays.CannotReturn):
        strays.return_stray(by=StaffUserFactory(), stray=stray, reason="x", on=DAY)
    bank.after = lambda name: None
    refunds.sweep(on=DAY, at=LATER + timedelta(minutes=10))
    assert (Refund.objects.get().state, bank.readings["page-1"].refunded, balance(ana)) == ("done", 450, 800)


def test_after_a_refund_that_the_gateway_refused_it_may_be_anothers(in_isp, bank, ana, stray, assigned):
    bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(450))
    with pytest.raises(refunds.GatewayRefuses):
        back(assigned, "450")
    strays.return_stray(by=StaffUserFactory(), stray=stray, reason="x", on=DAY)
    bea = SubscriberFactory()
    second = strays.assign_stray(by=StaffUserFactory(), stray=stray, subscriber=bea, currency="MXN", at=LATER)
    bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(0))
    assert (back(second, "450").state, balance(ana), balance(bea)) == ("done", 800, 0)
