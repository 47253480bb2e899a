"""Services: their states, who brought them there, and addresses that only one may have."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.models import AuditEntry
from subscribers.models import Router, Service
from subscribers.services.connections import (
    CannotChangeState,
    HasEnded,
    change_service,
    change_service_state,
    create_service,
)
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


def test_a_change_of_a_service_is_kept_with_before_and_after(in_isp):
    clerk, router = PortalUserFactory(username="clerk"), Router.objects.create(name="Norte")
    service = ServiceFactory(address="Old 1")
    values = {"address": "New 2", "router": router, "ip_address": "10.0.0.5", "price": Decimal("99.50")}
    change_service(by=clerk, service=service, **values)
    service.refresh_from_db()
    assert (service.address, service.router, service.ip_address) == ("New 2", router, "10.0.0.5")
    entry = AuditEntry.objects.get(verb="subscribers.service.changed")
    assert (entry.actor_label, entry.target_id) == ("clerk", str(service.pk))
    assert entry.details["changes"] == {
        "address": ["Old 1", "New 2"],
        "router": ["", "Norte"],
        "ip_address": ["", "10.0.0.5"],
        "price": ["", "99.50"],
    }
    assert change_service(by=clerk, service=service, **values) == {}
    assert AuditEntry.objects.filter(verb="subscribers.service.changed").count() == 1


def test_another_tariff_is_kept_with_its_reason_and_ends_the_own_price(in_isp):
    old, new = TariffFactory(name="Old"), TariffFactory(name="New", price=Decimal("700"))
    service = ServiceFactory(tariff=old, price=Decimal("400"))
    change_service(by=None, service=service, tariff=new, reason="wanted more")
    service.refresh_from_db()
    assert (service.tariff, service.price, service.full_price) == (new, None, Decimal("700"))
    entry = AuditEntry.objects.get(verb="subscribers.service.tariff_changed")
    assert entry.details["changes"] == {"price": ["400.00", ""], "tariff": ["Old", "New"]}
    assert entry.details["reason"] == "wanted more"
    change_service(by=None, service=service, tariff=old, price=Decimal("410"))
    service.refresh_from_db()
    assert (service.tariff, service.full_price) == (old, Decimal("410"))


def test_an_address_that_is_taken_is_not_moved_to(in_isp):
    router = Router.objects.create(name="Norte")
    ServiceFactory(ip_address="10.0.0.5", router=router)
    service = ServiceFactory(ip_address="10.0.0.5", router=None)
    with pytest.raises(ValidationError, match="has this IP address"):
        change_service(by=None, service=service, router=router)
    with pytest.raises(ValidationError, match="has this IP address"):
        change_service(by=None, service=service, router=router, ip_address="10.0.0.5")
    change_service(by=None, service=service, router=router, ip_address="10.0.0.6")
    change_service(by=None, service=service, router=router, ip_address="10.0.0.6", address="Same place")


def test_what_has_ended_stays_as_it_was(in_isp):
    service = ServiceFactory(state="ended", address="Old 1")
    with pytest.raises(HasEnded):
        change_service(by=None, service=service, address="New 2")
    service.refresh_from_db()
    assert service.address == "Old 1"


def test_a_service_knows_since_when_it_is_in_its_state(in_isp):
    service = ServiceFactory(state="active")
    assert Service.objects.with_state_date().get(pk=service.pk).state_at is None
    for to in ("suspended", "active", "suspended"):
        change_service_state(by=None, service=service, to=to, reason="x")
    last = service.changes.last()
    assert Service.objects.with_state_date().get(pk=service.pk).state_at == last.at
