"""Services: their states, who brought them there, and addresses that only one may have."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.models import AuditEntry
from subscribers.models import Router, Service
from subscribers.services.connections import CannotChangeState, change_service_state, create_service
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory, TariffFactory


def test_a_change_of_state_is_kept_with_who_when_and_why(in_isp):
    clerk = PortalUserFactory(username="clerk")
    service = create_service(by=clerk, subscriber=SubscriberFactory(), tariff=TariffFactory(), state="pending")
    assert service.started_on is None
    change_service_state(by=clerk, service=service, to="active", on=date(2026, 3, 1))
    change_service_state(by=None, service=service, to="suspended", reason="two invoices overdue")
    change_service_state(by=clerk, service=service, to="ended", on=date(2026, 5, 31))
    service.refresh_from_db()
    assert (service.state, service.started_on, service.ended_on) == ("ended", date(2026, 3, 1), date(2026, 5, 31))
    assert list(service.changes.values_list("state", "reason", "by_kind", "by_name")) == [
        ("pending", "", "portal_user", "clerk"),
        ("active", "", "portal_user", "clerk"),
        ("suspended", "two invoices overdue", "system", ""),
        ("ended", "", "portal_user", "clerk"),
    ]
    entry = AuditEntry.objects.filter(verb="subscribers.service.state_changed").first()
    assert (entry.details["before"], entry.details["after"]) == ("suspended", "ended")


@pytest.mark.parametrize(("state", "to"), [("ended", "active"), ("pending", "suspended"), ("active", "active")])
def test_a_step_that_makes_no_sense_is_refused_and_changes_nothing(in_isp, state, to):
    service = ServiceFactory(state=state)
    with pytest.raises(CannotChangeState):
        change_service_state(by=None, service=service, to=to)
    service.refresh_from_db()
    assert (service.state, service.changes.count()) == (state, 0)


def test_an_address_belongs_to_one_lasting_service_of_a_router(in_isp):
    one, two = Router.objects.create(name="Norte"), Router.objects.create(name="Sur")
    taken = ServiceFactory(ip_address="10.0.0.5", router=one)
    free = {"by": None, "subscriber": SubscriberFactory(), "tariff": TariffFactory(), "ip_address": "10.0.0.5"}
    with pytest.raises(ValidationError, match="has this IP address"):
        create_service(**free, router=one)
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceFactory(ip_address="10.0.0.5", router=one)
    create_service(**free, router=two)
    create_service(**free)
    with pytest.raises(ValidationError, match="has this IP address"):
        create_service(**free)
    change_service_state(by=None, service=taken, to="ended")
    create_service(**free, router=one)
    assert Service.objects.filter(ip_address="10.0.0.5").count() == 4
