"""Verbs on subscribers, services and logins."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.authentication import authenticate
from subscribers.models import PortalUser, Service, Subscriber
from subscribers.services import connections, customers, logins
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory, TariffFactory


def verbs():
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def test_subscriber_service_and_login_are_made_and_written_down(in_isp):
    staff = PortalUserFactory(username="acting")
    ana = customers.create_subscriber(by=staff, first_name="Ana", last_name="Ruiz", mobile="+525511112222")
    service = connections.create_service(by=staff, subscriber=ana, tariff=TariffFactory(price=Decimal("350.00")))
    user = logins.create_portal_user(by=staff, subscriber=ana, username="Ana.Ruiz", password="correct horse")
    assert ana.full_name == "Ana Ruiz"
    assert list(ana.services.all()) == [service]
    assert authenticate("ana.ruiz", "correct horse") == user
    assert verbs() == [
        "subscribers.subscriber.created",
        "subscribers.service.created",
        "subscribers.portal_user.created",
    ]
    entry = AuditEntry.objects.get(verb="subscribers.portal_user.created")
    assert (entry.actor_label, entry.details) == (
        "acting",
        {"username": "Ana.Ruiz", "subscriber": ana.number, "portal_role": "owner"},
    )
    assert "horse" not in str(list(AuditEntry.objects.values()))


def test_numbers_go_on_above_every_number_ever_given(in_isp):
    numbers = [customers.create_subscriber(by=None, first_name="A").number for _ in range(3)]
    assert numbers == [1, 2, 3]
    Subscriber.objects.get(number=3).delete()
    assert customers.create_subscriber(by=None, first_name="A").number == 4
    customers.create_subscriber(by=None, first_name="Brought along", number=900)
    assert customers.create_subscriber(by=None, first_name="A").number == 901


def test_each_isp_and_each_kind_counts_for_itself(isp, other_isp):
    for one in (isp, other_isp):
        with isp_scope(one):
            ana = customers.create_subscriber(by=None, first_name="Ana")
            customers.create_subscriber(by=None, first_name="Eva")
            service = connections.create_service(by=None, subscriber=ana, tariff=TariffFactory())
            assert (ana.number, service.number) == (1, 1)


def test_a_number_that_is_taken_is_refused_and_leaves_nothing(in_isp):
    SubscriberFactory(number=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        customers.create_subscriber(by=None, first_name="B", number=5)
    assert Subscriber.objects.count() == 1
    assert verbs() == []


@pytest.mark.parametrize("username", ["ab", "a" * 61, "ana ruiz", "ana@ruiz", "añá", "an\na", "", "ana/../", "ана"])
def test_a_user_name_of_the_wrong_form_is_refused(in_isp, username):
    subscriber = SubscriberFactory()
    with pytest.raises(ValidationError) as wrong:
        logins.create_portal_user(by=None, subscriber=subscriber, username=f"{username}", password="x")
    assert "username" in wrong.value.message_dict
    assert not PortalUser.objects.exists()
    # And the database refuses it, should it come by another way.
    with pytest.raises(IntegrityError), transaction.atomic():
        PortalUser.objects.create(subscriber=subscriber, username=username[:60] if len(username) < 61 else "a b")


@pytest.mark.parametrize("username", ["abc", "A.b-c_9", "a" * 60])
def test_a_user_name_of_the_right_form_is_taken(in_isp, username):
    logins.create_portal_user(by=None, subscriber=SubscriberFactory(), username=username, password="x")
    assert PortalUser.objects.get().username == username


def test_a_user_name_is_unique_in_any_case(in_isp):
    PortalUserFactory(username="maria")
    with pytest.raises(ValidationError, match="taken"):
        logins.create_portal_user(by=None, subscriber=SubscriberFactory(), username="MARIA", password="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        PortalUserFactory(username="Maria")


def test_a_login_without_a_password_opens_for_nobody(in_isp):
    logins.create_portal_user(by=None, subscriber=SubscriberFactory(), username="later", password=None)
    for guess in ("", "None", "!"):
        assert authenticate("later", guess) is None


def test_set_password_takes_the_new_one_and_not_the_old(in_isp):
    user = PortalUserFactory(username="maria")
    logins.set_password(by=user, user=user, password="brand new words")
    assert authenticate("maria", "brand new words") == user
    assert authenticate("maria", "correct horse battery") is None
    assert verbs() == ["subscribers.portal_user.password_set"]
    assert "words" not in str(AuditEntry.objects.get().details)


def test_an_address_signs_in_its_one_open_login(in_isp):
    PortalUserFactory(username="old", email="home@example.com", is_active=False)
    new = PortalUserFactory(username="new", email="Home@example.com")
    assert authenticate("home@example.com", "correct horse battery") == new
    PortalUserFactory(username="second", email="home@example.com")
    assert authenticate("home@example.com", "correct horse battery") is None


def test_lasting_services_are_all_but_the_ended(in_isp):
    for state in Service.State:
        ServiceFactory(state=state)
    assert {service.state for service in Service.objects.lasting()} == {"pending", "active", "suspended"}
    assert {service.colour for service in Service.objects.all()} == {"azure", "green", "orange", "secondary"}
