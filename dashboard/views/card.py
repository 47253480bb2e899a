"""The client card: pages that only show."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from company.models import InvoiceGroup
from core import tables
from dashboard import card
from dashboard.access import staff_page
from dashboard.history import history_of
from dashboard.tables import HistoryTable
from dashboard.views.logins import cards_of
from messaging.services import stopped_among
from preinstall.models import Installation, InstallRequest
from tenants.roles import Right

REQUESTS = 50  # shown of each kind


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def overview(request: HttpRequest, number: int) -> HttpResponse:
    """Who it is, how to reach them, what they have and owe, and the notes on top."""
    found = card.fetch(number, with_erased=True)
    if found.is_erased:
        return redirect("subscriber-personal-data", slug=request.isp.slug, number=number)
    context = {
        "services": [service for service in found.services.all() if service.state != service.State.ENDED],
        "pinned": found.notes.filter(is_pinned=True),
        "wish": found.profile_changes.pending().first(),
        "asked": found.personal_requests.open(),
        "stopped": stopped_among(emails=[found.email, found.billing_email], phones=[found.mobile, found.second_mobile]),
        "group": found.group or InvoiceGroup.objects.default(),
    }
    return card.show(request, found, "overview", context)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def logins(request: HttpRequest, number: int) -> HttpResponse:
    """With which logins the subscriber comes to the portal."""
    found = card.fetch(number)
    return card.show(request, found, "logins", {"logins": cards_of(found)}, template="card_logins_tab")


@staff_page(Right.SEE_REQUESTS)
@require_safe
def requests(request: HttpRequest, number: int) -> HttpResponse:
    """Requests that became this subscriber or look like one, and the installations of their services."""
    found = card.fetch(number)
    context = {
        "requests": [(row, row.shared_with(found)) for row in InstallRequest.objects.alike(found)[:REQUESTS]],
        "installations": Installation.objects.filter(service__subscriber=found).select_related("service")[:REQUESTS],
    }
    return card.show(request, found, "requests", context)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def history(request: HttpRequest, number: int) -> HttpResponse:
    """Who did what to the subscriber and to what belongs to them, with what was before and after."""
    found = card.fetch(number, with_erased=True)
    table = HistoryTable(history_of(found))
    tables.show(request, table, per_page=25)
    return card.show(request, found, "history", {"table": table})
