"""Addresses that are written to no more: why, and the way back."""

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import tables
from dashboard.access import staff_page
from dashboard.message_lists import StoppedTable
from dashboard.views.settings import bound
from messaging import services
from messaging.models import StoppedAddress
from messaging.sender_forms import StopForm
from tenants.roles import Right


@staff_page(Right.WORK_MESSAGES)
def stopped_list(request: HttpRequest) -> HttpResponse:
    """All of them, the latest first, and a form to stop another one."""
    form = StopForm(**bound(request))
    if form.is_bound and form.is_valid():
        try:
            services.stop_address(by=request.user, **form.cleaned_data)
        except services.NoAddress:
            form.add_error("address", _("This is no address that can be written to."))
        else:
            notes.success(request, _("Nothing is sent there any more."))
            return redirect("stopped-addresses", slug=request.isp.slug)
    table = StoppedTable(StoppedAddress.objects.select_related("message"))
    tables.show(request, table, per_page=50)
    context = {"table": table, "form": form}
    return render(request, "dashboard/messages/stopped.html", context, status=422 if form.errors else 200)


@staff_page(Right.WORK_MESSAGES)
@require_POST
def release(request: HttpRequest) -> HttpResponse:
    """Write to one of them again."""
    wanted = {name: request.POST.get(name, "") for name in ("medium", "address")}
    row = get_object_or_404(StoppedAddress, **wanted)
    services.release_address(by=request.user, stopped=row)
    notes.success(request, _("%(address)s is written to again.") % {"address": row.address})
    return redirect("stopped-addresses", slug=request.isp.slug)
