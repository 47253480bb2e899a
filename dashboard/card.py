"""The client card: its tabs, and what the frame around each of them shows.

A feature adds its tab with one line in TABS and a page at that address, whose view calls `fetch` and `show`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _

from dashboard.access import rights_of
from payments.models import Payment
from subscribers.models import Note, PortalUser, Service, Subscriber, SubscriberDocument
from tenants.roles import Right


@dataclass(frozen=True, slots=True)
class Tab:
    """`path` is behind the card's address, `rows` gives what is counted beside the title, by `subscriber`."""

    path: str
    title: Any
    icon: str
    right: Right = Right.SEE_SUBSCRIBERS
    rows: Callable[[], QuerySet[Any]] | None = None
    after_erasure: bool = False  # whether there is something to see of an erased customer

    @property
    def name(self) -> str:
        return self.path.strip("/") or "overview"


TABS = [
    Tab("", _("Overview"), "id"),
    Tab("services/", _("Services"), "wifi", rows=lambda: Service.objects.lasting(), after_erasure=True),
    Tab("account/", _("Account"), "coins", Right.SEE_MONEY, after_erasure=True),
    Tab("suspension/", _("Suspension"), "plug-connected-x", Right.SEE_MONEY),
    Tab("payments/", _("Payments"), "cash", Right.SEE_MONEY, rows=Payment.objects.all, after_erasure=True),
    Tab("logins/", _("Logins"), "key", rows=PortalUser.objects.all),
    Tab("requests/", _("Requests"), "clipboard-list", Right.SEE_REQUESTS),
    Tab("documents/", _("Documents"), "files", Right.SEE_DOCUMENTS, rows=SubscriberDocument.objects.all),
    Tab("messages/", _("Messages"), "mail", Right.SEE_MESSAGES),
    Tab("notes/", _("Notes"), "notes", rows=Note.objects.all),
    Tab("personal-data/", _("Personal data"), "shield-lock", after_erasure=True),
    Tab("history/", _("History"), "history", after_erasure=True),
]


def fetch(number: int, *, with_erased: bool = False) -> Subscriber:
    """The subscriber with services, balance and the number of rows of each tab. Two queries. Raises Http404.

    An erased customer is found by pages that say `with_erased` alone.
    """
    services = Service.objects.select_related("tariff", "router")
    rows = Subscriber.objects.select_related("zone", "group").prefetch_related(Prefetch("services", services))
    counts = {f"n_{tab.name}": _how_many(tab.rows()) for tab in TABS if tab.rows}
    rows = rows if with_erased else rows.not_erased()
    # Who has no entry in the ledger has no account.
    balance = Coalesce(F("account__balance"), Decimal(0))
    return get_object_or_404(rows.annotate(balance=balance, credit=-balance, **counts), number=number)


def _how_many(rows: QuerySet[Any]) -> Coalesce:
    of_one = rows.filter(subscriber=OuterRef("pk")).order_by().values("subscriber")
    return Coalesce(Subquery(of_one.annotate(n=Count("pk")).values("n")), 0)


def show(
    request: HttpRequest,
    subscriber: Subscriber,
    tab: str,
    context: dict[str, Any],
    *,
    template: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page of the card, in its frame: `tab` is the name of the tab that it belongs to.

    `template` is a name without folder and ending, and may name a part, as in `document#view`.
    """
    rights = rights_of(request.membership)
    tabs = [
        {"tab": each, "count": getattr(subscriber, f"n_{each.name}", None), "is_current": each.name == tab}
        for each in TABS
        if each.right.value in rights and (each.after_erasure or not subscriber.is_erased)
    ]
    if subscriber.is_erased:
        # There is nothing to do with what is left; buttons ask for rights.
        context = {"rights": {right for right in rights if right.startswith("see_")}} | context
    states = Counter(service.state for service in subscriber.services.all())
    frame = {
        "subscriber": subscriber,
        "card_url": f"/{request.isp.slug}/subscribers/{subscriber.number}/",
        "tabs": tabs,
        "states": [
            (state.label, Service(state=state).colour, states[state]) for state in Service.State if states[state]
        ],
    }
    name, _hash, part = (template or f"card_{tab}").partition("#")
    page = f"dashboard/subscribers/{name}.html"
    return render(request, f"{page}#{part}" if part else page, frame | context, status=status)
