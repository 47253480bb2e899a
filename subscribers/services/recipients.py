"""Who gets a message: customers, their logins, people who ask for an installation, and the company itself."""

import re

import phonenumbers

from company import phones
from company.models import Profile
from messaging import sms
from messaging.models import Browser, Medium
from messaging.recipients import Recipient
from subscribers.models import ConsentDocument, PortalUser, Subscriber
from subscribers.portal_roles import PortalRole
from tenants.directory import IspRef

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def recipient_of(
    subscriber: Subscriber,
    *,
    isp: IspRef,
    user: PortalUser | None = None,
    email: str | None = None,
    language: str = "",
    hears_news: bool = False,
) -> Recipient:
    """A customer, or one login of theirs. `email` stands in place of the customer's own address.

    Of the phones the customer's mobile counts; a login of somebody else has none. For news see `for_news`. One query
    where the customer's zone has not been fetched.
    """
    to = subscriber.email if email is None else email
    addresses: dict[Medium, tuple[str, ...]] = {}
    if "@" in to:
        addresses[Medium.EMAIL] = (to,)
    if (user is None or user.role == PortalRole.OWNER) and (mobile := phone_of(subscriber, country=isp.country)):
        addresses[Medium.SMS] = addresses[Medium.WHATSAPP] = (mobile,)
    return Recipient(
        language=language or (user.language if user else "") or isp.language,
        addresses=addresses,
        timezone=(subscriber.zone.timezone if subscriber.zone else "") or isp.timezone,
        group=subscriber.group_id,
        subscriber=subscriber.pk,
        login=user.pk if user else None,
        hears_news=hears_news,
        browsers=lambda: browsers_of(subscriber, user),
    )


def browsers_of(subscriber: Subscriber, user: PortalUser | None) -> tuple[str, ...]:
    """Where a login wants notifications; of a customer those of the owners, who may know all. One query."""
    keys = [user.pk] if user else subscriber.portal_users.filter(role=PortalRole.OWNER, is_active=True).values("pk")
    rows = Browser.objects.of_subscriber(subscriber.pk).filter(owner_key__in=keys)
    return tuple(str(uuid) for uuid in rows.values_list("uuid", flat=True))


def for_news(subscriber: Subscriber, *, isp: IspRef) -> Recipient:
    """A customer to whom news are written: only where the consent to them stands. One query."""
    return recipient_of(subscriber, isp=isp, hears_news=hears_news(subscriber))


def hears_news(subscriber: Subscriber) -> bool:
    """Whether a consent to news stands. One query."""
    documents = ConsentDocument.objects.filter(is_for_news=True)
    return subscriber.consents.standing().filter(document__in=documents).exists()


def phone_of(subscriber: Subscriber, *, country: str) -> str:
    """The number as E.164 to which a customer can be written; nothing for landlines, short numbers and none at all."""
    for number in (subscriber.mobile, subscriber.second_mobile):
        if found := reachable(number, country=country):
            return found
    return ""


def reachable(number: str, *, country: str) -> str:
    """A number that takes messages, as E.164; else nothing. Kept ones may be in national form, or have an extension."""
    try:
        stored = phones.stored(number, country=country, may_be_short=False).partition(" ")[0]
    except phones.BadPhone:
        return ""
    if not E164.fullmatch(stored):
        return ""
    return stored if phonenumbers.number_type(phonenumbers.parse(stored)) in sms.REACHED else ""


def prospect(isp: IspRef, *, email: str, mobile: str, language: str) -> Recipient:
    """Somebody who asks for an installation."""
    addresses: dict[Medium, tuple[str, ...]] = {Medium.EMAIL: (email,)} if "@" in email else {}
    if number := reachable(mobile, country=isp.country):
        addresses[Medium.SMS] = addresses[Medium.WHATSAPP] = (number,)
    return Recipient(language=language or isp.language, addresses=addresses, timezone=isp.timezone)


def office(isp: IspRef, profile: Profile) -> Recipient:
    """The company itself."""
    addresses = {Medium.EMAIL: (profile.email,)} if profile.email else {}
    return Recipient(language=isp.language, addresses=addresses, timezone=isp.timezone)
