"""What makes the demo's list of subscribers worth filtering: debts, companies, routers, invoice groups, saved views."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import LedgerEntry
from billing.services import book
from company.models import InvoiceGroup
from core.scope import public_scope
from demo.companies import Company
from subscribers.models import Router, Service, Subscriber
from subscribers.services import lists
from tenants.models import StaffUser

WORDS: dict[str, dict[str, Any]] = {
    "es": {
        "carried": "Saldo del sistema anterior",
        "credit": "Pago adelantado",
        "views": ["Deudores, los mayores primero", "Suspendidos por revisar", "Sin acceso al portal"],
        "business": "Comercializadora",
        "group": "Empresas",
    },
    "en": {
        "carried": "Balance of the old system",
        "credit": "Paid in advance",
        "views": ["Debtors, the largest first", "Suspended, to look at", "Without a portal login"],
        "business": "Trading",
        "group": "Business",
    },
}


def seed_lists(company: Company) -> None:
    """Runs in the ISP's scope, once there are subscribers."""
    words, chance = WORDS[company.language], random.Random(company.slug)  # noqa: S311 - not for secrets
    with public_scope():
        owner = StaffUser.objects.get(email=f"owner@{company.slug}.example")
    _seed_places(company, words)
    _seed_balances(words, chance)
    debtors, suspended, without = words["views"]
    wide = ["name", "number", "mobile", "zone", "services", "balance"]
    for name, filters, sort, columns in [
        (debtors, {"debt": "owing"}, "-balance", wide),
        (suspended, {"state": "suspended"}, "name", [*wide, "router", "ip"]),
        (without, {"login": "none"}, "-since", ["name", "number", "mobile", "email", "zone", "since"]),
    ]:
        lists.save_view(by=owner, name=name, filters=filters, columns=columns, sort=sort, is_shared=True)


def _seed_places(company: Company, words: dict[str, Any]) -> None:
    """A router for each zone, and some businesses in a group of their own."""
    routers = Router.objects.bulk_create(
        Router(name=f"{zone} 1", address=f"10.{n + 1}.0.1") for n, zone in enumerate(company.zones)
    )
    for n, router in enumerate(routers):
        services = Service.objects.filter(pk__in=[key for key in _keys(Service) if key % len(routers) == n])
        services.update(router=router)
    group = InvoiceGroup.objects.filter(name=words["group"]).first() or InvoiceGroup.objects.create(name=words["group"])
    for person in Subscriber.objects.order_by("number")[::25]:
        person.kind, person.group = Subscriber.Kind.COMPANY, group
        person.business_name = f"{words['business']} {person.last_name.split()[0]}"
        person.save(update_fields=["kind", "group", "business_name"])


def _keys(model: Any) -> list[int]:
    return list(model.objects.order_by("pk").values_list("pk", flat=True))


def _seed_balances(words: dict[str, Any], chance: random.Random) -> None:
    """Some owe a month or more, above all those who are suspended; a few have paid ahead."""
    today = timezone.localdate()
    rows = Subscriber.objects.order_by("number").prefetch_related("services__tariff")
    for n, person in enumerate(rows):
        services = list(person.services.all())
        months = chance.choice([1, 2, 3]) if any(s.state == Service.State.SUSPENDED for s in services) else 0
        months = months or (1 if n % 9 == 0 else 0)
        price = sum((service.full_price for service in services), Decimal(0))
        kind, day = LedgerEntry.Kind.CARRIED_OVER, today - timedelta(days=30 * max(1, months))
        if months and price:
            book(by=None, subscriber=person, kind=kind, amount=price * months, on=day, text=words["carried"])
        elif n % 31 == 0 and price:
            book(by=None, subscriber=person, kind=kind, amount=-price, on=day, text=words["credit"])
