"""Install requests of the demo, in every state, with papers to look at."""

import random
import uuid
from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from django.utils import timezone
from faker import Faker

from company.models import DocumentKind, document_demands
from core.scope import public_scope
from demo.companies import Company
from demo.pictures import paper, roof, signed
from preinstall.models import InstallRequest, State, StateChange
from preinstall.services.installations import Connection, Visit, activate_request, finish_installation
from preinstall.services.requests import add_comment, change_state, keep_draft, submit_request
from subscribers.models import Subscriber, Tariff
from tenants.directory import reference
from tenants.models import ISP, StaffUser

WORDS = {
    "es": {
        "comments": [
            "",
            "Llamar después de las 18:00.",
            "Hay perro en el patio.",
            "¿Llega la señal hasta la última casa?",
        ],
        "note": "Hablé por teléfono: prefiere la instalación el sábado por la mañana.",
        "refused": "La dirección queda fuera de la zona de cobertura.",
        "bill": "Comprobante de domicilio",
        "card": "Identificación oficial",
    },
    "en": {
        "comments": [
            "",
            "Please call after six.",
            "There is a dog in the yard.",
            "Does the signal reach the last house?",
        ],
        "note": "Called: would like the installation on Saturday morning.",
        "refused": "The address is outside the area we cover.",
        "bill": "Proof of address",
        "card": "Official ID",
    },
}
COUNT = 14


def seed_requests(
    company: Company, fake: Faker, chance: random.Random, *, person: Callable[[Company, Faker, int], dict[str, Any]]
) -> None:
    """Send forms as prospects would, and work on some of them as staff would. Runs in the ISP's scope."""
    words = WORDS[company.language]
    with public_scope():
        isp = reference(ISP.objects.with_state().get(slug=company.slug))
        clerk = StaffUser.objects.get(email=f"support@{company.slug}.example")
    for n in range(COUNT):
        data = person(company, fake, 500 + n)
        if n == 3:
            # Somebody who is a customer already: staff see the warning.
            known = Subscriber.objects.order_by("pk")[10]
            data |= {"email": known.email, "mobile": known.mobile}
        request = _send(isp, data, words, chance)
        _work_on(request, n, clerk, words)
        _age(request, days=COUNT - n, hours=chance.randrange(20))
    _plan(company, isp, chance)


def _send(isp: Any, data: dict[str, Any], words: dict[str, Any], chance: random.Random) -> InstallRequest:
    submission = uuid.UUID(int=chance.getrandbits(128), version=4)
    lines = [f"{data['first_name']} {data['last_name']}", data["id_number"], data["address"], data["city"]]
    for kind, demand in document_demands().items():
        if demand == "required":
            is_bill = kind == DocumentKind.PROOF_OF_ADDRESS
            upload = paper(words["bill" if is_bill else "card"], lines, kind="PDF" if is_bill else "PNG")
            keep_draft(submission=submission, kind=kind, upload=upload)
    comments = chance.choice(words["comments"])
    return submit_request(isp=isp, submission=submission, language=isp.language, comments=comments, **data)


def _work_on(request: InstallRequest, n: int, clerk: StaffUser, words: dict[str, Any]) -> None:
    if n < 9:
        change_state(request=request, to=State.IN_REVIEW, by=clerk)
    if n in {1, 4, 7}:
        add_comment(request=request, text=words["note"], by=clerk)
    if n < 4:
        change_state(request=request, to=State.APPROVED, by=clerk)
    elif n == 5:
        change_state(request=request, to=State.REJECTED, by=clerk, reason=words["refused"])


def _plan(company: Company, isp: Any, chance: random.Random) -> None:
    """Make installations of all but one of the approved requests: one done last week, one today, one to come."""
    with public_scope():
        clerk = StaffUser.objects.get(email=f"support@{company.slug}.example")
        technician = StaffUser.objects.get(email=f"technician@{company.slug}.example")
    today, tariffs = timezone.localdate(), list(Tariff.objects.on_sale())
    plans = [(-6, 9), (0, 9), (2, 10)]
    for request, (days, hour) in zip(
        InstallRequest.objects.filter(state=State.APPROVED).order_by("pk"), plans, strict=False
    ):
        person = {
            name: getattr(request, name)
            for name in ("first_name", "last_name", "id_number", "email", "mobile", "address", "district", "city")
        }
        visit = Visit(
            on=today + timedelta(days=days),
            technician=technician,
            begins=time(hour),
            ends=time(hour + 2),
            cost=chance.choice(tariffs).price,
            notes=request.comments,
        )
        made = activate_request(
            isp=isp,
            request=request,
            by=clerk,
            person=person,
            connection=Connection(tariff=chance.choice(tariffs), address=request.address),
            visit=visit,
        )
        if days < 0:
            finish_installation(
                installation=made,
                by=technician,
                photos=[roof("antenna"), roof("box")],
                signature=signed(made.service.subscriber.full_name),
                signed_by=made.service.subscriber.full_name,
                at=timezone.now() + timedelta(days=days),
            )


def _age(request: InstallRequest, *, days: int, hours: int) -> None:
    """As if it had come in earlier."""
    came = timezone.now() - timedelta(days=days, hours=hours)
    InstallRequest.objects.filter(pk=request.pk).update(created_at=came)
    for n, change in enumerate(StateChange.objects.filter(request=request)):
        StateChange.objects.filter(pk=change.pk).update(at=came + timedelta(hours=3 * n))
