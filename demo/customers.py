"""What the subscribers of the demo have: routers, groups, fiscal data, own prices, notes, papers, a history."""

import random
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from faker import Faker
from stdnum.co import nit
from stdnum.cz import dic

from billing.models import LedgerEntry
from billing.services.ledger import book
from company import group_services
from company.models import InvoiceGroup
from core.scope import public_scope
from demo.companies import Company
from demo.pictures import paper
from subscribers.models import Note, Router, Service, ServiceChange, Subscriber, Tariff, Zone
from subscribers.services import connections, customers, documents, notes
from tenants import slugs
from tenants.models import StaffUser

TAX = {"MX": "16", "CO": "19", "CZ": "21"}  # per cent
WORDS: dict[str, dict[str, Any]] = {
    "es": {
        "notes": [
            "Pide que le llamemos después de las seis.",
            "Hay perro en el patio: tocar el timbre.",
            "La antena está en la azotea de la casa vecina, con permiso.",
            "Paga siempre en la oficina.",
        ],
        "pinned": "Cliente desde hace años: avisar por teléfono antes de suspender.",
        "unpaid": "Factura pendiente de dos meses",
        "paid": "Pagó en la oficina",
        "debt": "Saldo del sistema anterior",
        "correction": "Un día sin servicio",
        "contract": "Contrato de servicio",
        "handover": "Acta de entrega del equipo",
        "moved": "Pidió más velocidad por teléfono",
    },
    "en": {
        "notes": [
            "Please call after six.",
            "There is a dog in the yard: ring the bell.",
            "The antenna is on the neighbour's roof, with permission.",
            "Always pays at the office.",
        ],
        "pinned": "A customer for years: call before suspending anything.",
        "unpaid": "Two months unpaid",
        "paid": "Paid at the office",
        "debt": "Balance of the old system",
        "correction": "A day without service",
        "contract": "Service contract",
        "handover": "Handover of the equipment",
        "moved": "Asked for more speed on the phone",
    },
}
BUSINESS = {
    "wispmega": {
        "name": "WispMega Empresas",
        "legal_name": "WispMega Empresas SA de CV",
        "tax_id": "WEM180301QX4",
        "email": "empresas@wispmega.example",
        "phone": "+525512300050",
        "number_prefix": "E-",
        "footer": "Gracias por su preferencia.",
    },
    "fibrandina": {
        "name": "Andina Rural",
        "legal_name": "Andina Rural SAS",
        "tax_id": "9001234568",
        "email": "rural@fibrandina.example",
        "phone": "+576087400050",
        "number_prefix": "R-",
    },
}


def seed_customers(company: Company, fake: Faker, chance: random.Random) -> None:
    """Add it all to the subscribers that are there. Runs in the ISP's scope."""
    words = WORDS[company.language]
    with public_scope():
        clerk = StaffUser.objects.get(email=f"support@{company.slug}.example")
        admin = StaffUser.objects.get(email=f"admin@{company.slug}.example")
    _tariffs(company)
    _routers(chance)
    group = group_services.add_group(values={"name": company.name, "number_prefix": "A-"}, by=admin)
    if company.slug in BUSINESS:
        group = group_services.add_group(values=BUSINESS[company.slug], by=admin)
    people = list(Subscriber.objects.order_by("number"))
    _fiscal_data(company, people, group, fake, chance)
    _prices(chance)
    _states(clerk, words, chance)
    _notes(people, clerk, words, chance)
    _debts(people, clerk, words, chance)
    for person in people[:4]:
        _story(person, clerk, admin, words)


def _tariffs(company: Company) -> None:
    Tariff.objects.update(tax_rate=Decimal(TAX[company.country]))
    first = Tariff.objects.order_by("price")[0]
    Tariff.objects.filter(pk=first.pk).update(portal_name=f"{first.name} Mega")
    Tariff.objects.create(
        name=f"{first.name} 2019",
        download=first.download // 2,
        upload=first.upload // 2,
        price=first.price - 50,
        tax_rate=first.tax_rate,
        is_active=False,
    )


def _routers(chance: random.Random) -> None:
    zones = list(Zone.objects.all())
    routers = Router.objects.bulk_create(
        Router(name=f"{zone.name} {n}", address=f"10.0.{i}.{n}", zone=zone, notes="MikroTik CCR2004" if n == 1 else "")
        for i, zone in enumerate(zones)
        for n in (1, 2)
    )
    services = list(Service.objects.select_related("subscriber"))
    for service in services:
        if service.state == Service.State.PENDING:
            service.ip_address = None
            continue
        near = [router for router in routers if router.zone_id == service.subscriber.zone_id] or routers
        service.router = chance.choice(near)
        service.queue_name = f"q{service.number}"
    Service.objects.bulk_update(services, ["router", "queue_name", "ip_address"])


def _fiscal_data(
    company: Company, people: list[Subscriber], group: InvoiceGroup, fake: Faker, chance: random.Random
) -> None:
    """Every eighth is a company of the group for companies; some persons want invoices, too."""
    for n, person in enumerate(people):
        if n % 8 == 3:
            person.kind, person.business_name, person.group = Subscriber.Kind.COMPANY, fake.company(), group
            person.billing_email = (
                f"facturas{n}@mail.example" if company.language == "es" else f"office{n}@mail.example"
            )
        if n % 8 == 3 or chance.random() < 0.2:
            person.tax_id = _tax_id(company.country, person, n)
            person.billing_address = f"{person.address}, {person.postcode} {person.city}"
        if n % 30 == 5:
            person.second_mobile = f"{company.phone}{(9000 + n) % 10000:04d}"
    fields = ["kind", "business_name", "group", "billing_email", "tax_id", "billing_address", "second_mobile"]
    Subscriber.objects.bulk_update(people, fields, batch_size=200)


