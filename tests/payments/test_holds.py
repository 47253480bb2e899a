"""What a payment that is being checked means for suspension, and what suspended subscribers must reach to pay."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from billing.services import suspensions
from company import router
from payments.models import GatewayAccount, PaymentReport
from subscribers.models import Service
from tests.factories.billing import AT, TODAY, owe, rule
from tests.factories.company import PaymentMethodFactory
from tests.factories.subscribers import ServiceFactory


@pytest.fixture(autouse=True)
def _noon(in_isp):
    with time_machine.travel(AT, tick=False):
        yield


def cut(service, by_rule):
    return suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=by_rule, at=AT)


def test_nobody_is_cut_while_a_payment_report_waits(in_isp):
    service, by_rule = ServiceFactory(), rule()
    owe(service.subscriber)
    report = PaymentReport.objects.create(
        subscriber=service.subscriber,
        method=PaymentMethodFactory(),
        amount=Decimal(500),
        currency="MXN",
        paid_on=TODAY - timedelta(days=1),
    )
    [row] = [row for each in suspensions.plan(at=AT) for row in each.rows]
    assert row["hold"] == "report"
    assert cut(service, by_rule) == "held"
    # The control: once it is decided on, the rule holds again.
    PaymentReport.objects.filter(pk=report.pk).update(state="rejected")
    assert cut(service, by_rule) == "cut"
    assert Service.objects.get(pk=service.pk).state == "suspended"


def test_whoever_is_cut_off_reaches_the_pages_of_the_gateways_that_are_offered(in_isp):
    assert "js.stripe.com" not in router.addresses_of(router.wanted(in_isp))
    GatewayAccount.objects.create(gateway="stripe", method=PaymentMethodFactory(), is_live=True)
    found = router.addresses_of(router.wanted(in_isp))
    assert {"js.stripe.com", "newassets.hcaptcha.com"} <= set(found)
    GatewayAccount.objects.update(problem="keys refused")
    assert "js.stripe.com" not in router.addresses_of(router.wanted(in_isp))
