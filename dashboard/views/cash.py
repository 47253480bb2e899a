"""The cash desk: each clerk's day, counted and closed."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import tables
from core.scope import public_scope
from dashboard.access import staff_page
from payments import desk
from payments.closing_forms import ClosingForm
from payments.closing_lists import ClosingTable
from payments.models import CashClosing
from payments.services import closings
from tenants.models import StaffUser
from tenants.roles import Right

LISTED = 500  # payments of a day that are shown


@staff_page(Right.SEE_MONEY)
@require_safe
def closing_list(request: HttpRequest) -> HttpResponse:
    """Days that are still open, and all closings."""
    today = timezone.localdate()
    table = ClosingTable(CashClosing.objects.all())
    tables.show(request, table, per_page=25)
    found = desk.open_days(today=today)
    with public_scope():
        people = {user.pk: user for user in StaffUser.objects.filter(pk__in={day.clerk_id for day in found})}
    context = {
        "table": table,
        "open_days": [(day, people[day.clerk_id].uuid) for day in found if day.clerk_id in people],
        "today": today,
        "is_closed": CashClosing.objects.filter(clerk_id=request.user.pk, on=today).exists(),
    }
    return render(request, "dashboard/cash/list.html", context)


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def close_day(request: HttpRequest, clerk: UUID, day: str) -> HttpResponse:
    """Count a day and close it. Whoever may register payments may do so for a colleague who has left early."""
    who, on = _clerk(clerk), _day(day)
    if done := CashClosing.objects.filter(clerk_id=who.pk, on=on).first():
        return _closed(request, done)
    found = desk.sums(clerk_id=who.pk, on=on)
    if not found and who.pk != request.user.pk:
        raise Http404  # nobody learns here who works elsewhere
    form = ClosingForm(request.POST if request.method == "POST" else None, sums=found)
    if form.is_bound and form.is_valid():
        try:
            with_reason = form.cleaned_data["reason"]
            closing = closings.close_desk(
                by=request.user, clerk=who, on=on, counted=form.counted, seen=form.cleaned_data["seen"],
                currency=request.isp.currency, reason=with_reason,
            )  # fmt: skip
            messages.success(request, _("The cash desk is closed."))
            return _closed(request, closing)
        except closings.CannotClose:
            form.add_error(None, _("Something was registered meanwhile. Look at the sums again, and count once more."))
            form.data = form.data.copy()
            form.data["seen"] = form.initial["seen"]
    context = {"who": who, "on": on, "form": form, "payments": _listed(who.pk, on), "is_own": who.pk == request.user.pk}
    return render(request, "dashboard/cash/day.html", context, status=422 if form.errors else 200)


@staff_page(Right.SEE_MONEY)
@require_safe
def closing_page(request: HttpRequest, closing: UUID) -> HttpResponse:
    """One closing, to print."""
    found = get_object_or_404(CashClosing, uuid=closing)
    context = {
        "closing": found,
        "lines": found.lines.select_related("method"),
        "payments": _listed(found.clerk_id, found.on),
    }
    return render(request, "dashboard/cash/closing.html", context)


def _clerk(uuid: UUID) -> StaffUser:
    with public_scope():
        return get_object_or_404(StaffUser, uuid=uuid)


def _day(text: str) -> date:
    try:
        on = parse_date(text)
    except ValueError:
        on = None
    if on is None or not 2000 <= on.year <= timezone.localdate().year or on > timezone.localdate():
        raise Http404
    return on


def _closed(request: HttpRequest, closing: CashClosing) -> HttpResponse:
    return redirect(f"/{request.isp.slug}/cash/closings/{closing.uuid}/")


def _listed(clerk_id: int, on: date) -> list[object]:
    return list(desk.payments_of(clerk_id=clerk_id, on=on)[:LISTED])