def _tax_id(country: str, person: Subscriber, n: int) -> str:
    """A made-up number with the right check digit."""
    if country == "MX":
        names = [slugs.suggest(name).upper().replace("-", "")[:2] for name in (person.last_name, person.first_name)]
        letters = "EMP" if person.kind == Subscriber.Kind.COMPANY else "".join(names).ljust(4, "X")[:4]
        return f"{letters}{85 + n % 14}{1 + n % 12:02d}{1 + n % 28:02d}{n % 10}A{n % 9}"
    if country == "CO":
        number = f"{900_200_000 + 37 * n}"
        return number + nit.calc_check_digit(number)
    number = f"{2_510_000 + 37 * n}"
    return number + dic.calc_check_digit_legal(number)


def _prices(chance: random.Random) -> None:
    some = list(Service.objects.select_related("tariff").order_by("number"))[4::19]
    for service in some:
        service.price = (service.tariff.price * Decimal(chance.choice(["0.8", "0.9"]))).quantize(Decimal("0.01"))
    Service.objects.bulk_update(some, ["price"])


def _states(clerk: StaffUser, words: dict[str, Any], chance: random.Random) -> None:
    """Who switched what off, and when."""
    rows = []
    who = {"by_kind": clerk.audit_kind, "by_id": clerk.pk, "by_name": clerk.name}
    for service in Service.objects.exclude(state=Service.State.PENDING):
        began = timezone.make_aware(datetime.combine(service.started_on, time(11, chance.randrange(60))))
        rows.append((began, ServiceChange(service=service, state=Service.State.ACTIVE, **who)))
        if service.state == Service.State.SUSPENDED:
            off = timezone.now() - timedelta(days=chance.randrange(1, 25), hours=chance.randrange(9))
            rows.append(
                (max(off, began), ServiceChange(service=service, state=service.state, reason=words["unpaid"], **who))
            )
    made = ServiceChange.objects.bulk_create(change for _, change in rows)
    for change, (at, _) in zip(made, rows, strict=True):
        change.at = at
    ServiceChange.objects.bulk_update(made, ["at"], batch_size=200)


def _notes(people: list[Subscriber], clerk: StaffUser, words: dict[str, Any], chance: random.Random) -> None:
    Note.objects.bulk_create(
        Note(subscriber=person, text=chance.choice(words["notes"]), by_id=clerk.pk, by_name=clerk.name)
        for person in people[4::11]
    )


def _debts(people: list[Subscriber], clerk: StaffUser, words: dict[str, Any], chance: random.Random) -> None:
    if LedgerEntry.objects.exists():
        return
    prices = [tariff.price for tariff in Tariff.objects.on_sale()]
    today = timezone.localdate()
    for n, person in enumerate(people[::6]):
        amount, on = chance.choice(prices) * chance.choice([1, 1, 2]), today - timedelta(days=20 + n % 60)
        book(by=None, subscriber=person, kind=LedgerEntry.Kind.CARRIED_OVER, amount=amount, on=on, text=words["debt"])
        if n % 3 == 0:
            off = -(amount / 10).quantize(Decimal(1))
            book(
                by=clerk,
                subscriber=person,
                kind=LedgerEntry.Kind.CORRECTION,
                amount=off,
                on=on + timedelta(days=9),
                text=words["correction"],
            )


def _story(person: Subscriber, clerk: StaffUser, admin: StaffUser, words: dict[str, Any]) -> None:
    """A card with something in every tab."""
    notes.add_note(by=clerk, subscriber=person, text=words["pinned"], is_pinned=True)
    notes.add_note(by=admin, subscriber=person, text=words["notes"][person.number % 4])
    lines = [person.full_name, str(person.number), person.address, person.city]
    contract = documents.add_document(
        by=clerk,
        subscriber=person,
        kind="contract",
        title=words["contract"],
        upload=paper(words["contract"], lines, kind="PDF"),
        in_portal=True,
    )
    documents.add_document(
        by=clerk,
        subscriber=person,
        kind="handover",
        title=words["handover"],
        upload=paper(words["handover"], lines, kind="PNG"),
    )
    documents.note_view(document=contract, by=admin)
    moved = {"address": f"{person.address}, 2", "mobile": f"{person.mobile[:-1]}{(int(person.mobile[-1]) + 1) % 10}"}
    customers.change_subscriber(by=clerk, subscriber=person, version=None, **moved)
    service = person.services.filter(state=Service.State.ACTIVE).select_related("tariff").first()
    if service is None:
        return
    bigger = Tariff.objects.on_sale().filter(price__gt=service.tariff.price).first()
    if bigger:
        connections.change_service(by=clerk, service=service, tariff=bigger, reason=words["moved"])
    connections.change_service_state(by=clerk, service=service, to="suspended", reason=words["unpaid"])
    connections.change_service_state(by=clerk, service=service, to="active", reason=words["paid"])
