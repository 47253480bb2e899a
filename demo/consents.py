"""Consents of the demo: two documents, one of them in two versions, given in different ways; and a request."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.scope import public_scope
from demo.companies import Company
from subscribers.models import PortalUser, Service, Subscriber
from subscribers.services import connections, consents, customers, erasures, personal_requests
from tenants.directory import reference
from tenants.models import ISP, StaffUser

TEXTS: dict[str, list[dict[str, Any]]] = {
    "es": [
        {
            "title": "Mensajes sobre ofertas",
            "givers": "owner",
            "versions": [
                (
                    "Acepto que me escriban por correo electrónico sobre ofertas y planes nuevos.\n\n"
                    "Puedo retirar este consentimiento en cualquier momento, en el portal o por teléfono."
                ),
                (
                    "Acepto que me escriban por correo electrónico o WhatsApp sobre ofertas y planes nuevos, "
                    "como máximo dos veces al mes.\n\n"
                    "Puedo retirar este consentimiento en cualquier momento, en el portal o por teléfono."
                ),
            ],
        },
        {
            "title": "Grabación de llamadas",
            "givers": "any",
            "versions": [
                (
                    "Acepto que se graben las llamadas a soporte técnico para mejorar la atención. "
                    "Las grabaciones se borran a los 30 días."
                )
            ],
        },
    ],
    "en": [
        {
            "title": "Messages about offers",
            "givers": "owner",
            "versions": [
                (
                    "I agree to get e-mails about offers and new tariffs.\n\n"
                    "I can withdraw this at any time, in the portal or by phone."
                ),
                (
                    "I agree to get e-mails or WhatsApp messages about offers and tariffs, twice a month at most.\n\n"
                    "I can withdraw this at any time, in the portal or by phone."
                ),
            ],
        },
        {
            "title": "Recording of calls",
            "givers": "any",
            "versions": ["I agree that calls to support are recorded. Recordings are erased after 30 days."],
        },
    ],
}


def seed_consents(company: Company, isp: ISP, owner: StaffUser) -> None:
    """Documents, consents in all ways, one withdrawn, one request for a copy, and one customer who was erased."""
    now = timezone.now()
    users = list(PortalUser.objects.filter(role="owner").select_related("subscriber").order_by("pk")[:9])
    for place, said in enumerate(TEXTS.get(company.language, TEXTS["en"])):
        first, *others = said["versions"]
        about = {"title": said["title"], "givers": said["givers"], "position": place}
        document = consents.add_document(by=owner, text=first, **about)
        consents.publish(by=owner, document=document, at=now - timedelta(days=200))
        for n, user in enumerate(users[place:7]):
            by, how = (user, "portal") if n % 3 else (owner, "phone" if n % 2 else "paper")
            given = {"document": document, "version": 1, "at": now - timedelta(days=190 - 11 * n)}
            consents.give(by=by, subscriber=user.subscriber, how=how, **given)
        for text in others:
            consents.write_draft(by=owner, document=document, text=text)
            newest = consents.publish(by=owner, document=document, at=now - timedelta(days=20))
            for user in users[1:4]:
                given = {"document": document, "version": newest.number, "at": now - timedelta(days=12)}
                consents.give(by=user, subscriber=user.subscriber, how="portal", **given)
        if len(users) > 5:
            back = {"document": document, "how": "phone", "at": now - timedelta(days=5)}
            consents.withdraw(by=owner, subscriber=users[5].subscriber, **back)
    if len(users) > 4:
        personal_requests.ask(by=users[4], kind="export", at=now - timedelta(days=1))
    _erase_one(isp, owner)


def _erase_one(isp: ISP, owner: StaffUser) -> None:
    """Somebody who left long ago, and asked to be forgotten."""
    tariff = Service.objects.select_related("tariff").earliest("pk").tariff
    gone: Subscriber = customers.create_subscriber(by=owner, first_name="Leonor", last_name="Paz")
    today = timezone.localdate()
    service = connections.create_service(
        by=owner, subscriber=gone, tariff=tariff, started_on=today - timedelta(days=900)
    )
    connections.change_service_state(by=owner, service=service, to="ended", on=today - timedelta(days=120))
    with public_scope():
        ref = reference(ISP.objects.with_state().get(pk=isp.pk))
    erasures.erase(by=owner, isp=ref, subscriber=gone, at=timezone.now() - timedelta(days=3))
