"""What the operators' console changes in the life of an ISP: its address, its plan, its closing."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.http import Request
from tenants.access import operator_page
from tenants.forms import CloseForm, PlanForm, RenameForm
from tenants.plans import Plan
from tenants.services import closings, licences, renames
from tenants.views.console import find_isp, isp_page


@operator_page
@require_POST
def rename(request: Request, uuid: UUID) -> HttpResponse:
    """Give an ISP another slug."""
    isp, form = find_isp(uuid), RenameForm(request.POST, auto_id="rename_%s")
    if form.is_valid():
        try:
            isp = renames.rename(isp=isp, slug=form.cleaned_data["slug"], by=request.user)
            messages.success(request, _("The address is %(slug)s now. The old one leads there.") % {"slug": isp.slug})
            return redirect("console_isp", uuid)
        except renames.CannotRename as error:
            form.add_error("slug", str(error))
    return isp_page(request, isp, 422, rename_form=form)


@operator_page
@require_POST
def change_plan(request: Request, uuid: UUID) -> HttpResponse:
    """Give an ISP another licence plan."""
    isp, form = find_isp(uuid), PlanForm(request.POST, auto_id="plan_%s")
    if not form.is_valid():
        return isp_page(request, isp, 422, plan_form=form)
    plan = Plan(form.cleaned_data["plan"])
    try:
        licences.change_plan(isp=isp, plan=plan, by=request.user)
        messages.success(request, _("%(name)s has the plan “%(plan)s” now.") % {"name": isp, "plan": plan.label})
    except licences.SamePlan:
        messages.info(request, _("%(name)s has this plan already.") % {"name": isp})
    return redirect("console_isp", uuid)


@operator_page
@require_POST
def close(request: Request, uuid: UUID) -> HttpResponse:
    """Close an ISP, for a reason and with a time of grace."""
    isp, form = find_isp(uuid), CloseForm(request.POST, auto_id="close_%s")
    if not form.is_valid():
        return isp_page(request, isp, 422, close_form=form)
    reason, grace = form.cleaned_data["reason"], timedelta(days=form.cleaned_data["days"])
    try:
        closings.close(isp=isp, reason=reason, by=request.user, grace=grace)
        messages.success(request, _("%(name)s is closed. It takes effect within a few seconds.") % {"name": isp})
    except closings.AlreadyClosed:
        messages.info(request, _("%(name)s was closed already.") % {"name": isp})
    return redirect("console_isp", uuid)


@operator_page
@require_POST
def cancel_closing(request: Request, uuid: UUID) -> HttpResponse:
    """Open a closed ISP again."""
    isp = find_isp(uuid)
    try:
        closings.cancel_closing(isp=isp, by=request.user)
        messages.success(request, _("%(name)s is open again.") % {"name": isp})
    except closings.NotClosed:
        messages.info(request, _("%(name)s is not closed.") % {"name": isp})
    except closings.TooLate:
        messages.error(request, _("Too late: %(name)s is being deleted.") % {"name": isp})
    return redirect("console_isp", uuid)
