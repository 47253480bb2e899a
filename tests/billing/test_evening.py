"""What was billed is evened out later: in the end each day has cost what it costs, whatever was credited meanwhile."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.models import Account, BillingRun, Discount, Invoice, InvoiceLine
from billing.periods import DAY, cycle_at
from billing.services import evening, invoices, runs
from subscribers.models import PriceChange
from subscribers.services import connections
from tests.billing.test_books import adds_up
from tests.billing.test_runs import APRIL, billed, days_of, ref, said  # noqa: F401
from tests.factories.subscribers import ServiceFactory

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


def change(service, price, on):
    connections.change_service(by=None, service=service, price=Decimal(price))
    PriceChange.objects.filter(pk=PriceChange.objects.latest("pk").pk).update(on=on)


def end(service, on):
    connections.change_service_state(by=None, service=service, to="ended", on=on)


def credit(invoice, amount=None):
    return invoices.credit_invoice(by=None, invoice=invoice, on=MAY, reason="c", amount=amount and Decimal(amount))


def invoice_of(on):
    return Invoice.objects.invoices().filter(issued_on=on).latest("pk")


def owed(service):
    return Account.objects.get(subscriber=service.subscriber).balance


@pytest.fixture
def service(ref):  # noqa: F811
    return ServiceFactory(started_on=date(2025, 1, 1), price=Decimal(300))


def test_a_difference_is_counted_once_though_its_days_are_billed_anew(ref, service):  # noqa: F811
    """April for 300, from the 16th on 600. Half a month at 300 more is 150, on the invoice of May. Then April is taken
    back whole and billed anew: 150 and 300 for its halves; the 150 of before goes."""
    billed(ref)
    change(service, 600, on=date(2026, 4, 16))
    assert billed(ref, MAY).amount == 750
    credit(invoice_of(APRIL))
    assert owed(service) == 750
    run = billed(ref, JUNE)
    assert run.amount == 600 + 150 + 300 - 150
    assert owed(service) == 450 + 600 + 600
    undone = InvoiceLine.objects.get(adjusts__startswith="undo:")
    assert (undone.amount, undone.period_from, undone.period_to) == (-150, date(2026, 4, 16), date(2026, 4, 30))
    assert billed(ref, date(2026, 7, 1)).amount == 600
    adds_up()


def test_a_difference_of_an_invoice_that_was_taken_back_is_billed_again(ref, service):  # noqa: F811
    billed(ref)
    change(service, 600, on=date(2026, 4, 16))
    billed(ref, MAY)
    credit(invoice_of(MAY))
    assert owed(service) == 300
    assert billed(ref, date(2026, 5, 2)).amount == 750
    assert owed(service) == 1050


def test_a_difference_heeds_the_discounts_of_its_days(ref, service):  # noqa: F811
    """40 % off: half of April is 120 dearer by 60 % of 300 more, so 90. A discount of later is not for billed days."""
    Discount.objects.create(service=service, reason="Loyalty", percent=Decimal(40), starts_on=date(2026, 1, 1))
    assert billed(ref).amount == 180
    Discount.objects.create(service=service, reason="Late", percent=Decimal(10), starts_on=date(2026, 4, 1))
    change(service, 600, on=date(2026, 4, 16))
    assert billed(ref, MAY).amount == 300 + 90
    line = InvoiceLine.objects.get(adjusts__startswith="change:")
    assert line.amount == 90


def test_an_amount_that_was_taken_off_changes_no_difference(ref, service):  # noqa: F811
    Discount.objects.create(service=service, reason="Loyalty", amount=Decimal(60), starts_on=date(2026, 1, 1))
    billed(ref)
    change(service, 600, on=date(2026, 4, 16))
    assert billed(ref, MAY).amount == 540 + 150


def test_without_the_undoing_the_difference_would_stay(ref, service, monkeypatch):  # noqa: F811
    """The control of the tests before: a basis that is gone is not noticed."""
    monkeypatch.setattr(evening.Evening, "_stands", lambda *_: True)
    billed(ref)
    change(service, 600, on=date(2026, 4, 16))
    billed(ref, MAY)
    credit(invoice_of(APRIL))
    billed(ref, JUNE)
    assert owed(service) == 450 + 600 + 600 + 150


@pytest.mark.parametrize(("by_hand", "given_back"), [("30", "70"), ("100", "0"), ("120", "0")])
def test_what_was_given_back_by_hand_is_not_given_back_again_at_an_end(ref, service, by_hand, given_back):  # noqa: F811
    """Ten of thirty days are not used: 100."""
    billed(ref)
    credit(invoice_of(APRIL), by_hand)
    end(service, date(2026, 4, 20))
    billed(ref, MAY)
    assert owed(service) == 300 - Decimal(by_hand) - Decimal(given_back)
    billed(ref, JUNE)
    assert owed(service) == 300 - Decimal(by_hand) - Decimal(given_back)
    adds_up()


def test_an_end_after_a_change_gives_back_the_new_price(ref, service):  # noqa: F811
    """April for 300, from the 11th on 600, ended with the 20th: 100 and 200 were used, 100 was billed for the rest."""
    billed(ref)
    change(service, 600, on=date(2026, 4, 11))
    end(service, date(2026, 4, 20))
    billed(ref, MAY)
    assert owed(service) == 300


def test_an_end_after_a_difference_was_billed_gives_it_back_with_the_days(ref, service):  # noqa: F811
    said(lead_days=10)
    billed(ref)
    change(service, 600, on=date(2026, 4, 11))
    assert billed(ref, date(2026, 4, 22)).amount == 600 + 200  # May, and twenty days at 10 more
    end(service, date(2026, 4, 25))
    billed(ref, MAY)
    assert owed(service) == 100 + 300
    adds_up()


def test_an_invoice_that_paid_for_another_months_difference_is_not_billed_anew(ref, service):  # noqa: F811
    """Three months at 600, billed at once; 100 from the first day on gives back more than the last month cost."""
    service.price = Decimal(600)
    service.save()
    for on in (APRIL, MAY, JUNE):
        billed(ref, on)
    change(service, 100, on=APRIL)
    run = billed(ref, date(2026, 6, 2))
    assert (run.count, run.credit_notes, Invoice.objects.filter(run=run, kind="credit_note").count()) == (0, 1, 3)
    assert owed(service) == 300
    assert len(days_of(service)) == 3
    assert (billed(ref, date(2026, 6, 3)).credit_notes, owed(service)) == (0, 300)
    adds_up()


def test_days_between_billed_ones_are_billed_anew_and_no_others(ref, service):  # noqa: F811
    said(begins_on=date(2026, 4, 10))
    for on in (APRIL, MAY, JUNE):
        billed(ref, on)
    credit(invoice_of(MAY))
    run = billed(ref, date(2026, 6, 2))
    assert (run.amount, run.count) == (300, 1)
    assert days_of(service)[1][:2] == (MAY, date(2026, 5, 31))
    assert billed(ref, date(2026, 6, 3)).count == 0


class Histories(RuleBasedStateMachine):
    """A service whose price, days and invoices change in any order."""

    ref = None

    @initialize(price=st.integers(300, 600))
    def begin(self, price):
        self.day = self.first = date(2026, 1, 10)
        said(begins_on=self.first)
        self.service = ServiceFactory(started_on=self.first, price=Decimal(price))
        self.prices = [(self.first, price)]
        self.by_hand = []  # invoice, amount, and whether the end was to come
        self.ended_on, self.end_is_billed = None, False
        self.run()

    def later(self, days):
        self.day += timedelta(days=days)

    def run(self):
        run = BillingRun.objects.create(on=self.day, state="running", started_at=timezone.now())
        while runs.work_off(run_id=run.pk, isp=self.ref):
            pass
        run.refresh_from_db()
        assert (run.state, run.left_out) == ("done", 0)
        self.end_is_billed = self.ended_on is not None

    @rule(days=st.integers(1, 40))
    def bill(self, days):
        self.later(days)
        self.run()

    @precondition(lambda self: not self.ended_on)
    @rule(days=st.integers(0, 20), price=st.integers(300, 600))
    def change(self, days, price):
        self.later(days)
        if price != self.prices[-1][1]:
            change(self.service, price, on=self.day)
            self.prices.append((self.day, price))

    @precondition(lambda self: not self.ended_on)
    @rule(price=st.integers(300, 600))
    def change_and_bill_and_take_the_days_back(self, price):
        self.change(days=3, price=price)
        self.bill(days=31)
        found = list(Invoice.objects.invoices().filter(credited=0, total__gt=0).order_by("-pk"))
        if len(found) > 1:
            credit(found[1])

    @precondition(lambda self: not self.ended_on)
    @rule(days=st.integers(0, 5), percent=st.integers(5, 15))
    def discount(self, days, percent):
        self.later(days)
        Discount.objects.create(service=self.service, reason="d", percent=percent, starts_on=self.day)

    @rule(which=st.integers(0, 5))
    def take_back(self, which):
        found = list(Invoice.objects.invoices().filter(credited=0, total__gt=0).order_by("-pk"))
        if found:
            credit(found[which % len(found)])

    @rule(which=st.integers(0, 5))
    def give_back_in_part(self, which):
        found = list(Invoice.objects.invoices().filter(total__gt=F("credited"), lines__is_billing=True).distinct())
        if found:
            invoice = found[which % len(found)]
            amount = (invoice.total / 10).quantize(Decimal("0.01"))
            known = sum(each for pk, each, _ in self.by_hand if pk == invoice.pk)
            if 0 < amount <= invoice.total - invoice.credited and known < 2 * amount:
                credit(invoice, amount)
                self.by_hand.append((invoice.pk, amount, not self.end_is_billed))

    @precondition(lambda self: not self.ended_on)
    @rule(days=st.integers(0, 20))
    def end(self, days):
        self.later(days)
        end(self.service, self.day)
        self.ended_on = self.day

    def cost(self, day, discounts):
        price = next(price for since, price in reversed(self.prices) if since <= day)
        off = sum(each.percent for each in discounts if each.starts_on <= day)
        return Fraction(price) * (100 - Fraction(off)) / 100 / len(cycle_at(day, months=1, billing_day=1))

    def ends_right(self):
        self.later(31)
        for _ in range(2):
            self.run()
        lines = InvoiceLine.objects.filter(service=self.service, is_billing=True).select_related("invoice")
        used, unused, days = Fraction(0), {}, set()
        for line in lines:
            discounts = [each for each in self.service.discounts.all() if each.at <= line.invoice.at]
            day = line.period_from
            while day <= line.period_to:
                cost = self.cost(day, discounts)
                days.add(day)
                if self.ended_on and day > self.ended_on:
                    unused[line.invoice_id] = unused.get(line.invoice_id, 0) + cost
                else:
                    used += cost
                day += DAY
        last = self.ended_on or cycle_at(self.day, months=1, billing_day=1).last
        assert {day for day in days if day <= last} == {
            self.first + timedelta(days=n) for n in range((last - self.first).days + 1)
        }
        kept = Fraction(0)
        for pk in {pk for pk, _, _ in self.by_hand}:
            early = sum(amount for each, amount, is_early in self.by_hand if each == pk and is_early)
            late = sum(amount for each, amount, is_early in self.by_hand if each == pk and not is_early)
            invoice = Invoice.objects.get(pk=pk)
            own = invoice.lines.filter(kind__in=["service", "discount"]).aggregate(sum=Sum("amount"))["sum"]
            kept += Fraction(late + early) - min(Fraction(early * own / invoice.total), unused.get(pk, 0))
        cents = InvoiceLine.objects.count() + 2
        charged = Account.objects.get(subscriber=self.service.subscriber).balance
        assert abs(Fraction(charged) - (used - kept)) <= Fraction(cents, 100), (float(charged), float(used - kept))
        adds_up()


def histories(ref, examples, steps=9):  # noqa: F811
    """Run the machine, each history in a transaction of its own that is rolled back."""

    class Isolated(Histories):
        def __init__(self):
            self.point = transaction.savepoint()
            self.ref = ref
            super().__init__()

        def teardown(self):
            try:
                self.ends_right()
            finally:
                transaction.savepoint_rollback(self.point)

    run_state_machine_as_test(
        Isolated,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            phases=[Phase.generate],
        ),
    )


def test_in_the_end_each_day_has_cost_what_it_costs(ref):  # noqa: F811
    histories(ref, examples=15)


def test_a_difference_that_stays_without_its_days_would_be_found(ref, monkeypatch):  # noqa: F811
    """The control: nothing is taken back with its basis."""
    monkeypatch.setattr(evening.Evening, "_stands", lambda *_: True)
    with pytest.raises(AssertionError):
        histories(ref, examples=20)
