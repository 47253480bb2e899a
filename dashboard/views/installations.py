"""Installations as the office plans them."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import tables
from dashboard.access import staff_page
from preinstall.installation_forms import CancelForm, VisitForm
from preinstall.installation_lists import InstallationFilter, InstallationTable
from preinstall.models import Installation
from preinstall.services import installations as services
from subscribers.models import Service
from tenants.models import StaffUser
from tenants.roles import Right
from tenants.services.memberships import members_with


def technicians(request: HttpRequest) -> list[StaffUser]:
    """Who may be sent to an installation."""
    return members_with(request.isp, Right.DO_INSTALLATIONS)


def installation_of(number: int) -> Installation:
    """An installation with what its pages show. Raises Http404."""
    rows = Installation.objects.with_people().select_related("request", "signature")
    return get_object_or_404(rows, number=number)


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def installation_list(request: HttpRequest) -> HttpResponse:
    """All installations, searched and filtered."""
    rows = Installation.objects.with_people()
    found = InstallationFilter(request.GET, queryset=rows, technicians=technicians(request))
    table = InstallationTable(found.qs)
    tables.show(request, table, per_page=25)
    context = {"table": table, "filter": found, "is_empty": not table.page.object_list and not rows.exists()}
    status = 200 if found.form.is_valid() else 422
    return render(request, "dashboard/installations/list.html", context, status=status)


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """A week, a row for each technician. An address with a day that is none shows this week."""
    today = timezone.localdate()
    on = requested_day(request, today)
    monday = on - timedelta(days=on.weekday())
    days = [monday + timedelta(days=n) for n in range(7)]
    rows = Installation.objects.with_people().between(days[0], days[-1])
    people = {user.pk: user.name for user in technicians(request)}
    context = {
        "days": days,
        "today": today,
        "rows": _week(list(rows), people, days),
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "mine": request.user.pk,
    }
    return render(request, "dashboard/installations/calendar.html", context)


def requested_day(request: HttpRequest, default: date) -> date:
    """The day that the address asks for, or the default."""
    try:
        day = parse_date(request.GET.get("on", "")) or default
    except ValueError:
        day = default
    return day if 2000 <= day.year <= 2200 else default


def _week(found: list[Installation], people: dict[int, str], days: list[date]) -> list[dict[str, Any]]:
    """(technician, what is on each day), also for those who have left; those without work come last."""
    names = {row.technician_id: row.technician_name for row in found} | people
    grid: dict[int | None, dict[date, list[Installation]]] = {who: {day: [] for day in days} for who in names}
    for row in found:
        grid[row.technician_id][row.on].append(row)
    rows = [
        {"pk": who, "name": names[who], "days": list(grid[who].items()), "count": sum(map(len, grid[who].values()))}
        for who in grid
    ]
    return sorted(rows, key=lambda row: (not row["count"], row["name"]))


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def installation_page(request: HttpRequest, number: int) -> HttpResponse:
    """One installation: whom, where, what, when, and what came of it."""
    return _page(request, installation_of(number))


def _page(request: HttpRequest, found: Installation, cancel_form: CancelForm | None = None, status: int = 200) -> Any:
    context = {
        "installation": found,
        "photos": found.photos.all(),
        "history": found.changes.all(),
        "cancel_form": cancel_form or CancelForm(),
        "is_mine": found.is_for(request.user.pk),
    }
    return render(request, "dashboard/installations/page.html", context, status=status)


@staff_page(Right.PLAN_INSTALLATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Another day, time or technician."""
    found = installation_of(number)
    if not found.is_planned:
        return _too_late(request, number)
    data = request.POST if request.method == "POST" else None
    form = VisitForm(data, technicians=technicians(request), currency=request.isp.currency, moved=found)
    if data is None or not form.is_valid():
        context = {"form": form, "installation": found, "service": found.service}
        return render(request, "dashboard/installations/visit.html", context, status=422 if data else 200)
    try:
        visit = services.Visit(**form.visit)
        services.move_installation(isp=request.isp, installation=found, by=request.user, visit=visit)
    except services.NotPlanned:
        return _too_late(request, number)
    messages.success(request, _("The installation was moved."))
    return redirect("installation", slug=request.isp.slug, number=number)


def _too_late(request: HttpRequest, number: int) -> HttpResponse:
    messages.warning(request, _("Somebody was quicker: the installation is not planned any more."))
    return redirect("installation", slug=request.isp.slug, number=number)


@staff_page(Right.PLAN_INSTALLATIONS)
@require_POST
def cancel(request: HttpRequest, number: int) -> HttpResponse:
    """Call it off, with a reason."""
    found = installation_of(number)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return _page(request, found, cancel_form=form, status=422)
    try:
        services.cancel_installation(isp=request.isp, installation=found, by=request.user, **form.cleaned_data)
    except services.NotPlanned:
        return _too_late(request, number)
    messages.success(request, _("The installation was called off."))
    return redirect("installation", slug=request.isp.slug, number=number)


@staff_page(Right.PLAN_INSTALLATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, service: int) -> HttpResponse:
    """Plan the visit for a service that waits for one."""
    found = get_object_or_404(Service.objects.select_related("subscriber", "tariff"), number=service)
    if found.state != Service.State.PENDING or found.installations.planned().exists():
        raise Http404
    data = request.POST if request.method == "POST" else None
    form = VisitForm(data, technicians=technicians(request), currency=request.isp.currency)
    if data is None or not form.is_valid():
        context = {"form": form, "service": found}
        return render(request, "dashboard/installations/visit.html", context, status=422 if data else 200)
    try:
        visit = services.Visit(**form.visit)
        made = services.plan_installation(isp=request.isp, service=found, by=request.user, visit=visit)
    except services.NotPlanned:
        raise Http404 from None
    messages.success(request, _("The installation was planned."))
    return redirect("installation", slug=request.isp.slug, number=made.number)
