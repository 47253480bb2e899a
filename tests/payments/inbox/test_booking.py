"""Deciding on lines: payments are made once, split to the cent, and taken back."""

from decimal import Decimal

import pytest

from billing.models import LedgerEntry
from core.models import AuditEntry
from payments.models import BankLine, Match, Payment
from payments.services import inbox
from tests.factories.subscribers import SubscriberFactory
from tests.payments.inbox.conftest import balance, open_of, owing
from tests.payments.statements.files import Move, camt

D = Decimal


def take(inbox_of, amount="499.00", **move):
    inbox_of.take(camt([Move(D(amount), text="hola", **move)], currency="MXN"))
    return inbox_of.line()


def test_a_line_becomes_a_payment_with_its_date_and_reference(inbox_of):
    person, invoice = owing("499.00")
    (match,) = inbox_of.book(take(inbox_of, reference="77"), person)
    line, payment = inbox_of.line(), match.payment
    assert (line.state, line.booked, line.shown_decided_by) == ("booked", D("499.00"), "Clara Clerk")
    assert (payment.amount, payment.on, payment.reference, payment.source) == (
        D("499.00"),
        line.booked_on,
        "77",
        "bank",
    )
    assert payment.key == f"bank:{line.uuid}:1"
    assert (open_of(invoice), balance(person)) == (D(0), D(0))
    booked = AuditEntry.objects.get(verb="payments.bank_line.booked")
    assert (booked.details["amount"], booked.details["subscribers"]) == ("499.00", [person.number])


def test_a_line_is_split_and_the_rest_is_credit(inbox_of):
    one, first = owing("300.00")
    two, second = owing("150.00")
    line = take(inbox_of, "500.00")
    inbox_of.book(line, (one, "300.00"), (two, "200.00", second))
    assert (open_of(first), open_of(second)) == (D(0), D(0))
    assert (balance(one), balance(two)) == (D(0), D("-50.00"))
    assert [match.part for match in line.matches.all()] == [1, 2]


def test_a_named_invoice_is_paid_first(inbox_of):
    person, older = owing("100.00")
    _, newer = owing("100.00", person=person)
    inbox_of.book(take(inbox_of, "100.00"), (person, "100.00", newer))
    assert (open_of(older), open_of(newer)) == (D("100.00"), D(0))


@pytest.mark.parametrize("amounts", [["400.00"], ["499.01"], ["499.00", "0.00"], ["500.00", "-1.00"], []])
def test_parts_that_do_not_make_up_the_line_are_refused(inbox_of, amounts):
    person, _ = owing("499.00")
    line = take(inbox_of)
    with pytest.raises(inbox.WrongSum):
        inbox_of.book(line, *[(person, amount) for amount in amounts])
    assert not Payment.objects.exists()
    assert inbox_of.line().state == "open"


def test_an_undone_match_takes_the_payment_back_and_may_be_booked_for_another(inbox_of):
    wrong, invoice = owing("499.00")
    right, owed = owing("499.00")
    line = take(inbox_of)
    (match,) = inbox_of.book(line, wrong)
    undone = inbox_of.undo(match, reason="it was her neighbour")
    assert (undone.undone_why, undone.shown_undone_by) == ("it was her neighbour", "Clara Clerk")
    assert (balance(wrong), open_of(invoice)) == (D("499.00"), D("499.00"))
    line.refresh_from_db()
    assert (line.state, line.booked) == ("open", D(0))
    (again,) = inbox_of.book(line, right)
    assert (again.part, again.payment.key) == (2, f"bank:{line.uuid}:2")
    assert again.payment != match.payment
    assert (balance(right), open_of(owed)) == (D(0), D(0))
    kinds = list(LedgerEntry.objects.filter(subscriber=wrong).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["invoice", "payment", "taken_back"]


def test_one_part_of_a_split_is_undone_and_the_other_stays(inbox_of):
    one, _ = owing("300.00")
    two, _ = owing("200.00")
    three, _ = owing("200.00")
    line = take(inbox_of, "500.00")
    _, second = inbox_of.book(line, (one, "300.00"), (two, "200.00"))
    inbox_of.undo(second)
    line.refresh_from_db()
    assert (line.state, line.left) == ("open", D("200.00"))
    with pytest.raises(inbox.CannotDecide):
        inbox.set_aside(line=line, by=inbox_of.by)
    inbox_of.book(line, three)
    line.refresh_from_db()
    assert (line.state, line.left) == ("booked", D(0))
    assert [balance(person) for person in (one, two, three)] == [D(0), D("200.00"), D(0)]
    assert sum(match.amount for match in Match.objects.standing()) == D("500.00")


def test_a_match_is_undone_once(inbox_of):
    person, _ = owing("499.00")
    (match,) = inbox_of.book(take(inbox_of), person)
    inbox_of.undo(match)
    with pytest.raises(inbox.CannotDecide):
        inbox_of.undo(match)
    assert balance(person) == D("499.00")


def test_a_payment_that_was_taken_back_elsewhere_is_not_taken_back_twice(inbox_of):
    from payments.services.payments import take_back_payment

    person, _ = owing("499.00")
    (match,) = inbox_of.book(take(inbox_of), person)
    take_back_payment(
        by=None, payment=match.payment, kind=LedgerEntry.Kind.REFUND, on=match.payment.on, reason="sent back"
    )
    inbox_of.undo(match)
    assert balance(person) == D("499.00")


def test_a_line_that_is_decided_is_decided(inbox_of):
    person, _ = owing("499.00")
    line = take(inbox_of)
    inbox_of.book(line, person)
    for attempt in (
        lambda: inbox_of.book(line, SubscriberFactory()),
        lambda: inbox.set_aside(line=line, by=inbox_of.by),
        lambda: inbox.reopen(line=line, by=inbox_of.by),
        lambda: inbox.call_different(line=line, by=inbox_of.by),
    ):
        with pytest.raises(inbox.CannotDecide):
            attempt()
    assert Payment.objects.count() == 1


def test_what_is_no_customers_payment_is_set_aside_and_comes_back(inbox_of):
    line = take(inbox_of)
    inbox.set_aside(line=line, by=inbox_of.by, note="interest")
    assert (inbox_of.line().state, inbox_of.line().note) == ("other", "interest")
    inbox.reopen(line=line, by=inbox_of.by)
    assert inbox_of.line().state == "open"
    assert BankLine.objects.to_do().count() == 1


def test_money_that_went_out_is_nobodys_payment(inbox_of):
    person, _ = owing("499.00")
    line = take(inbox_of, "-499.00")
    assert line.state == "out"
    with pytest.raises(inbox.CannotDecide):
        inbox_of.book(line, (person, "499.00"))


def test_a_customer_who_was_erased_gets_no_payment(inbox_of):
    from django.utils import timezone

    from subscribers.models import Subscriber
    from subscribers.models.subscriber import BLANKED, Erased

    person = SubscriberFactory(number=1007)
    line = take(inbox_of, reference="1007")
    Subscriber.objects.filter(pk=person.pk).update(erased_at=timezone.now(), **dict.fromkeys(BLANKED, ""))
    assert inbox_of.look(line).suggestions == []
    with pytest.raises(Erased):
        inbox_of.book(line, person)
