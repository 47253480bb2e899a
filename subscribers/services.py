"""What is done with subscribers, their services and their logins."""

from datetime import date
from typing import Any

from django.db.models import Max, Model
from django.utils import timezone

from core.acting import in_own_name
from core.audit import Actor, record
from subscribers.models import Counter, PortalUser, Service, Subscriber, Tariff, Zone


def next_number(model: type[Subscriber] | type[Service]) -> int:
    """Take the next number of a kind in the current ISP: above every number ever given out, and never given twice.

    Others who take one wait until this transaction ends.
    """
    Counter.objects.bulk_create([Counter(name=model._meta.model_name)], ignore_conflicts=True)
    counter = Counter.objects.select_for_update().get(name=model._meta.model_name)
    # Numbers that were brought along from another system count too.
    highest = model._default_manager.aggregate(highest=Max("number"))["highest"] or 0
    counter.last = max(counter.last, highest) + 1
    counter.save(update_fields=["last"])
    return counter.last


def create_subscriber(
    *,
    by: Actor | None,
    first_name: str,
    last_name: str = "",
    id_number: str = "",
    email: str = "",
    mobile: str = "",
    address: str = "",
    district: str = "",
    city: str = "",
    postcode: str = "",
    zone: Zone | None = None,
    number: int | None = None,
) -> Subscriber:
    """Take on a customer. `mobile` is E.164; `number` only for one brought along, else the next free one is taken.

    Raises IntegrityError if a number that was brought along is taken.
    """
    subscriber = Subscriber.objects.create(
        number=number or next_number(Subscriber),
        first_name=first_name,
        last_name=last_name,
        id_number=id_number,
        email=email,
        mobile=mobile,
        address=address,
        district=district,
        city=city,
        postcode=postcode,
        zone=zone,
    )
    _record("subscriber.created", by=by, on=subscriber, number=subscriber.number)
    return subscriber


def create_service(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    tariff: Tariff,
    state: str = Service.State.ACTIVE,
    address: str = "",
    ip_address: str | None = None,
    started_on: date | None = None,
    number: int | None = None,
) -> Service:
    """Give a subscriber a service of a tariff. `started_on` is a date in the ISP's time zone."""
    service = Service.objects.create(
        subscriber=subscriber,
        number=number or next_number(Service),
        tariff=tariff,
        state=state,
        address=address,
        ip_address=ip_address,
        started_on=started_on,
    )
    _record("service.created", by=by, on=service, number=service.number, subscriber=subscriber.number)
    return service


def create_portal_user(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    username: str,
    password: str | None,
    email: str = "",
    language: str = "",
) -> PortalUser:
    """Open a login for a subscriber; with `password` None nobody can sign in until one is set.

    Raises ValidationError if the user name has the wrong form or is taken, in whatever case.
    """
    user = PortalUser(subscriber=subscriber, username=username.strip(), email=email.strip(), language=language)
    user.set_password(password)
    user.full_clean(exclude=["subscriber"])
    user.save()
    _record("portal_user.created", by=by, on=user, username=user.username, subscriber=subscriber.number)
    return user


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


def set_password(*, by: Actor | None, user: PortalUser, password: str) -> None:
    """Give a login a new password, which ends all its sessions. The caller has validated the password.

    Raises InAnothersName in a preview of the portal.
    """
    in_own_name()
    PortalUser.objects.select_for_update().get(pk=user.pk)
    user.set_password(password)
    user.save(update_fields=["password"])
    _record("portal_user.password_set", by=by, on=user, username=user.username)


def set_language(*, by: Actor | None, user: PortalUser, language: str) -> None:
    """Remember the language in which a portal user reads pages and mails."""
    user.language = language
    user.save(update_fields=["language"])
    _record("portal_user.language_set", by=by, on=user, language=language)


def _record(verb: str, *, by: Actor | None, on: Model, **details: object) -> None:
    record(f"subscribers.{verb}", by=by, on=on, **details)
