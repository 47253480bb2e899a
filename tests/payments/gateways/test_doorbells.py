"""A gateway rings: what is believed, what is kept once, and what is done about it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from payments.gateways.base import Forged
from payments.models import Checkout, GatewayAccount, GatewayEvent, Payment, StrayPayment
from payments.services import doorbells
from payments.tasks import sweep_gateways
from tests.payments.gateways.acts import balance, begin, ref
from tests.payments.gateways.fake import NOON, away

SIGNED = {"Signature": "secret"}
LATER = NOON + timedelta(minutes=10)


def ring(isp, body, headers=SIGNED):
    event, is_new = doorbells.take_event(gateway="fake", body=body.encode(), headers=headers, at=LATER)
    if is_new:
        doorbells.process_event(event_id=event.pk, isp=ref(isp), at=LATER)
    event.refresh_from_db()
    return event.outcome


def test_an_event_is_kept_once_and_its_payment_booked_once(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    for _ in range(3):
        assert ring(in_isp, "evt-1 page-1") == "paid"
    assert ring(in_isp, "evt-2 money-page-1") == "paid"
    assert (GatewayEvent.objects.count(), Payment.objects.count(), balance(ana)) == (2, 1, 0)
    assert GatewayAccount.objects.get().last_event_at == LATER


def test_an_event_says_nothing_that_is_believed_without_reading(in_isp, bank, ana):
    begin(in_isp, ana)
    assert ring(in_isp, "evt-1 page-1") == "open"
    assert balance(ana) == 800


@pytest.mark.parametrize("headers", [{}, {"Signature": "other"}])
def test_a_forged_event_is_not_kept(in_isp, bank, ana, headers):
    with pytest.raises(Forged):
        ring(in_isp, "evt-1 page-1", headers)
    assert not GatewayEvent.objects.exists()


def test_an_account_without_a_secret_believes_nothing(in_isp, bank, ana):
    GatewayAccount.objects.update(webhook_secret="")
    with pytest.raises(Forged):
        ring(in_isp, "evt-1 page-1", {"Signature": ""})


def test_an_event_of_the_other_mode_is_left_alone(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    bank.is_live = False
    assert ring(in_isp, "evt-1 page-1") == "other mode"
    assert balance(ana) == 800


def test_a_payment_of_another_isp_at_the_same_account_is_not_ours(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    bank.readings["page-1"] = replace(bank.readings["page-1"], isp="11111111-1111-1111-1111-111111111111")
    assert ring(in_isp, "evt-1 page-1") == "another ISP"
    assert (balance(ana), StrayPayment.objects.count()) == (800, 0)


def test_money_that_nothing_asked_for_is_kept_for_staff(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1", reference="", isp="", payer="someone@mail.example")
    assert ring(in_isp, "evt-1 money-page-1") == "stray"
    stray = StrayPayment.objects.get()
    assert (stray.amount, stray.reason, stray.payer) == (800, "unknown", "someone@mail.example")
    assert ring(in_isp, "evt-2 money-page-1") == "stray"
    assert StrayPayment.objects.count() == 1


def test_a_mark_of_ours_without_that_of_the_isp_books_nothing(in_isp, bank, ana):
    """Whoever can write metadata at the account could name somebody's checkout; a payment by hand is not booked."""
    begin(in_isp, ana)
    bank.pay("page-1", isp="")
    assert ring(in_isp, "evt-1 money-page-1") == "stray"
    assert balance(ana) == 800


def test_an_event_about_what_is_not_there_or_about_nothing_is_done_with(in_isp, bank, ana):
    assert ring(in_isp, "evt-1 page-77") == "not there"
    assert ring(in_isp, "evt-2 ") == "about nothing"


def test_a_lost_webhook_costs_nothing(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    Checkout.objects.update(check_at=NOON)
    sweep_gateways(isp_id=in_isp.pk)
    assert balance(ana) == 0


def test_an_event_whose_task_was_lost_is_processed_by_the_sweep_once_the_gateway_answers(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    Checkout.objects.update(check_at=None)
    doorbells.take_event(gateway="fake", body=b"evt-1 page-1", headers=SIGNED, at=NOON)
    GatewayEvent.objects.update(received_at=NOON)
    bank.before = away("read")
    doorbells.sweep(isp=ref(in_isp), at=LATER)
    assert GatewayEvent.objects.get().processed_at is None
    bank.before = lambda name: None
    doorbells.sweep(isp=ref(in_isp), at=LATER)
    assert (GatewayEvent.objects.get().outcome, balance(ana)) == ("paid", Decimal(0))


def test_a_page_whose_number_was_lost_is_found_by_the_mark_on_its_payment(in_isp, bank, ana):
    begin(in_isp, ana)
    Checkout.objects.update(number="", state="begun")
    bank.pay("page-1")
    assert ring(in_isp, "evt-1 money-page-1") == "paid"
    assert balance(ana) == 0
