"""Whose a line is: by numbers, amounts, earlier payments, and numbers that somebody mistyped."""

from datetime import date
from decimal import Decimal

import pytest

from payments.models import BankLine, Payment
from payments.services import certain, inbox, matching
from tests.factories.subscribers import InvoiceGroupFactory, ServiceFactory, SubscriberFactory
from tests.payments.inbox.conftest import TODAY, balance, open_of, owing
from tests.payments.statements.files import Move, camt

D = Decimal


def take(inbox_of, *rows, currency="MXN"):
    inbox_of.take(camt(rows, currency=currency))
    return inbox_of.lines()


def told(line):
    return (line.level, [reason["code"] for reason in line.best.get("reasons", [])])


@pytest.mark.parametrize(
    ("text", "reference", "code"),
    [
        ("pago internet {invoice}", "", "invoice"),
        ("factura {invoice_dashed}", "", "invoice"),
        ("cliente {subscriber} gracias", "", "subscriber"),
        ("", "{subscriber}", "subscriber"),
        ("servicio {service}", "", "service"),
        ("VS:000{subscriber}", "", "subscriber"),
    ],
)
def test_a_number_and_the_right_amount_are_certain(inbox_of, text, reference, code):
    person, invoice = owing("499.00", number=1007, group=InvoiceGroupFactory(number_prefix="F-26-"))
    service = ServiceFactory(subscriber=person, number=5007)
    owing("499.00", number=1008)
    words = {
        "invoice": invoice.number,
        "invoice_dashed": invoice.number.replace("-", "/"),
        "subscriber": person.number,
        "service": service.number,
    }
    (line,) = take(inbox_of, Move(D("499.00"), text=text.format(**words), reference=reference.format(**words)))
    assert line.level == "certain", line.suggestions
    assert line.best["subscriber"] == person.pk
    assert code in [reason["code"] for reason in line.best["reasons"]]
    assert BankLine.objects.certain().count() == 1


def test_a_right_number_with_another_amount_is_not_certain(inbox_of):
    person, _ = owing("499.00", number=1007)
    lines = take(
        inbox_of,
        Move(D("300.00"), text="1007 a"),
        Move(D("489.00"), text="1007 b"),
        Move(D("510.00"), text="1007 c"),
    )
    assert [told(line) for line in lines] == [
        ("weak", ["subscriber"]),
        ("weak", ["subscriber", "sum_less"]),
        ("weak", ["subscriber", "sum_more"]),
    ]
    assert lines[1].best["reasons"][1]["with"] == {"difference": "10.00"}
    assert {line.best["subscriber"] for line in lines} == {person.pk}


def test_numbers_of_two_customers_are_not_certain_for_either(inbox_of):
    owing("499.00", number=1007)
    owing("499.00", number=1008)
    (line,) = take(inbox_of, Move(D("499.00"), text="1007 o 1008"))
    assert line.level == "weak"
    assert len(line.suggestions) == 2


def test_the_right_amount_alone_is_a_weak_hint(inbox_of):
    person, _ = owing("511.37")
    owing("499.00")
    owing("499.00")
    one, two = take(inbox_of, Move(D("511.37"), text="hola"), Move(D("499.00"), text="hola"))
    assert told(one) == ("weak", ["only", "sum_balance"])
    assert one.best["subscriber"] == person.pk
    assert told(two) == ("none", [])


def test_other_currencies_are_never_certain_and_cannot_be_booked(inbox_of):
    person, _ = owing("499.00", number=1007)
    (line,) = take(inbox_of, Move(D("499.00"), text="1007"), currency="EUR")
    assert line.level == "likely"
    with pytest.raises(inbox.OtherCurrency):
        inbox_of.book(line, person)
    assert not Payment.objects.exists()


@pytest.mark.parametrize("typed", ["10207", "12027", "102277", "1227"])
def test_a_number_with_one_digit_wrong_is_suggested_with_the_amount(inbox_of, typed):
    person, _ = owing("499.00", number=10227)
    owing("499.00", number=99999)
    (line,) = take(inbox_of, Move(D("499.00"), text=f"cliente {typed}"))
    assert line.best["subscriber"] == person.pk
    assert told(line) == ("likely", ["near", "sum_balance"])
    assert line.best["reasons"][0]["with"]["meant"] == "10227"


def test_control_without_near_numbers_nobody_is_suggested(inbox_of, monkeypatch):
    monkeypatch.setattr(matching, "near_numbers", lambda number: set())
    owing("499.00", number=10227)
    owing("499.00", number=99999)
    (line,) = take(inbox_of, Move(D("499.00"), text="cliente 10207"))
    assert line.level == "none"


def test_zeros_that_the_bank_left_out_and_invoices_mistyped(inbox_of):
    group = InvoiceGroupFactory(number_prefix="F-2026-")
    person, invoice = owing("612.00", group=group)
    owing("612.00", group=group)
    assert invoice.number.startswith("F-2026-0000")
    short = invoice.number.replace("0000", "")
    wrong = invoice.number[:-2] + "9" + invoice.number[-1]
    one, two = take(inbox_of, Move(D("612.00"), text=f"pago {short}"), Move(D("612.00"), text=f"pago {wrong}"))
    assert (one.best["subscriber"], told(one)) == (person.pk, ("likely", ["zeros", "sum_invoice"]))
    assert told(two)[1] == ["near", "sum_invoice"]
    assert person.pk in {each["subscriber"] for each in two.suggestions}


