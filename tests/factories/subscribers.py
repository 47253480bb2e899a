"""Subscribers, tariffs, services and portal logins. Call them in an ISP's scope."""

from decimal import Decimal

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from company.models import InvoiceGroup
from core.uploads import store
from subscribers.models import Note, PortalUser, Router, Service, Subscriber, SubscriberDocument, Tariff, Zone
from tests.factories.files import upload

PASSWORD = "correct horse battery"
# Hashing is slow by design; once is enough for all logins of a run.
_HASHED: dict[str, str] = {}


def hashed(password: str) -> str:
    """The same hash for the same password, made when first asked for."""
    return _HASHED.setdefault(password, make_password(password))


class ZoneFactory(DjangoModelFactory):
    class Meta:
        model = Zone
        django_get_or_create = ("name",)

    name = "Centro"


class TariffFactory(DjangoModelFactory):
    class Meta:
        model = Tariff
        django_get_or_create = ("name",)

    name = "Hogar 100"
    download = 100
    upload = 20
    price = Decimal("499.00")


class RouterFactory(DjangoModelFactory):
    class Meta:
        model = Router
        django_get_or_create = ("name",)

    name = "Norte 1"


class InvoiceGroupFactory(DjangoModelFactory):
    class Meta:
        model = InvoiceGroup
        django_get_or_create = ("name",)

    name = "Empresas"


class SubscriberFactory(DjangoModelFactory):
    class Meta:
        model = Subscriber

    number = factory.Sequence(lambda n: 5000 + n)
    first_name = "María"
    last_name = factory.Sequence(lambda n: f"López {n}")
    id_number = factory.Sequence(lambda n: f"LOPM85{n:06d}")
    email = factory.Sequence(lambda n: f"maria{n}@example.com")
    mobile = factory.Sequence(lambda n: f"+5255{n:08d}")
    address = "Calle 5 de Mayo 12"
    district = "Centro"
    city = "Puebla"
    postcode = "72000"
    zone = factory.SubFactory(ZoneFactory)


class ServiceFactory(DjangoModelFactory):
    class Meta:
        model = Service

    subscriber = factory.SubFactory(SubscriberFactory)
    number = factory.Sequence(lambda n: 7000 + n)
    tariff = factory.SubFactory(TariffFactory)
    address = "Calle 5 de Mayo 12"


class PortalUserFactory(DjangoModelFactory):
    """A login whose password is PASSWORD; another one with `password=hashed("…")`."""

    class Meta:
        model = PortalUser

    subscriber = factory.SubFactory(SubscriberFactory)
    username = factory.Sequence(lambda n: f"maria{n}")
    email = factory.SelfAttribute("subscriber.email")
    password = factory.LazyFunction(lambda: hashed(PASSWORD))


class NoteFactory(DjangoModelFactory):
    class Meta:
        model = Note

    subscriber = factory.SubFactory(SubscriberFactory)
    text = factory.Sequence(lambda n: f"Note {n}")
    by_name = "Clara Clerk"


class SubscriberDocumentFactory(DjangoModelFactory):
    class Meta:
        model = SubscriberDocument

    subscriber = factory.SubFactory(SubscriberFactory)
    title = factory.Sequence(lambda n: f"Contract {n}")
    file = factory.LazyFunction(lambda: store(upload()))
