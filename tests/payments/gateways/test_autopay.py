"""Saved cards: agreed to with a payment, charged once a day for what is due, ended at any time."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest

from messaging.models import Message
from payments.gateways.base import Saved
from payments.models import Checkout, Payment, SavedMethod
from payments.services import autopay
from payments.services.truth import reconcile
from tests.factories.subscribers import PortalUserFactory
from tests.payments.gateways.acts import TERMS, balance, begin, entries, invoices, ref
from tests.payments.gateways.fake import NOON, Killed, away

DAY = date(2026, 3, 20)
AT = NOON + timedelta(days=10)
VISA = Saved("pm_1", "cus_1", "visa", "4242", "12/2034")


@pytest.fixture
def card(in_isp, bank, ana):
    """She has paid the older invoice and agreed to the rest."""
    begin(in_isp, ana, "500", invoices=invoices(ana)[:1], terms=TERMS)
    bank.pay("page-1", saved=VISA)
    reconcile(checkout=Checkout.objects.get(), at=NOON)
    return SavedMethod.objects.get()


def charge(isp, on=DAY, at=AT):
    return autopay.charge_due(isp=ref(isp), on=on, at=at)


def test_the_agreement_is_kept_with_its_words_and_when(card, ana):
    assert (str(card), card.terms, card.is_running) == ("Visa •••• 4242", TERMS, True)
    assert card.agreed_at == Checkout.objects.get().begun_at


def test_the_subscriber_is_written_to_with_the_words_agreed_to(card, ana):
    mail = Message.objects.get(occasion="payments/card_agreed")
    assert (mail.to, TERMS in mail.text, "/pay/card/" in mail.text) == ("ana@mail.example", True, True)


def test_without_an_agreement_no_card_is_kept(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1", saved=VISA)
    reconcile(checkout=Checkout.objects.get(), at=NOON)
    assert not SavedMethod.objects.exists()


def test_what_is_due_is_charged_once_a_day_however_often_it_is_asked_for(in_isp, bank, ana, card):
    assert charge(in_isp) == 1
    assert charge(in_isp) == 0
    assert balance(ana) == 0
    assert entries(ana)[-1] == ("payment", -300)
    assert Payment.objects.order_by("pk").last().source == "gateway"
    assert bank.charges() == 2


def test_what_is_not_due_yet_is_not_charged(in_isp, bank, ana, card):
    assert charge(in_isp, on=date(2026, 3, 4)) == 0
    assert charge(in_isp, on=date(2026, 3, 5)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("how", ["away", "killed"])
def test_a_charge_whose_answer_is_lost_is_gone_on_with_by_its_key(in_isp, bank, ana, card, when, how):
    def kill(name):
        if name == "charge_saved":
            raise Killed

    setattr(bank, when, away("charge_saved") if how == "away" else kill)
    with suppress(Killed):
        charge(in_isp)
    setattr(bank, when, lambda name: None)
    assert charge(in_isp) == 0
    waiting = Checkout.objects.get(state="begun")
    assert reconcile(checkout=waiting, at=AT + timedelta(minutes=6)).state == "paid"
    assert (bank.charges(), balance(ana)) == (2, 0)


def test_without_the_stored_key_two_charges_would_show(in_isp, bank, ana, card):
    """The negative control of the test before."""
    bank.ignores_keys = True
    bank.after = away("charge_saved")
    charge(in_isp)
    bank.after = lambda name: None
    reconcile(checkout=Checkout.objects.get(state="begun"), at=AT + timedelta(minutes=6))
    assert bank.charges() == 3


def test_a_card_that_is_refused_is_tried_on_the_third_and_fifth_day_and_then_let_be(in_isp, bank, ana, card):
    bank.declines = True
    tried = [day for day in range(20) if charge(in_isp, DAY + timedelta(days=day), AT + timedelta(days=day))]
    assert tried == [0, 3, 8]
    refused = Message.objects.filter(occasion="payments/card_refused").order_by("pk")
    assert [row.to for row in refused] == ["ana@mail.example"] * 3
    assert ["will not try this card again" in row.text for row in refused] == [False, False, True]
    card.refresh_from_db()
    assert (card.refusals, card.ended_how, balance(ana)) == (3, "refused", 300)


def test_a_payment_after_a_refusal_forgets_it(in_isp, bank, ana, card):
    bank.declines = True
    charge(in_isp)
    bank.declines = False
    charge(in_isp, DAY + timedelta(days=3), AT + timedelta(days=3))
    card.refresh_from_db()
    assert (card.refusals, balance(ana)) == (0, 0)


def test_while_somebody_pays_by_hand_the_card_is_not_charged(in_isp, bank, ana, card):
    begin(in_isp, ana, "300", invoices=invoices(ana)[1:])
    charge(in_isp)
    assert bank.charges() == 1


def test_an_ended_agreement_is_charged_no_more_and_the_gateway_forgets_it(in_isp, bank, ana, card):
    who = PortalUserFactory(subscriber=ana)
    autopay.end_saved_method(by=who, method=card, how=SavedMethod.Ended.SUBSCRIBER, at=AT)
    assert charge(in_isp) == 0
    bank.before = away("forget_saved")
    autopay.forget_ended(at=AT)
    assert SavedMethod.objects.get().forgotten_at is None
    bank.before = lambda name: None
    autopay.forget_ended(at=AT)
    assert (bank.forgotten, SavedMethod.objects.get().forgotten_at) == (["pm_1"], AT)
    assert balance(ana) == 300


def test_another_card_takes_its_place(in_isp, bank, ana, card):
    begin(in_isp, ana, "300", invoices=invoices(ana)[1:], terms=TERMS)
    bank.pay("page-2", saved=Saved("pm_2", "cus_2", "mastercard", "4444"))
    reconcile(checkout=Checkout.objects.first(), at=AT)
    assert [(row.last4, row.ended_how) for row in SavedMethod.objects.order_by("pk")] == [
        ("4242", "replaced"),
        ("4444", ""),
    ]


def test_two_tasks_at_once_make_one_charge(in_isp, bank, ana, card, monkeypatch):
    """The second has read the same list before the first wrote its intent."""
    written = autopay._write
    twice = []

    def write(**values):
        twice.append(written(**values))
        twice.append(written(**values))
        return twice[0]

    monkeypatch.setattr(autopay, "_write", write)
    charge(in_isp)
    assert twice[1] is None
    assert bank.charges() == 2
    assert Decimal(0) == balance(ana)
