"""Closing a cash desk: what is counted, what a closed day refuses, and what it does not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from billing.models import LedgerEntry
from core.models import AuditEntry
from core.scope import isp_scope
from payments import desk
from payments.models import CashClosing, Payment
from payments.services import closings, payments
from tenants.roles import Role
from tests.factories.company import PaymentMethodFactory
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = date(2026, 3, 10)
DESK, REPORT = Payment.Source.DESK, Payment.Source.REPORT


@pytest.fixture
def at_noon():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.BILLING, name="Carla Caja", email="carla@wispmega.example")


@pytest.fixture
def colleague(isp):
    return make_member(isp, Role.BILLING, name="Beto Banco", email="beto@wispmega.example")


@pytest.fixture
def cash(in_isp):
    return PaymentMethodFactory(name="Cash", kind="cash", position=0)


@pytest.fixture
def transfer(in_isp):
    return PaymentMethodFactory(name="Transfer", kind="bank_transfer", position=1)


def pay(by, method, amount, *, source=DESK, **more):
    said = {"currency": "MXN", "on": TODAY, "source": source, **more}
    return payments.register_payment(
        by=by, subscriber=SubscriberFactory(), amount=Decimal(amount), method=method, **said
    )


def close(by, counted, *, clerk=None, on=TODAY, **more):
    clerk = clerk or by
    found = desk.sums(clerk_id=clerk.pk, on=on)
    said = {"seen": sum(each.amount for each in found), "currency": "MXN", **more}
    return closings.close_desk(by=by, clerk=clerk, on=on, counted=counted, **said)


def key(method):
    return str(method.uuid)


def test_a_day_is_counted_by_method_and_kept(at_noon, clerk, colleague, cash, transfer):
    pay(clerk, cash, "100")
    pay(clerk, cash, "250.50")
    pay(clerk, transfer, "400")
    pay(colleague, cash, "999")  # of somebody else
    pay(clerk, transfer, "999", source=REPORT)  # no desk
    closing = close(clerk, {key(cash): Decimal("350.50"), key(transfer): Decimal(400)})
    lines = list(closing.lines.values_list("name", "payments", "registered", "counted"))
    assert lines == [
        ("Cash", 2, Decimal("350.50"), Decimal("350.50")),
        ("Transfer", 1, Decimal(400), Decimal(400)),
    ]
    assert (closing.registered, closing.difference, closing.clerk_name) == (
        Decimal("750.50"),
        0,
        "Carla Caja <carla@wispmega.example>",
    )
    entry = AuditEntry.objects.get(verb="payments.desk.closed")
    assert entry.details["day"] == "2026-03-10"
    assert entry.details["amount"] == "750.50"


def test_a_closed_day_takes_no_more_of_that_clerk_until_tomorrow(at_noon, clerk, colleague, cash):
    pay(clerk, cash, "100")
    close(clerk, {key(cash): Decimal(100)})
    with pytest.raises(closings.DeskClosed):
        pay(clerk, cash, "50")
    # Nor with another date on it: the money would lie in the same drawer.
    with pytest.raises(closings.DeskClosed):
        pay(clerk, cash, "50", on=TODAY - timedelta(days=1))
    assert Payment.objects.count() == 1
    # Colleagues, reports, gateways and the bank go on.
    pay(colleague, cash, "50")
    pay(clerk, cash, "50", source=REPORT)
    pay(None, cash, "50", source=Payment.Source.GATEWAY)
    at_noon.shift(timedelta(days=1))
    pay(clerk, cash, "70", on=TODAY)
    assert [each.amount for each in desk.sums(clerk_id=clerk.pk, on=TODAY + timedelta(days=1))] == [70]


def test_a_key_that_was_booked_before_the_closing_still_gives_its_payment(at_noon, clerk, cash):
    ana = SubscriberFactory()
    said = {"subscriber": ana, "amount": Decimal(100), "currency": "MXN", "on": TODAY, "source": DESK, "method": cash}
    first = payments.register_payment(by=clerk, key="form:1", **said)
    close(clerk, {key(cash): Decimal(100)})
    assert payments.register_payment(by=clerk, key="form:1", **said) == first


def test_what_goes_back_is_taken_off_on_the_day_it_goes(at_noon, clerk, colleague, cash):
    yesterdays = pay(clerk, cash, "300")
    close(clerk, {key(cash): Decimal(300)})
    at_noon.shift(timedelta(days=1))
    on = TODAY + timedelta(days=1)
    pay(clerk, cash, "100")
    payments.take_back_payment(
        by=clerk, payment=yesterdays, kind=LedgerEntry.Kind.REFUND, on=on, reason="paid twice", amount=Decimal(120)
    )
    (line,) = desk.sums(clerk_id=clerk.pk, on=on)
    assert (line.payments, line.paid_back, line.amount) == (1, 120, -20)
    closing = close(clerk, {key(cash): Decimal(-20)}, on=on)
    assert closing.difference == 0
    # The day before stays as it was counted.
    assert CashClosing.objects.get(on=TODAY).registered == 300
    with pytest.raises(closings.DeskClosed):
        payments.take_back_payment(by=clerk, payment=yesterdays, kind=LedgerEntry.Kind.REFUND, on=on, reason="x")
    payments.take_back_payment(by=colleague, payment=yesterdays, kind=LedgerEntry.Kind.REFUND, on=on, reason="x")


def test_a_difference_needs_a_reason_even_if_methods_make_up_for_each_other(at_noon, clerk, cash, transfer):
    pay(clerk, cash, "100")
    pay(clerk, transfer, "100")
    swapped = {key(cash): Decimal(90), key(transfer): Decimal(110)}
    with pytest.raises(closings.NeedsReason):
        close(clerk, swapped, reason="  ")
    closing = close(clerk, swapped, reason="10 were paid by transfer")
    assert (closing.difference, closing.reason) == (0, "10 were paid by transfer")


def test_what_came_in_since_the_sums_were_shown_is_not_closed_unseen(at_noon, clerk, cash, transfer):
    pay(clerk, cash, "100")
    with pytest.raises(closings.Moved):
        close(clerk, {key(cash): Decimal(100)}, seen=Decimal(60))
    with pytest.raises(closings.Moved):
        close(clerk, {}, seen=Decimal(100))
    assert not CashClosing.objects.exists()


@pytest.mark.parametrize("case", ["nothing", "future", "twice"])
def test_what_cannot_be_closed(case, at_noon, clerk, cash):
    on = TODAY + timedelta(days=1) if case == "future" else TODAY
    if case != "nothing":
        pay(clerk, cash, "100")
    if case == "twice":
        close(clerk, {key(cash): Decimal(100)})
    with pytest.raises(closings.CannotClose):
        close(clerk, {key(cash): Decimal(100)}, on=on, seen=Decimal(100))
    assert CashClosing.objects.count() == (case == "twice")


def test_a_colleague_closes_for_who_has_left(at_noon, clerk, colleague, cash):
    pay(clerk, cash, "100")
    closing = close(colleague, {key(cash): Decimal(100)}, clerk=clerk)
    assert (closing.clerk_id, closing.by_id) == (clerk.pk, colleague.pk)
    with pytest.raises(closings.DeskClosed):
        pay(clerk, cash, "1")
    pay(colleague, cash, "1")


def test_a_day_is_that_of_the_isp(isp, clerk, cash):
    """23:30 in Mexico is half past five of the next day in UTC."""
    from zoneinfo import ZoneInfo

    from django.utils import timezone

    late = datetime(2026, 3, 11, 5, 30, tzinfo=UTC)
    with time_machine.travel(late, tick=False), timezone.override(ZoneInfo("America/Mexico_City")):
        pay(clerk, cash, "100")
        assert [day.on for day in desk.open_days(today=TODAY)] == [TODAY]
        assert desk.sums(clerk_id=clerk.pk, on=TODAY)[0].amount == 100
        assert desk.sums(clerk_id=clerk.pk, on=TODAY + timedelta(days=1)) == []


def test_open_days_end_with_their_closing(at_noon, clerk, colleague, cash):
    pay(clerk, cash, "100")
    pay(clerk, cash, "50")
    pay(colleague, cash, "7")
    found = desk.open_days(today=TODAY)
    assert [(day.clerk_id, day.payments, day.amount) for day in found] == [(colleague.pk, 1, 7), (clerk.pk, 2, 150)]
    close(clerk, {key(cash): Decimal(150)})
    assert [day.clerk_id for day in desk.open_days(today=TODAY)] == [colleague.pk]


def test_a_closing_of_one_isp_closes_nobodys_day_at_another(at_noon, isp, other_isp, clerk):
    with isp_scope(isp):
        pay(clerk, None, "100")
        close(clerk, {"none": Decimal(100)})
    with isp_scope(other_isp):
        pay(clerk, None, "5")
        assert [day.amount for day in desk.open_days(today=TODAY)] == [5]
