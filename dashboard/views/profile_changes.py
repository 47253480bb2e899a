"""What subscribers have asked to have changed, and which fields they may change."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from subscribers.models import ProfileChange, profile_access
from subscribers.profile_forms import ProfileRulesForm, RefusalForm
from subscribers.services import profiles
from tenants.roles import Right

SHOWN = 50  # of each: what waits, and what was decided last


@staff_page(Right.WORK_SUBSCRIBERS)
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """What waits, the oldest first, and what was decided lately."""
    return _page(request)


def _page(request: HttpRequest, refused: ProfileChange | None = None, form: RefusalForm | None = None) -> HttpResponse:
    rows = ProfileChange.objects.select_related("subscriber")
    context = {
        "waiting": rows.pending().order_by("asked_at", "pk")[:SHOWN],
        "decided": rows.exclude(state=ProfileChange.State.PENDING).order_by("-decided_at")[:SHOWN],
        "form": RefusalForm(),
        "refused": refused,
        "refused_form": form,
    }
    return render(request, "dashboard/profile_changes.html", context, status=422 if form else 200)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def approve(request: HttpRequest, change: UUID) -> HttpResponse:
    """Put it into the card."""
    found = get_object_or_404(ProfileChange, uuid=change)
    try:
        with transaction.atomic():
            profiles.approve_change(isp=request.isp, change=found, by=request.user)
    except profiles.NotPending:
        return _too_late(request)
    messages.success(request, _("The change was made, and the subscriber was told."))
    return redirect("profile-changes", slug=request.isp.slug)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def refuse(request: HttpRequest, change: UUID) -> HttpResponse:
    """Leave the card as it is, with a reason."""
    found = get_object_or_404(ProfileChange.objects.select_related("subscriber"), uuid=change)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        profiles.refuse_change(isp=request.isp, change=found, by=request.user, reason=form.cleaned_data["reason"])
    except profiles.NotPending:
        return _too_late(request)
    messages.success(request, _("The change was refused, and the subscriber was told why."))
    return redirect("profile-changes", slug=request.isp.slug)


def _too_late(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("Somebody was quicker: this change does not wait any more."))
    return redirect("profile-changes", slug=request.isp.slug)


@staff_page(Right.SETTINGS)
def rules(request: HttpRequest) -> HttpResponse:
    """Which of their data subscribers see and change in the portal."""
    form = ProfileRulesForm(**bound(request), initial=profile_access())
    if form.is_bound and form.is_valid():
        changed = profiles.change_rules(by=request.user, access=form.cleaned_data)
        return saved(request, "own-data", changed=changed)
    return section_page(request, "own-data", {}, template="own_data", form=form)
