"""Receipts by mail: who gets one, and what it says."""

from decimal import Decimal

import pytest

from messaging.models import Message
from payments.models import PaymentSettings
from payments.services import receipts
from tests.factories.company import PaymentMethodFactory
from tests.factories.payments import bill, pay
from tests.factories.subscribers import SubscriberFactory


@pytest.fixture
def confirms(in_isp):
    PaymentSettings(pk=1, confirms=True).save()


def test_nobody_is_written_to_unless_the_isp_wants_it(in_isp):
    pay(SubscriberFactory(email="ana@example.com"))
    assert not Message.objects.exists()


def test_a_receipt_names_what_was_paid_and_what_is_left(confirms):
    ana = SubscriberFactory(email="ana@example.com", billing_email="buchhaltung@example.com")
    first, second = bill(ana, "500"), bill(ana, "300")
    payment = pay(ana, "600", method=PaymentMethodFactory(name="BBVA 123", portal_name="Transfer"), reference="R1")
    mail = Message.objects.get()
    assert mail.to == "buchhaltung@example.com"
    for words in (str(payment.number), "$600.00", first.number, second.number, "$500.00", "$100.00", "$200.00", "R1"):
        assert words in mail.text
    # The name for staff, which may hold an account number, stays inside.
    assert "Transfer" in mail.text
    assert "BBVA 123" not in mail.text


def test_who_has_no_address_gets_none_and_the_payment_is_booked(confirms):
    assert pay(SubscriberFactory(email="", billing_email="")).amount == 500
    assert not Message.objects.exists()


def test_the_same_payment_is_confirmed_once(confirms):
    ana = SubscriberFactory(email="ana@example.com")
    pay(ana, key="form:1")
    pay(ana, key="form:1")
    assert Message.objects.count() == 1


def test_shares_are_what_settled_the_debts(in_isp):
    ana = SubscriberFactory()
    bill(ana, "500")
    shares = receipts.shares_of(pay(ana, "120.50"))
    assert [(share.amount, share.left) for share in shares] == [(Decimal("120.50"), Decimal("379.50"))]
