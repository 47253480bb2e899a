"""Invoices, payments and the ledger together: whatever is done, everything adds up to the cent."""

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from billing.models import Account, Allocation, Invoice, InvoiceLine, LedgerEntry
from billing.services import invoices, ledger
from core.models import AuditEntry
from payments.models import Payment
from payments.services import payments
from subscribers.models import Subscriber
from tests.factories.company import PaymentMethodFactory
from tests.factories.subscribers import ServiceFactory, SubscriberFactory

KIND = LedgerEntry.Kind
DAY = date(2026, 3, 1)


def bill(person, *amounts, on=DAY, **more):
    lines = [invoices.Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16)) for amount in amounts]
    return invoices.issue_invoice(by=None, subscriber=person, lines=lines, on=on, currency="MXN", **more)


def pay(person, amount, **more):
    said = {"currency": "MXN", "on": DAY, "source": Payment.Source.DESK, **more}
    return payments.register_payment(by=None, subscriber=person, amount=Decimal(amount), **said)


def left_of(invoice):
    return Invoice.objects.select_related("entry").get(pk=invoice.pk).open


def of_entry(name):
    """The sum of the allocations on one side of an entry."""
    sums = Allocation.objects.filter(**{name: OuterRef("pk")}).order_by().values(name).annotate(sum=Sum("amount"))
    return Coalesce(Subquery(sums.values("sum")), Decimal(0))


@cache
def sql_of(query):
    """The statement of a function that gives a query, which takes Django longer to make than PostgreSQL to answer."""
    return query().query.sql_with_params()


def rows_of(query):
    with connection.cursor() as cursor:
        cursor.execute(*sql_of(query))
        return cursor.fetchall()


def sums():
    """Of each subscriber: the sum of the entries, of what is open, and how many debts and credits are open."""
    debts, credits = Count("pk", Q(open__gt=0)), Count("pk", Q(open__lt=0))
    of_each = LedgerEntry.objects.order_by().values("subscriber")
    return of_each.annotate(Sum("amount"), Sum("open"), debts=debts, credits=credits).values_list(
        "subscriber", "amount__sum", "open__sum", "debts", "credits"
    )


def balances():
    return Account.objects.values_list("subscriber", "balance")


def adds_up():
    """Sum of entries = sum of what is open = balance, and nobody has debt and credit open at once."""
    of_each = {subscriber: said for subscriber, *said in rows_of(sums)}
    for subscriber, balance in rows_of(balances):
        amount, left, debts, credits = of_each[subscriber]
        assert balance == amount == left
        assert not (debts and credits)


def explains_itself():
    """What is not open of an entry is what allocations say, documents are the sum of their lines, no number is missing.

    It takes longer, so long histories ask for it at their end.
    """
    entries = LedgerEntry.objects.annotate(settled=F("amount") - of_entry("debit") + of_entry("credit"))
    assert not entries.exclude(open=F("settled")).exists()
    assert not Allocation.objects.exclude(debit__subscriber=F("credit__subscriber")).exists()
    for invoice in Invoice.objects.annotate(lines_sum=Sum("lines__amount")).select_related("entry"):
        assert invoice.total == invoice.lines_sum == invoice.net + invoice.tax
        assert invoice.paid >= 0
    for numbers in Invoice.objects.order_by().values("series").annotate(n=Count("pk"), last=Max("sequence")):
        assert numbers["n"] == numbers["last"]


def all_is_right():
    adds_up()
    explains_itself()


def test_an_invoice_is_owed_and_a_payment_settles_the_oldest_first(in_isp):
    ana = SubscriberFactory()
    first, second = bill(ana, "500"), bill(ana, "300", on=DAY + timedelta(days=1))
    assert (first.number, second.number) == ("000001", "000002")
    assert (first.net, first.tax, first.due_on) == (Decimal("431.03"), Decimal("68.97"), date(2026, 3, 11))
    pay(ana, "600")
    assert (left_of(first), left_of(second)) == (0, 200)
    assert Account.objects.get(subscriber=ana).balance == 200
    all_is_right()


def test_a_named_invoice_is_paid_before_older_ones_and_what_is_left_over_pays_the_next(in_isp):
    ana = SubscriberFactory()
    first, second = bill(ana, "500"), bill(ana, "300", on=DAY + timedelta(days=1))
    pay(ana, "300", invoices=[second])
    assert (left_of(first), left_of(second)) == (500, 0)
    pay(ana, "700.50")
    assert Account.objects.get(subscriber=ana).in_favour == Decimal("200.50")
    third = bill(ana, "350", on=DAY + timedelta(days=30))
    assert left_of(third) == Decimal("149.50")
    all_is_right()


def test_the_same_payment_is_booked_once(in_isp):
    ana = SubscriberFactory()
    assert pay(ana, "100", key="form:1") == pay(ana, "100", key="form:1")
    assert Payment.objects.count() == LedgerEntry.objects.count() == 1
    # The control: another key is another payment.
    pay(ana, "100", key="form:2")
    assert Account.objects.get(subscriber=ana).balance == -200


