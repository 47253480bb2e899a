"""Bank lines against what was reported, and against payments that are booked already: money is never booked twice."""

from datetime import date
from decimal import Decimal

import pytest

from payments.models import Payment, PaymentReport
from payments.services import inbox
from payments.services.payments import register_payment
from tests.factories.company import PaymentMethodFactory
from tests.payments.inbox.conftest import balance, owing
from tests.payments.statements.files import Move, camt

D = Decimal


def take(inbox_of, *rows):
    inbox_of.take(camt(rows, currency="MXN"))
    return inbox_of.lines()


def reported(person, amount="499.00", **more):
    method = PaymentMethodFactory(name="Transfer")
    said = {"subscriber": person, "method": method, "amount": D(amount), "currency": "MXN", **more}
    return PaymentReport.objects.create(**{"paid_on": date(2026, 11, 19), **said})


def paid(person, amount="499.00", on=date(2026, 11, 19), source=Payment.Source.REPORT, **more):
    return register_payment(by=None, subscriber=person, amount=D(amount), currency="MXN", on=on, source=source, **more)


def codes(line):
    return [reason["code"] for reason in line.best.get("reasons", [])]


def test_a_report_that_waits_says_whose_a_line_is_and_is_approved_with_it(inbox_of):
    person, _ = owing("499.00")
    owing("499.00")
    report = reported(person)
    (line,) = take(inbox_of, Move(D("499.00"), text="transferencia"))
    assert (line.level, line.best["subscriber"], codes(line)) == ("likely", person.pk, ["report", "sum_balance"])
    (match,) = inbox_of.book(line, person)
    report.refresh_from_db()
    assert (report.state, report.payment, report.by_name) == ("approved", match.payment, "Clara Clerk")
    assert (Payment.objects.count(), balance(person)) == (1, D(0))


def test_a_payment_that_is_booked_already_keeps_the_line_from_being_certain_and_is_linked(inbox_of):
    """The report was approved, and the next invoice has the same amount: the line is not a second payment."""
    person, _ = owing("499.00", number=1007)
    payment = paid(person)
    owing("499.00", person=person, on=date(2026, 11, 20))
    (line,) = take(inbox_of, Move(D("499.00"), text="cliente 1007"))
    assert line.level == "likely"
    assert "paid" in codes(line)
    match = inbox.link_payment(line=line, payment=payment, by=inbox_of.by)
    assert (match.payment, match.is_linked, inbox_of.line().state) == (payment, True, "booked")
    assert (Payment.objects.count(), balance(person)) == (1, D("499.00"))
    inbox_of.undo(match)
    payment.refresh_from_db()
    assert (payment.taken_back, inbox_of.line().state) == (D(0), "open")
    # The link may be made anew.
    assert inbox.link_payment(line=line, payment=payment, by=inbox_of.by).part == 2


def test_control_without_looking_at_payments_the_line_is_certain(inbox_of, monkeypatch):
    from payments.services import matching

    monkeypatch.setattr(matching, "_by_payment", lambda *args: None)
    person, _ = owing("499.00", number=1007)
    paid(person)
    owing("499.00", person=person, on=date(2026, 11, 20))
    (line,) = take(inbox_of, Move(D("499.00"), text="cliente 1007"))
    assert line.level == "certain"


def test_one_payment_is_the_money_of_one_line(inbox_of):
    person, _ = owing("499.00", number=1007)
    payment = paid(person, source=Payment.Source.DESK)
    one, two, other = take(
        inbox_of, Move(D("499.00"), text="1007 a"), Move(D("499.00"), text="1007 b"), Move(D("5.00"), text="1007 c")
    )
    inbox.link_payment(line=one, payment=payment, by=inbox_of.by)
    with pytest.raises(inbox.CannotDecide):
        inbox.link_payment(line=two, payment=payment, by=inbox_of.by)
    with pytest.raises(inbox.WrongSum):
        inbox.link_payment(line=other, payment=payment, by=inbox_of.by)
    assert "paid" not in codes(inbox_of.look(two))


@pytest.mark.parametrize("how", [{"on": date(2026, 10, 1)}, {"amount": "498.00"}])
def test_payments_of_other_days_and_sums_are_other_money(inbox_of, how):
    person, _ = owing("998.00", number=1007)
    paid(person, **{"amount": "499.00", **how})
    (line,) = take(inbox_of, Move(D("499.00"), text="cliente 1007"))
    assert "paid" not in codes(line)
