"""Saved views of the demo's list of subscribers."""

from core.scope import public_scope
from demo.companies import Company
from subscribers.services import lists
from tenants.models import StaffUser

NAMES = {
    "es": ["Deudores, los mayores primero", "Suspendidos por revisar", "Sin acceso al portal"],
    "en": ["Debtors, the largest first", "Suspended, to look at", "Without a portal login"],
}


def seed_lists(company: Company) -> None:
    """Runs in the ISP's scope."""
    with public_scope():
        owner = StaffUser.objects.get(email=f"owner@{company.slug}.example")
    debtors, suspended, without = NAMES[company.language]
    wide = ["name", "number", "mobile", "zone", "services", "balance"]
    for name, filters, sort, columns in [
        (debtors, {"debt": "owing"}, "-balance", wide),
        (suspended, {"state": "suspended"}, "name", [*wide, "router", "ip"]),
        (without, {"login": "none"}, "-since", ["name", "number", "mobile", "email", "zone", "since"]),
    ]:
        lists.save_view(by=owner, name=name, filters=filters, columns=columns, sort=sort, is_shared=True)