def test_the_same_form_makes_one_invoice_and_one_credit_note(in_isp):
    ana, key, other = SubscriberFactory(), uuid4(), uuid4()
    invoice = bill(ana, "100", key=key)
    assert bill(ana, "100", key=key) == invoice
    half = {"by": None, "invoice": invoice, "on": DAY, "reason": "half", "amount": Decimal(20)}
    note = invoices.credit_invoice(**half, key=other)
    assert invoices.credit_invoice(**half, key=other) == note
    assert (Invoice.objects.count(), left_of(invoice)) == (2, 80)
    # The control: without the key each is one more.
    bill(ana, "100")
    invoices.credit_invoice(**half)
    assert (Invoice.objects.count(), left_of(invoice)) == (4, 60)
    all_is_right()


@pytest.mark.parametrize("amount", ["0", "-1", "1e30", "NaN"])
def test_no_payment_of_an_amount_that_is_none(in_isp, amount):
    with pytest.raises((payments.BadAmount, ArithmeticError)):
        pay(SubscriberFactory(), amount)
    assert not LedgerEntry.objects.exists()


def test_nobody_pays_the_invoice_of_somebody_else_or_in_another_currency(in_isp):
    ana, eva = SubscriberFactory(), SubscriberFactory()
    invoice = bill(ana, "10")
    with pytest.raises(payments.OthersInvoice), transaction.atomic():
        pay(eva, "10", invoices=[invoice])
    with pytest.raises(payments.WrongCurrency), transaction.atomic():
        pay(ana, "10", invoices=[invoice], currency="USD")
    assert left_of(invoice) == 10


def test_a_payment_taken_back_leaves_the_invoice_open_again(in_isp):
    ana = SubscriberFactory()
    first = bill(ana, "500")
    payment = pay(ana, "600", method=PaymentMethodFactory(name="Banco"), reference="A1")
    payments.take_back_payment(by=None, payment=payment, kind=KIND.REFUND, on=DAY, reason="half", amount=Decimal(250))
    assert left_of(first) == 150
    with pytest.raises(ledger.TooMuch), transaction.atomic():
        payments.take_back_payment(
            by=None, payment=payment, kind=KIND.REFUND, on=DAY, reason="more", amount=Decimal(351)
        )
    payments.take_back_payment(by=None, payment=payment, kind=KIND.TAKEN_BACK, on=DAY, reason="no such money")
    payment.refresh_from_db()
    assert (left_of(first), payment.is_taken_back) == (500, True)
    all_is_right()


def test_a_credit_note_lowers_the_invoice_and_gives_back_what_was_paid(in_isp):
    ana = SubscriberFactory()
    invoice = bill(ana, "500", "80")
    pay(ana, "580")
    note = invoices.credit_invoice(by=None, invoice=invoice, on=DAY, reason="an outage", amount=Decimal(80))
    assert (note.number, note.total, note.credits) == ("NC-000001", 80, invoice)
    assert Account.objects.get(subscriber=ana).in_favour == 80
    invoices.credit_invoice(by=None, invoice=invoice, on=DAY, reason="all of it")
    assert Account.objects.get(subscriber=ana).in_favour == 580
    with pytest.raises(invoices.NotOpen):
        invoices.credit_invoice(by=None, invoice=invoice, on=DAY, reason="again")
    all_is_right()


def test_what_is_given_up_is_not_owed_any_more(in_isp):
    ana = SubscriberFactory()
    invoice = bill(ana, "500")
    pay(ana, "100")
    invoices.write_off(by=None, invoice=invoice, on=DAY, reason="moved away")
    invoice.refresh_from_db()
    assert (invoice.written_off, left_of(invoice), Account.objects.get(subscriber=ana).balance) == (400, 0, 0)
    assert AuditEntry.objects.get(verb="billing.invoice.written_off").details["amount"] == "400.00"
    with pytest.raises(invoices.NotOpen):
        invoices.write_off(by=None, invoice=invoice, on=DAY, reason="again")
    all_is_right()


def month(service, first=date(2026, 3, 1), last=date(2026, 3, 31)):
    return invoices.Line(
        text="March",
        unit_price=Decimal(499),
        kind=InvoiceLine.Kind.SERVICE,
        service=service,
        period_from=first,
        period_to=last,
    )


def test_a_service_is_billed_once_for_a_day_until_its_invoice_is_taken_back(in_isp):
    service = ServiceFactory()
    common = {"by": None, "subscriber": service.subscriber, "on": DAY, "currency": "MXN"}
    invoice = invoices.issue_invoice(lines=[month(service)], **common)
    with pytest.raises(invoices.AlreadyBilled):
        invoices.issue_invoice(lines=[month(service, date(2026, 3, 31), date(2026, 4, 30))], **common)
    invoices.issue_invoice(lines=[month(service, date(2026, 4, 1), date(2026, 4, 30))], **common)
    invoices.issue_invoice(lines=[month(ServiceFactory(subscriber=service.subscriber))], **common)
    invoices.credit_invoice(by=None, invoice=invoice, on=DAY, reason="wrong price")
    invoices.issue_invoice(lines=[month(service)], **common)
    all_is_right()


