"""Finding subscribers."""

import pytest
from django.db import connection

from subscribers.models import Subscriber, keys_for
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory


@pytest.fixture
def people(in_isp):
    one = SubscriberFactory(
        number=1042,
        first_name="José Ángel",
        last_name="García-López Núñez",
        id_number="GALJ-850101/HDF",
        mobile="+525512345678",
        email="Jose.Angel@example.com",
    )
    PortalUserFactory(subscriber=one, username="Pepe.GL", email="")
    two = SubscriberFactory(
        number=2001,
        first_name="O'Brien St.John",
        last_name="Ltd.",
        id_number="12.345.678-9",
        mobile="",
        email="office@example.net",
    )
    return one, two


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {1042, 2001}),
        ("  ", {1042, 2001}),
        ("jose", {1042}),
        ("JOSÉ", {1042}),
        ("nunez jose", {1042}),
        ("lopez", {1042}),
        ("García-López", {1042}),
        ("garcia lop", {1042}),
        ("garcia brien", set()),
        ("1042", {1042}),
        ("GALJ850101HDF", {1042}),
        ("galj-850101", {1042}),
        ("+52 55 1234 5678", {1042}),
        ("55-1234-5678", {1042}),
        ("5678", {1042}),
        ("999", set()),
        ("pepe", {1042}),
        ("PEPE.gl", {1042}),
        ("jose.angel@exa", {1042}),
        ("o'brien", {2001}),
        ("john", {2001}),
        ("12345678", {1042, 2001}),
        ("12.345.678-9", {2001}),
        ("' | zz:*", set()),
        ("%", set()),
        ("!&|():*", set()),
        ("\\", set()),
        ("名前", set()),
        ("x²", set()),
    ],
)
def test_what_is_typed_finds_by_beginnings_without_accents(people, text, found):
    assert set(Subscriber.objects.search(text).values_list("number", flat=True)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("panaderia la", {3000}),
        ("juarez 45", {3000}),
        ("Av. Juárez", {3000}),
        ("colonia roma", {3000}),
        ("06700", {3000}),
        ("876543210", {3000}),
        ("XAXX-010101", {3000}),
        ("accounts@pan", {3000}),
        ("office@example.net", {2001}),
        # The beginning of the address, not of its parts: else half of all would be found by "example" or "com".
        ("example", set()),
        ("700123", {3000}),
        ("hidalgo", {3000}),
        # Each place by itself: home is in one row, the connection in another.
        ("juarez hidalgo", set()),
        # A single letter is a word, since it begins one of almost everybody's.
        ("p", set()),
    ],
)
def test_addresses_companies_and_services_are_found_too(people, text, found):
    three = SubscriberFactory(
        number=3000,
        first_name="Pan",
        last_name="Ruiz",
        business_name="Panadería La Espiga",
        address="Av. Juárez 45",
        district="Colonia Roma",
        city="México",
        postcode="06700",
        second_mobile="+529876543210",
        mobile="",
        tax_id="XAXX010101000",
        billing_email="accounts@panes.mx",
        email="",
        id_number="",
    )
    ServiceFactory(subscriber=three, number=700123, address="Hidalgo 3, local 2")
    assert set(Subscriber.objects.search(text).values_list("number", flat=True)) == found
    # Looked at row by row it is the same.
    assert set(Subscriber.objects.each_with(text).values_list("number", flat=True)) == found
    assert keys_for(text, at_most=10) == set(Subscriber.objects.search(text).values_list("pk", flat=True))


def test_too_many_are_not_collected(people):
    assert keys_for("example", at_most=10) == set()
    SubscriberFactory.create_batch(5, last_name="Zapata")
    assert keys_for("zapata", at_most=4) is None
    assert len(keys_for("zapata", at_most=5)) == 5


def test_a_subscriber_with_two_fitting_logins_is_found_once(people):
    PortalUserFactory(subscriber=people[0], username="pepe2", email="")
    assert Subscriber.objects.search("pepe").count() == 1


def test_words_are_looked_up_in_the_index(people):
    """With an index that the query does not fit, this is a walk over all rows, by the table or by another index."""
    with connection.cursor() as cursor:
        for walk in ["seqscan", "indexscan", "indexonlyscan"]:
            cursor.execute(f"SET LOCAL enable_{walk} = off")
        plan = Subscriber.objects.search("garcia").explain()
    for index in ("subscriber_words", "service_words", "portal_user_words"):
        assert index in plan


def test_names_in_other_scripts_are_found(in_isp):
    SubscriberFactory(number=7, first_name="Иван", last_name="Петров")
    assert Subscriber.objects.search("петр").get().number == 7
