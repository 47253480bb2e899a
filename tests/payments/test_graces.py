"""Back on report: who gets the service back, for how long, and when it ends."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import Grace, SuspensionRule
from billing.services import suspensions
from payments import holds
from payments.models import PaymentReport, PaymentSettings
from payments.services import reports
from subscribers.models import Service
from tenants.roles import Role
from tests.factories.payments import bill, report
from tests.factories.staff import make_member
from tests.factories.subscribers import ServiceFactory

AT = timezone.now()
TODAY = AT.date() - timedelta(days=1)  # everywhere, whatever the ISP's clocks say


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.BILLING)


@pytest.fixture
def service(in_isp):
    """A service that is switched off, since 500 have been due for ten days."""
    PaymentSettings(pk=1, reactivates=True, grace_days=3, grace_cap=Decimal(1000)).save()
    service = ServiceFactory()
    bill(service.subscriber, "500", on=TODAY - timedelta(days=20), due_on=TODAY - timedelta(days=10))
    rule = SuspensionRule.objects.create(is_on=True)
    suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule, at=AT)
    assert state(service) == "suspended"
    return service


def state(service):
    return Service.objects.get(pk=service.pk).state


def test_a_report_brings_the_service_back_until_a_day(service):
    report(service.subscriber, "500")
    grace = Grace.objects.get()
    assert state(service) == "active"
    assert (grace.until - grace.at.date()).days in (2, 3, 4)
    assert grace.key == f"report:{PaymentReport.objects.get().uuid}:{service.number}"
    assert grace.service == service


@pytest.mark.parametrize(
    ("rules", "amount"),
    [
        ({"reactivates": False}, "500"),
        ({}, "499.99"),
        ({"grace_cap": Decimal("499.99")}, "500"),
    ],
)
def test_it_does_not_where_it_is_off_or_too_little_or_too_much(service, rules, amount):
    PaymentSettings.objects.update(**rules)
    report(service.subscriber, amount)
    assert state(service) == "suspended"
    assert not Grace.objects.exists()


def test_who_owes_nothing_overdue_is_given_nothing(in_isp):
    PaymentSettings(pk=1, reactivates=True).save()
    service = ServiceFactory()
    bill(service.subscriber, "500", on=TODAY, due_on=TODAY + timedelta(days=10))
    report(service.subscriber, "500")
    assert not Grace.objects.exists()


def test_a_rejection_ends_it_at_once(service, clerk):
    made = report(service.subscriber, "500")
    reports.reject_report(by=clerk, report=made, reason="no such payment")
    assert state(service) == "suspended"
    assert Grace.objects.get().ended_at


def test_an_approval_keeps_it(service, clerk):
    made = report(service.subscriber, "500")
    reports.approve_report(by=clerk, report=made)
    assert state(service) == "active"


def test_it_is_given_once_in_a_period(service, clerk):
    reports.reject_report(by=clerk, report=report(service.subscriber, "500"), reason="no")
    report(service.subscriber, "500", reference="another")
    assert state(service) == "suspended"
    assert Grace.objects.count() == 1
    # In the next month it is given again.
    Grace.objects.update(at=AT - timedelta(days=40))
    report(service.subscriber, "500", reference="a third")
    assert state(service) == "active"


def test_a_waiting_report_holds_a_cut_back_for_some_days(in_isp):
    service = ServiceFactory()
    made = report(service.subscriber, "500")
    assert list(holds.waiting_reports(AT)) == [made]
    assert not holds.waiting_reports(AT + timedelta(days=8)).exists()
    Grace.objects.create(subscriber=service.subscriber, key=f"report:{made.uuid}", until=TODAY - timedelta(days=3))
    assert not holds.waiting_reports(AT).exists()


@pytest.fixture
def other(service):
    """Another service of the same subscriber, cut off for the same debt."""
    other = ServiceFactory(subscriber=service.subscriber)
    suspensions.cut(by=None, subscriber_id=other.subscriber_id, rule=SuspensionRule.objects.get(), at=AT)
    assert state(other) == "suspended"
    return other


@pytest.mark.parametrize(
    ("isp_says", "theirs", "states"),
    [
        (False, (None, True), ["suspended", "active"]),
        (True, (None, False), ["active", "suspended"]),
        (False, (None, None), ["suspended", "suspended"]),
        (True, (None, None), ["active", "active"]),
    ],
)
def test_each_service_says_for_itself_whether_it_comes_back(service, other, isp_says, theirs, states):
    PaymentSettings.objects.update(reactivates=isp_says)
    for row, wish in zip((service, other), theirs, strict=True):
        Service.objects.filter(pk=row.pk).update(back_on_report=wish)
    report(service.subscriber, "500")
    assert [state(service), state(other)] == states
    assert list(Grace.objects.order_by("pk").values_list("service", flat=True)) == [
        row.pk for row, now in zip((service, other), states, strict=True) if now == "active"
    ]


def test_a_rejection_ends_it_for_each_service(service, other, clerk):
    reports.reject_report(by=clerk, report=report(service.subscriber, "500"), reason="no such payment")
    assert [state(service), state(other)] == ["suspended", "suspended"]
    assert Grace.objects.filter(ended_at=None).count() == 0


def test_once_in_a_period_is_counted_by_service(service, other, clerk):
    Service.objects.filter(pk=other.pk).update(back_on_report=False)
    reports.reject_report(by=clerk, report=report(service.subscriber, "500"), reason="no")
    Service.objects.filter(pk=other.pk).update(back_on_report=True)
    report(service.subscriber, "500", reference="another")
    assert [state(service), state(other)] == ["suspended", "active"]


def test_a_cut_leaves_out_only_the_service_that_was_given_time(service, other, clerk):
    rule = SuspensionRule.objects.get()
    Service.objects.filter(pk=other.pk).update(back_on_report=False)
    made = report(service.subscriber, "500")
    Service.objects.filter(pk=other.pk).update(state="active")  # by hand, and no time is given for that
    PaymentReport.objects.filter(pk=made.pk).update(state="withdrawn")  # and nothing else holds the cut back
    [row] = suspensions.in_debt(rule, at=AT)
    assert (row["services"], row["hold"]) == (1, "")
    suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule, at=AT)
    assert [state(service), state(other)] == ["active", "suspended"]
    # Who has nothing but services with time is held back, and said to be so.
    [row] = suspensions.in_debt(rule, at=AT)
    assert (row["services"], row["hold"]) == (0, "grace")
    later = AT + timedelta(days=10)
    [row] = suspensions.in_debt(rule, at=later)
    assert (row["services"], row["hold"]) == (1, "")
