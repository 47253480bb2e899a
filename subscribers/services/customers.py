"""Taking on customers."""

from typing import Any

from django.utils import timezone

from core.audit import Actor, record
from subscribers.models import Subscriber, Tariff, Zone
from subscribers.services.connections import create_service
from subscribers.services.logins import create_portal_user
from subscribers.services.numbers import next_number


def create_subscriber(
    *,
    by: Actor | None,
    first_name: str,
    last_name: str = "",
    id_number: str = "",
    email: str = "",
    mobile: str = "",
    second_mobile: str = "",
    address: str = "",
    district: str = "",
    city: str = "",
    postcode: str = "",
    zone: Zone | None = None,
    number: int | None = None,
) -> Subscriber:
    """Take on a customer. Phones are E.164; `number` only for one brought along, else the next free one is taken.

    Raises IntegrityError if a number that was brought along is taken.
    """
    subscriber = Subscriber.objects.create(
        number=number or next_number(Subscriber),
        first_name=first_name,
        last_name=last_name,
        id_number=id_number,
        email=email,
        mobile=mobile,
        second_mobile=second_mobile,
        address=address,
        district=district,
        city=city,
        postcode=postcode,
        zone=zone,
    )
    record("subscribers.subscriber.created", by=by, on=subscriber, number=subscriber.number)
    return subscriber


def add_customer(
    *, by: Actor, person: dict[str, Any], tariff: Tariff | None, username: str, password: str, language: str
) -> Subscriber:
    """Take on a customer with what staff filled in: a first service if a tariff was chosen, a login if it was named.

    `person` is what create_subscriber takes. `language` is that of the login's pages and mails.
    """
    subscriber = create_subscriber(by=by, **person)
    if tariff:
        create_service(
            by=by, subscriber=subscriber, tariff=tariff, address=subscriber.address, started_on=timezone.localdate()
        )
    if username:
        create_portal_user(
            by=by,
            subscriber=subscriber,
            username=username,
            password=password,
            email=subscriber.email,
            language=language,
        )
    return subscriber
