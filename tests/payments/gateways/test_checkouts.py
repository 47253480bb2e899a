"""Paying online as verbs: what is written before the call, what a reading means, what is refused."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Grace, LedgerEntry
from billing.services.ledger import book
from core.models import AuditEntry
from payments.gateways.base import GatewayAway, Refused, State
from payments.models import Checkout, GatewayAccount, Payment, PaymentMethod, StrayPayment
from payments.services import checkouts, truth
from payments.services.truth import reconcile
from tests.factories.subscribers import SubscriberFactory
from tests.payments.gateways.acts import balance, begin, entries, invoices, ref
from tests.payments.gateways.fake import NOON, away

LATER = NOON + timedelta(minutes=10)


def test_what_is_paid_at_the_gateway_is_booked_once_however_often_it_is_read(in_isp, bank, ana):
    checkout = begin(in_isp, ana)
    assert (checkout.state, checkout.address) == ("open", "https://pay.fake.example/page-1")
    assert reconcile(checkout=checkout, at=LATER).state == "open"
    bank.pay("page-1", fee=Decimal("28"))
    for _ in range(3):
        checkout = reconcile(checkout=checkout, at=LATER)
    assert (checkout.state, checkout.money, checkout.way, checkout.fee) == ("paid", "money-page-1", "card", 28)
    payment = Payment.objects.get()
    assert (payment.amount, payment.source, payment.key) == (800, "gateway", "fake:money-page-1")
    assert (payment.method, payment.reference) == (GatewayAccount.objects.get().method, "money-page-1")
    assert str(payment.on) == "2026-03-10"
    assert balance(ana) == 0


def test_the_day_of_a_payment_is_the_isps_day_on_which_it_was_paid(in_isp, bank, ana):
    checkout = begin(in_isp, ana)
    bank.pay("page-1", paid_at=NOON.replace(hour=3))  # still the ninth in Mexico
    reconcile(checkout=checkout, at=NOON + timedelta(days=3))
    assert str(Payment.objects.get().on) == "2026-03-09"


def test_chosen_invoices_are_paid_before_older_ones(in_isp, bank, ana):
    old, new = invoices(ana)
    checkout = begin(in_isp, ana, "300", invoices=[new])
    assert checkout.title == f"Invoice {new.number}"
    bank.pay("page-1")
    reconcile(checkout=checkout, at=LATER)
    old, new = invoices(ana)
    assert (old.entry.open, new.entry.open) == (500, 0)


@pytest.mark.parametrize("amount", ["0", "-1", "800.01", "1e30", "0.001"])
def test_only_what_is_owed_can_be_paid(in_isp, bank, ana, amount):
    with pytest.raises(checkouts.NothingToPay):
        begin(in_isp, ana, amount)
    assert not Checkout.objects.exists()
    assert bank.readings == {}


def test_an_invoice_of_somebody_else_or_one_that_is_paid_is_refused(in_isp, bank, ana):
    other = SubscriberFactory()
    book(by=None, subscriber=other, kind=LedgerEntry.Kind.CORRECTION, amount=Decimal(900), on=NOON.date())
    with pytest.raises(checkouts.OthersInvoice):
        begin(in_isp, other, "500", invoices=invoices(ana)[:1])
    bank.pay(begin(in_isp, ana, "500", invoices=invoices(ana)[:1]).number)
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    with pytest.raises(checkouts.OthersInvoice):
        begin(in_isp, ana, "300", invoices=invoices(ana)[:1])


def test_the_same_wish_leads_to_the_same_page_and_another_one_ends_it(in_isp, bank, ana):
    first = begin(in_isp, ana)
    assert begin(in_isp, ana) == first
    other = begin(in_isp, ana, "300", invoices=invoices(ana)[1:])
    assert other != first
    first.refresh_from_db()
    assert (first.state, bank.readings["page-1"].state) == ("expired", State.EXPIRED)


def test_a_page_that_was_paid_meanwhile_is_booked_and_no_second_one_begun(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.pay("page-1")
    with pytest.raises(checkouts.AnotherOpen):
        begin(in_isp, ana, "300", invoices=invoices(ana)[1:])
    assert balance(ana) == 0
    assert len(bank.readings) == 1


def test_a_gateway_that_does_not_answer_is_asked_again_with_the_same_key(in_isp, bank, ana):
    bank.after = away("begin")
    with pytest.raises(checkouts.GatewayBusy):
        begin(in_isp, ana)
    assert Checkout.objects.get().state == "begun"
    bank.after = lambda name: None
    checkout = begin(in_isp, ana)
    assert (checkout.number, len(bank.readings)) == ("page-1", 1)


def test_a_gateway_that_refuses_ends_it_and_bad_keys_close_the_gateway(in_isp, bank, ana, monkeypatch):
    def refuse(name):
        raise Refused("The amount is too small.")

    bank.before = refuse
    with pytest.raises(checkouts.GatewayRefused, match="too small"):
        begin(in_isp, ana)
    assert Checkout.objects.get().state == "failed"
    assert GatewayAccount.objects.get().is_offered


def test_a_gateway_out_of_use_or_of_test_mode_is_not_offered(in_isp, bank, ana, settings):
    account = GatewayAccount.objects.get()
    GatewayAccount.objects.update(is_live=False)
    with pytest.raises(checkouts.NotOffered):
        begin(in_isp, ana)
    assert not GatewayAccount.objects.offered().exists()
    settings.GATEWAY_TEST_MODE = True
    assert list(GatewayAccount.objects.offered()) == [account]
    GatewayAccount.objects.update(is_active=False)
    with pytest.raises(checkouts.NotOffered):
        begin(in_isp, ana)


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"amount": Decimal("8")}, "amount"),
        ({"amount": Decimal("800.01")}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"is_live": False}, "mode"),
        ({"reference": "0" * 8 + "-0000-0000-0000-" + "0" * 12}, "unknown"),
        ({"isp": "another"}, "unknown"),
    ],
)
def test_a_payment_that_is_not_what_was_asked_for_is_nobodys(in_isp, bank, ana, differs, reason):
    checkout = begin(in_isp, ana)
    bank.pay("page-1", **differs)
    reconcile(checkout=checkout, at=LATER)
    assert not Payment.objects.exists()
    assert balance(ana) == 800
    stray = StrayPayment.objects.get()
    assert (stray.number, stray.reason, stray.is_waiting) == ("money-page-1", reason, True)
    reconcile(checkout=checkout, at=LATER)
    assert StrayPayment.objects.count() == 1


def test_a_second_payment_for_the_same_is_nobodys(in_isp, bank, ana):
    checkout = begin(in_isp, ana)
    bank.pay("page-1")
    checkout = reconcile(checkout=checkout, at=LATER)
    bank.pay("page-1", payment="money-again")
    checkout = reconcile(checkout=checkout, at=LATER)
    assert checkout.money == "money-page-1"
    assert [(row.number, row.reason) for row in StrayPayment.objects.all()] == [("money-again", "second")]
    assert balance(ana) == 0


def test_a_slip_is_under_way_for_days_and_another_page_may_be_opened_meanwhile(in_isp, bank, ana):
    checkout = begin(in_isp, ana, "500", invoices=invoices(ana)[:1])
    bank.pay("page-1", state=State.PROCESSING, slip="https://pay.fake.example/slip")
    checkout = reconcile(checkout=checkout, at=LATER)
    assert (checkout.state, checkout.slip) == ("processing", "https://pay.fake.example/slip")
    assert begin(in_isp, ana, "300", invoices=invoices(ana)[1:]).state == "open"
    bank.pay("page-1")
    assert reconcile(checkout=checkout, at=NOON + timedelta(days=3)).state == "paid"
    assert balance(ana) == 300


def test_a_fee_that_the_payer_bears_is_charged_on_top_and_kept_apart(in_isp, bank, ana):
    PaymentMethod.objects.update(fee_fixed=3, fee_percent=2, fee_bearer=PaymentMethod.Bearer.SUBSCRIBER)
    checkout = begin(in_isp, ana)
    assert (bank.readings["page-1"].amount, checkout.charged) == (819, 819)
    bank.pay("page-1")
    reconcile(checkout=checkout, at=LATER)
    payment = Payment.objects.get()
    assert (payment.amount, payment.fee, balance(ana)) == (800, 19, 0)
    bank.readings["page-1"] = replace(bank.readings["page-1"], refunded=Decimal(819))
    reconcile(checkout=checkout, at=LATER)
    assert balance(ana) == 800


def test_while_money_is_on_its_way_nobody_is_cut_off_once_a_month(in_isp, bank, ana):
    for number, end in (("page-1", State.FAILED), ("page-2", State.PAID)):
        checkout = begin(in_isp, ana)
        bank.pay(number, state=State.PROCESSING)
        reconcile(checkout=checkout, at=LATER)
        grace = Grace.objects.get()
        assert (str(grace.until), grace.ended_at is None) == ("2026-03-14", number == "page-1")
        bank.pay(number, state=end)
        reconcile(checkout=checkout, at=LATER)
    assert (Grace.objects.get().ended_at, balance(ana)) == (LATER, 0)


def test_a_payment_after_the_page_was_given_up_still_counts(in_isp, bank, ana):
    checkout = begin(in_isp, ana)
    bank.pay("page-1", state=State.EXPIRED)
    assert reconcile(checkout=checkout, at=LATER).state == "expired"
    bank.pay("page-1")
    assert reconcile(checkout=checkout, at=LATER).state == "paid"


def test_a_gateway_that_is_away_is_asked_later_and_later(in_isp, bank, ana):
    checkout = begin(in_isp, ana)
    bank.before = away("read")
    waits = []
    for _ in range(3):
        checkout = reconcile(checkout=checkout, at=LATER)
        waits.append(checkout.check_at - LATER)
    assert waits == sorted(set(waits))
    assert checkout.state == "open"
    assert list(Checkout.objects.due(at=LATER + timedelta(hours=4))) == [checkout]


def test_a_page_that_nobody_was_shown_ends_by_itself(in_isp, bank, ana):
    bank.before = away("begin")
    with pytest.raises(checkouts.GatewayBusy):
        begin(in_isp, ana)
    checkout = Checkout.objects.get()
    assert reconcile(checkout=checkout, at=LATER).state == "begun"
    assert reconcile(checkout=checkout, at=NOON + timedelta(hours=3)).state == "expired"


def test_nothing_of_a_key_or_an_address_is_in_the_log(in_isp, bank, ana):
    bank.pay(begin(in_isp, ana).number)
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    log = " ".join(f"{row.verb} {row.details}" for row in AuditEntry.objects.all())
    assert "payments.checkout.begun" in log
    assert "pay.fake.example" not in log
    assert Checkout.objects.get().key not in log


def test_a_read_that_fails_with_away_is_told_to_who_processes_events(in_isp, bank, ana):
    begin(in_isp, ana)
    bank.before = away("read")
    with pytest.raises(GatewayAway):
        truth.read_about(account=GatewayAccount.objects.get(), number="page-1", isp=ref(in_isp), at=LATER)


def test_the_ledger_says_what_happened(in_isp, bank, ana):
    bank.pay(begin(in_isp, ana).number)
    reconcile(checkout=Checkout.objects.get(), at=LATER)
    assert entries(ana) == [("invoice", 500), ("invoice", 300), ("payment", -800)]