def test_an_invoice_typed_with_its_zeros_is_not_taken_for_a_subscriber(inbox_of):
    person, invoice = owing("499.00")
    assert invoice.number.isdecimal(), "without a prefix"
    stranger = SubscriberFactory(number=int(invoice.number))
    (line,) = take(inbox_of, Move(D("499.00"), text=f"factura {invoice.number}"))
    assert (line.level, line.best["subscriber"]) == ("certain", person.pk)
    (_, bare) = take(inbox_of, Move(D("499.00"), text=f"numero {stranger.number}"))
    assert (bare.level, bare.best["subscriber"]) == ("weak", stranger.pk)


def test_whoever_paid_from_the_same_account_before_is_known_again(inbox_of):
    person, _ = owing("499.00", number=1007)
    first, second = take(
        inbox_of,
        Move(D("499.00"), text="hola", account="123456/0800"),
        Move(D("200.00"), text="y yo", account="123456/0800"),
    )
    assert told(second)[0] == "none"
    (match,) = inbox_of.book(first, person)
    owing("200.00", person=person, on=date(2026, 11, 2))
    assert told(inbox_of.look(second)) == ("likely", ["payer", "only", "sum_balance"])
    inbox_of.undo(match)
    assert "payer" not in told(inbox_of.look(second))[1]


def test_the_payers_name_helps(inbox_of):
    person, _ = owing("499.00", first_name="María José", last_name="Núñez Sánchez")
    owing("499.00")
    (line,) = take(inbox_of, Move(D("499.00"), name="NUNEZ SANCHEZ MARIA JOSE"))
    assert (line.best["subscriber"], told(line)) == (person.pk, ("likely", ["name", "sum_balance"]))


def test_of_two_lines_for_one_debt_only_the_first_is_certain(inbox_of):
    owing("499.00", number=1007)
    first, second = take(inbox_of, Move(D("499.00"), text="1007 a"), Move(D("499.00"), text="1007 b"))
    assert (first.level, second.level) == ("certain", "likely")


def test_all_certain_lines_are_booked_at_once_and_paid_invoices_are_paid(inbox_of):
    people = [owing("499.00", number=1000 + n) for n in range(6)]
    rows = [Move(D("499.00"), text=f"cliente {1000 + n}") for n in range(5)] + [Move(D("77.00"), text="quién")]
    take(inbox_of, *rows)
    found = certain.offer()
    assert (found.count, found.total) == (5, D("2495.00"))
    assert inbox_of.book_certain() == 5
    assert [open_of(invoice) for _, invoice in people] == [D(0)] * 5 + [D("499.00")]
    payments = Payment.objects.filter(source=Payment.Source.BANK)
    assert {payment.on for payment in payments} == {date(2026, 11, 20)}
    assert payments.count() == 5
    assert BankLine.objects.filter(state="open").count() == 1
    # A second time there is nothing to book, and the task that comes twice books nothing.
    certain.work_off(isp_id=inbox_of.isp.pk)
    with pytest.raises(certain.Changed):
        certain.ask(mark=found.mark, by=inbox_of.by, isp=inbox_of.ref)
    assert Payment.objects.count() == 5


def test_what_is_not_certain_any_more_waits_for_a_person(inbox_of):
    """The customer pays at the desk after somebody has said yes, and before the task comes."""
    from payments.services.payments import register_payment

    person, invoice = owing("499.00", number=1007)
    take(inbox_of, Move(D("499.00"), text="1007"))
    certain.ask(mark=certain.offer().mark, by=inbox_of.by, isp=inbox_of.ref)
    register_payment(
        by=None, subscriber=person, amount=D("499.00"), currency="MXN", on=TODAY, source=Payment.Source.DESK
    )
    certain.work_off(isp_id=inbox_of.isp.pk)
    line = inbox_of.line()
    assert (line.state, line.level, line.decided_by_name) == ("open", "weak", "")
    assert (balance(person), open_of(invoice)) == (D(0), D(0))


def test_lines_are_compared_anew_when_invoices_come_later(inbox_of):
    take(inbox_of, Move(D("499.00"), text="1007"))
    assert inbox_of.line().level == "none"
    owing("499.00", number=1007)
    assert certain.look_again(isp=inbox_of.ref) == 1
    assert inbox_of.line().level == "certain"


def test_two_hundred_lines_cost_as_many_queries_as_two(inbox_of, count_queries):
    for n in range(20):
        owing("499.00", number=1000 + n)
    rows = [Move(D("499.00"), text=f"cliente {1000 + n}", name="Ana Ruiz", account=str(n)) for n in range(40)]
    lines = take(inbox_of, *rows)
    with count_queries() as two:
        matching.look_at([lines[0], lines[-1]], isp=inbox_of.ref)
    with count_queries() as forty:
        matching.look_at(lines, isp=inbox_of.ref)
    assert len(two) == len(forty) <= 16