def test_the_database_refuses_what_the_code_would_let_through(in_isp, monkeypatch):
    service = ServiceFactory()
    common = {"by": None, "subscriber": service.subscriber, "on": DAY, "currency": "MXN"}
    invoices.issue_invoice(lines=[month(service)], **common)
    monkeypatch.setattr(invoices, "_refuse_billed", lambda line: None)
    with pytest.raises(IntegrityError, match="service_billed_once_for_a_day"), transaction.atomic():
        invoices.issue_invoice(lines=[month(service, date(2026, 3, 15), date(2026, 4, 14))], **common)
    assert Invoice.objects.count() == 1


class Books(RuleBasedStateMachine):
    """Whatever a clerk may do, in any order."""

    def __init__(self):
        super().__init__()
        self.people = [SubscriberFactory() for _ in range(2)]
        self.day = DAY
        self.look()

    def look(self):
        """What there is to do something with: once after each step, for Hypothesis asks several times before it."""
        self.has_payments, self.has_creditable, self.has_unpaid = rows_of(self.things)[0]

    @classmethod
    def things(cls):
        found = Payment.objects.standing(), cls.creditable(), Invoice.objects.unpaid()
        return Subscriber.objects.values_list(*map(Exists, found))[:1]

    who = st.integers(0, 1)
    money = st.decimals("0.01", "999.99", places=2)

    @rule(who=who, amounts=st.lists(money, min_size=1, max_size=3))
    def bill(self, who, amounts):
        self.day += timedelta(days=1)
        bill(self.people[who], *amounts, on=self.day)

    @rule(who=who, amount=money, named=st.booleans())
    def pay(self, who, amount, named):
        person = self.people[who]
        pay(person, amount, invoices=list(Invoice.objects.unpaid().filter(subscriber=person)[:2]) if named else [])

    @rule(who=who, amount=money, sign=st.sampled_from([1, -1]))
    def correct(self, who, amount, sign):
        ledger.book(by=None, subscriber=self.people[who], kind=KIND.CORRECTION, amount=sign * amount, on=self.day)

    @precondition(lambda self: self.has_payments)
    @rule(part=st.sampled_from([None, Decimal("0.01"), Decimal("0.5")]), which=st.integers(0, 5))
    def take_back(self, part, which):
        found = list(Payment.objects.standing())
        payment = found[which % len(found)]
        amount = (part and (payment.kept * part).quantize(Decimal("0.01"))) or None
        payments.take_back_payment(by=None, payment=payment, kind=KIND.REFUND, on=self.day, reason="r", amount=amount)

    @precondition(lambda self: self.has_creditable)
    @rule(part=st.sampled_from([None, Decimal("0.3")]), which=st.integers(0, 5))
    def credit(self, part, which):
        found = list(self.creditable())
        invoice = found[which % len(found)]
        left = invoice.total - invoice.credited - invoice.written_off
        amount = (part and (left * part).quantize(Decimal("0.01"))) or None
        invoices.credit_invoice(by=None, invoice=invoice, on=self.day, reason="c", amount=amount)

    @precondition(lambda self: self.has_unpaid)
    @rule(which=st.integers(0, 5))
    def give_up(self, which):
        found = list(Invoice.objects.unpaid())
        invoices.write_off(by=None, invoice=found[which % len(found)], on=self.day, reason="w")

    @staticmethod
    def creditable():
        return Invoice.objects.invoices().filter(total__gt=F("credited") + F("written_off"))

    @invariant()
    def holds(self):
        adds_up()
        self.look()


def walk(steps, examples):
    """Run the machine, each history in a transaction of its own that is rolled back."""

    class Isolated(Books):
        def __init__(self):
            self.point = transaction.savepoint()
            super().__init__()

        def teardown(self):
            try:
                explains_itself()
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
            # Making a failing history shorter takes minutes; it is printed whole.
            phases=[Phase.generate],
        ),
    )


def test_the_books_add_up_whatever_is_done(in_isp):
    walk(steps=20, examples=8)


def test_a_book_that_does_not_add_up_would_be_found(in_isp, monkeypatch):
    """The control: a settling that forgets the other side."""

    def careless(*, subscriber, first=()):
        LedgerEntry.objects.filter(subscriber=subscriber, amount__gt=0).update(open=0)

    monkeypatch.setattr(ledger, "settle", careless)
    with pytest.raises(AssertionError):
        walk(steps=10, examples=5)


@pytest.mark.slow
def test_the_books_add_up_over_twenty_thousand_steps(in_isp):
    walk(steps=50, examples=400)
