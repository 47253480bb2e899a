"""The operators' console: all ISPs of the installation."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm as Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import tables
from core.http import Request
from core.models import AuditEntry
from tenants import places
from tenants.access import operator_page
from tenants.forms import CloseForm, PlanForm, RenameForm, SuspendForm
from tenants.models import ISP, SignUp
from tenants.plans import limits_of, plan_of
from tenants.services import isps as services
from tenants.tables import IspFilter, IspTable

AUDIT_SHOWN = 50
FAILED_SHOWN = 20
LICENCES_SHOWN = 5


@operator_page
@require_safe
def isps(request: Request) -> HttpResponse:
    """The list of ISPs."""
    found = IspFilter(request.GET, ISP.objects.with_state().with_members())
    table = IspTable(found.qs, empty_text=_("No ISP matches. Change the search or the filters."))
    tables.show(request, table, per_page=25)
    failed = SignUp.objects.failed().order_by("-finished_at")[:FAILED_SHOWN]
    return render(request, "platform/console.html", {"table": table, "filter": found, "failed": failed})


@operator_page
@require_safe
def isp(request: Request, uuid: UUID) -> HttpResponse:
    """One ISP: hosts, people, sign-up, what was done to it."""
    return isp_page(request, find_isp(uuid))


def find_isp(uuid: UUID) -> ISP:
    """The ISP of the address. Raises Http404."""
    return get_object_or_404(ISP.objects.with_state().with_members(), uuid=uuid)


def isp_page(request: Request, isp: ISP, status: int = 200, **forms: Form) -> HttpResponse:
    """The page of one ISP; forms that were sent and are not right come by name, the others are empty."""
    page = {
        # Not `isp`: the page belongs to none.
        "shown": isp,
        "country": dict(places.countries()).get(isp.country, isp.country),
        "language": dict(settings.LANGUAGES).get(isp.language, isp.language),
        "domains": isp.domains.all(),  # type: ignore[attr-defined]
        "suspension": isp.suspensions.running().select_related("started_by").first(),
        "sign_up": SignUp.objects.filter(isp=isp).first(),
        "audit": AuditEntry.objects.filter(target_type="tenants.isp", target_id=str(isp.pk))[:AUDIT_SHOWN],
        "former_slugs": isp.former_slugs.live(),  # type: ignore[attr-defined]
        "closing": isp.closings.running().select_related("asked_by").first(),  # type: ignore[attr-defined]
        "plan": plan_of(isp),
        "limits": limits_of(isp),
        "licences": isp.licences.select_related("by")[:LICENCES_SHOWN],  # type: ignore[attr-defined]
        "form": SuspendForm(),
        "plan_form": PlanForm(auto_id="plan_%s", initial={"plan": plan_of(isp)}),
        "rename_form": RenameForm(auto_id="rename_%s"),
        "close_form": CloseForm(auto_id="close_%s"),
        **forms,
    }
    return render(request, "platform/isp.html", page, status=status)


@operator_page
@require_POST
def suspend(request: Request, uuid: UUID) -> HttpResponse:
    """Suspend an ISP, for a reason."""
    isp, form = find_isp(uuid), SuspendForm(request.POST)
    if not form.is_valid():
        return isp_page(request, isp, 422, form=form)
    try:
        services.suspend(isp=isp, reason=form.cleaned_data["reason"], by=request.user)
        messages.success(request, _("%(name)s is suspended. It takes effect within a few seconds.") % {"name": isp})
    except services.AlreadySuspended:
        messages.info(request, _("%(name)s was suspended already.") % {"name": isp})
    return redirect("console_isp", uuid)


@operator_page
@require_POST
def resume(request: Request, uuid: UUID) -> HttpResponse:
    """End the suspension of an ISP."""
    isp = find_isp(uuid)
    try:
        services.resume(isp=isp, by=request.user)
        messages.success(request, _("%(name)s is active again.") % {"name": isp})
    except services.NotSuspended:
        messages.info(request, _("%(name)s is active already.") % {"name": isp})
    return redirect("console_isp", uuid)
