"""Invoice groups: the ISP's sub-brands."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from company import group_services
from company.group_forms import InvoiceGroupForm
from core import uploads
from dashboard.access import staff_page
from dashboard.catalogue import GROUPS, show, to_list
from dashboard.views.settings import bound
from tenants.roles import Right


@staff_page(Right.CATALOGUE)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Another group."""
    form = InvoiceGroupForm(**bound(request), country=request.isp.country)
    if form.is_bound and form.is_valid():
        try:
            logo = form.cleaned_data["logo"]
            row = group_services.add_group(values=form.values, logo=logo, by=request.user)
        except uploads.BadUpload as error:
            form.add_error("logo", str(error))
        else:
            messages.success(request, _("%(name)s was added.") % {"name": row.name})
            return to_list(request, GROUPS)
    return show(request, GROUPS, {}, template="group", form=form)


@staff_page(Right.CATALOGUE)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, group: UUID) -> HttpResponse:
    """Change a group."""
    row = GROUPS.get({"group": group})
    instance = GROUPS.get({"group": group})
    form = InvoiceGroupForm(**bound(request), instance=instance, country=request.isp.country)
    if form.is_bound and form.is_valid():
        try:
            logo = form.cleaned_data["logo"]
            changed = group_services.change_group(group=row, values=form.values, logo=logo, by=request.user)
        except uploads.BadUpload as error:
            form.add_error("logo", str(error))
        else:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return to_list(request, GROUPS)
    return show(request, GROUPS, {"row": row}, template="group", form=form)


@staff_page(Right.CATALOGUE)
@require_safe
def logo(request: HttpRequest, group: UUID) -> HttpResponse:
    """The logo as it is stored."""
    row = GROUPS.get({"group": group})
    if row.logo is None:
        raise Http404
    return uploads.serve(row.logo, inline=True)


@staff_page(Right.CATALOGUE)
@require_POST
def remove_logo(request: HttpRequest, group: UUID) -> HttpResponse:
    """Use the company's own logo."""
    group_services.remove_group_logo(group=GROUPS.get({"group": group}), by=request.user)
    messages.success(request, _("The logo was removed. The company's own is used."))
    return to_list(request, GROUPS)


@staff_page(Right.CATALOGUE)
@require_POST
def make_default(request: HttpRequest, group: UUID) -> HttpResponse:
    """Let all subscribers without a group belong to this one."""
    row = GROUPS.get({"group": group})
    group_services.make_default(group=row, by=request.user)
    messages.success(request, _("Subscribers without a group belong to %(name)s now.") % {"name": row.name})
    return to_list(request, GROUPS)
