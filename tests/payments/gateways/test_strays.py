"""Payments that fit nothing are nobody's until staff say whose."""

from datetime import timedelta
from decimal import Decimal

import pytest

from payments.models import Checkout, Payment, StrayPayment
from payments.services import strays
from payments.services.truth import reconcile
from tests.factories.staff import StaffUserFactory
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import balance, begin
from tests.payments.gateways.fake import NOON

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
