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
    assert grace.key == f"report:{PaymentReport.objects.get().uuid}"


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
