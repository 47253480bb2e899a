"""What an ISP sells and where: the kinds of things in the catalogue, each with its list, its form and its verbs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from company import group_services
from company.group_forms import InvoiceGroupForm
from company.models import InvoiceGroup
from company.tables import InvoiceGroupTable
from core.usage import Use
from subscribers.catalogue_forms import RouterForm, TariffForm, ZoneForm
from subscribers.catalogue_tables import RouterTable, TariffTable, ZoneTable
from subscribers.models import Router, Service, Subscriber, Tariff, Zone
from subscribers.services import catalogue


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` is in the address, `noun` in the holes of addresses and in the arguments of the verbs."""

    name: str
    noun: str
    title: Promise
    adding: Promise
    icon: str
    intro: Promise
    nothing: Promise
    model: type[Any]
    table: type[Any]
    form: type[Any]
    counts: Callable[[], dict[str, Any]]
    add: Callable[..., Any] | None = None
    change: Callable[..., Any] | None = None
    delete: Callable[..., None] | None = None
    switch: Callable[..., None] | None = None  # of what can be out of use

    @property
    def can_retire(self) -> bool:
        """Whether one of them can be out of use, for templates."""
        return self.switch is not None

    def rows(self) -> QuerySet[Any]:
        """All rows with what is counted beside them."""
        rows = self.model._default_manager.annotate(**self.counts())
        return rows.select_related("zone") if self.model is Router else rows

    def get(self, hole: dict[str, UUID]) -> Any:
        """The row that an address names. Raises Http404."""
        return get_object_or_404(self.model, uuid=hole[self.noun])


def _count(rows: QuerySet[Any], field: str) -> Coalesce:
    of_one = rows.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(Subquery(of_one.annotate(n=Count("pk")).values("n")), 0)


TARIFFS = Kind(
    "tariffs",
    "tariff",
    _("Tariffs"),
    _("Add a tariff"),
    "tags",
    _("What you sell. A tariff that is off sale stays with those who have it."),
    _("Add what you sell: a speed for a price. A subscriber's service is one of these."),
    Tariff,
    TariffTable,
    TariffForm,
    lambda: {"n_services": _count(Service.objects.lasting(), "tariff")},
    catalogue.add_tariff,
    catalogue.change_tariff,
    catalogue.delete_tariff,
    catalogue.switch_tariff,
)
ZONES = Kind(
    "zones",
    "zone",
    _("Zones"),
    _("Add a zone"),
    "map-2",
    _("The parts of your network's area, to search and to bill by."),
    _("Name the villages or quarters that you serve, to search and sort subscribers by them."),
    Zone,
    ZoneTable,
    ZoneForm,
    lambda: {
        "n_subscribers": _count(Subscriber.objects.all(), "zone"),
        "n_routers": _count(Router.objects.all(), "zone"),
    },
    catalogue.add_zone,
    catalogue.change_zone,
    catalogue.delete_zone,
)
ROUTERS = Kind(
    "routers",
    "router",
    _("Routers"),
    _("Add a router"),
    "router",
    _("Where services are connected. On one router each IP address is given once."),
    _("Add the routers that subscribers are connected to, and give each service its address there."),
    Router,
    RouterTable,
    RouterForm,
    lambda: {
        "n_services": _count(Service.objects.lasting(), "router"),
        "n_addresses": _count(Service.objects.lasting().exclude(ip_address=None), "router"),
    },
    catalogue.add_router,
    catalogue.change_router,
    catalogue.delete_router,
    catalogue.switch_router,
)
GROUPS = Kind(
    "groups",
    "group",
    _("Invoice groups"),
    _("Add an invoice group"),
    "building-store",
    _("Sub-brands with their own name, contact and invoice numbers. What a group leaves empty is the company's own."),
    _("You need none as long as you do business under one name. With a second brand, add a group for each."),
    InvoiceGroup,
    InvoiceGroupTable,
    InvoiceGroupForm,
    lambda: {"n_subscribers": _count(Subscriber.objects.all(), "group")},
    delete=group_services.delete_group,
)
KINDS = {kind.name: kind for kind in (TARIFFS, ZONES, ROUTERS, GROUPS)}


def show(
    request: HttpRequest, kind: Kind, context: dict[str, Any], *, template: str, form: Any = None, status: int = 200
) -> HttpResponse:
    """Render a page of the catalogue; with status 422 if the form that was sent is not valid."""
    if form is not None and form.is_bound and form.errors:
        status = 422
    context |= {"form": form, "kind": kind, "kinds": KINDS.values(), "base": f"/{request.isp.slug}/catalogue/"}
    return render(request, f"dashboard/catalogue/{template}.html", context, status=status)


def to_list(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Back to the list, after something was done there."""
    return redirect(f"/{request.isp.slug}/catalogue/{kind.name}/")


def links_of(request: HttpRequest, kind: Kind, row: Any, uses: list[Use]) -> list[tuple[Use, str]]:
    """Each use with the address of a page that lists it; empty where there is none."""
    base = f"/{request.isp.slug}/"
    known = {
        ("tariffs", "subscribers.service"): f"{base}subscribers/?tariff={row.pk}",
        ("zones", "subscribers.subscriber"): f"{base}subscribers/?zone={row.pk}",
        ("zones", "subscribers.router"): f"{base}catalogue/routers/",
        ("routers", "subscribers.service"): f"{base}catalogue/routers/{row.uuid}/",
    }
    return [(use, known.get((kind.name, use.label), "")) for use in uses]
