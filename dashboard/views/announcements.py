"""What staff say in the portal: messages, outages, maintenance."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import tables
from dashboard import card
from dashboard.access import staff_page
from dashboard.message_lists import AnnouncementTable
from subscribers.announcement_forms import AnnouncementForm, MessageForm
from subscribers.models import Announcement
from subscribers.services import announcements as services
from tenants.roles import Right, has_right


def _readable(request: HttpRequest) -> QuerySet[Announcement]:
    """All that is said, without what is said to one customer for those who may not read such messages."""
    rows = Announcement.objects.select_related("zone", "group", "subscriber")
    may_read = has_right(request.membership.role, Right.SEE_MESSAGES)
    return rows if may_read else rows.filter(subscriber=None)


@staff_page(Right.SEE_ANNOUNCEMENTS)
@require_safe
def announcement_list(request: HttpRequest) -> HttpResponse:
    """What runs, what is planned, what is over."""
    now = timezone.now()
    order = Case(
        When(Q(ends_at__lte=now), then=Value(2)),
        When(begins_at__lte=now, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    rows = _readable(request).annotate(place=order, n_read=Count("reads"))
    table = AnnouncementTable(rows.order_by("place", "-begins_at", "-pk"))
    tables.show(request, table, per_page=25)
    return render(request, "dashboard/messages/announcements.html", {"table": table})


def _page(request: HttpRequest, form: AnnouncementForm, row: Announcement | None = None) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "row": row}
    if row:
        context |= {"is_over": row.is_over(at=timezone.now()), "n_read": row.reads.count()}
    return render(request, "dashboard/messages/announcement.html", context, status=422 if form.errors else 200)


@staff_page(Right.ANNOUNCE)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Say something to everybody, a zone or an invoice group."""
    kind = request.GET.get("kind")
    initial = {"kind": kind, "at_sign_in": True} if kind in ("outage", "maintenance") else {}
    form = AnnouncementForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        services.announce(by=request.user, values=form.cleaned_data)
        messages.success(request, _("It stands in the portal from the moment you chose."))
        return redirect("announcements", slug=request.isp.slug)
    return _page(request, form)


@staff_page(Right.ANNOUNCE)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Change one."""
    row = get_object_or_404(_readable(request), uuid=announcement)
    form_class = MessageForm if row.subscriber_id else AnnouncementForm
    form = form_class(request.POST if request.method == "POST" else None, instance=Announcement.objects.get(pk=row.pk))
    if form.is_bound and form.is_valid():
        changed = services.change_announcement(by=request.user, announcement=row, values=form.cleaned_data)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("announcements", slug=request.isp.slug)
    return _page(request, form, row)


@staff_page(Right.ANNOUNCE)
@require_POST
def end(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Let it be seen no more."""
    row = get_object_or_404(_readable(request), uuid=announcement)
    services.end_announcement(by=request.user, announcement=row, at=timezone.now())
    messages.success(request, _("It is not shown any more."))
    return redirect("announcements", slug=request.isp.slug)


@staff_page(Right.ANNOUNCE)
@require_http_methods(["GET", "HEAD", "POST"])
def write_to_one(request: HttpRequest, number: int) -> HttpResponse:
    """Write to one subscriber, who finds it in the portal."""
    found = card.fetch(number)
    form = MessageForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        services.announce(by=request.user, values=form.cleaned_data, subscriber=found)
        messages.success(request, _("The customer finds it in the portal from the moment you chose."))
        where = "subscriber-messages" if has_right(request.membership.role, Right.SEE_MESSAGES) else "subscriber"
        return redirect(where, slug=request.isp.slug, number=number)
    status = 422 if form.errors else 200
    return card.show(request, found, "messages", {"form": form}, template="card_message_new", status=status)
