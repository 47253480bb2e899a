"""Settings: the addresses that routers must let through, also for subscribers who are suspended."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from company import router as lists
from company import services
from company.models import RouterList
from dashboard.access import staff_page
from dashboard.views.settings import section_page, to_section
from tenants.roles import Right


@staff_page(Right.SETTINGS)
@require_safe
def router(request: HttpRequest) -> HttpResponse:
    """The list as it must be now, and what has changed since it was put on the router."""
    entries = lists.wanted(request.isp)
    addresses = lists.addresses_of(entries)
    taken = RouterList.load()
    context = {
        "entries": entries,
        "has_patterns": any(entry.is_pattern for entry in entries),
        "version": lists.version_of(addresses),
        "commands": lists.commands(request.isp, addresses),
        "plain": lists.plain(addresses),
        "taken": taken,
        "changes": lists.difference(taken, addresses),
    }
    return section_page(request, "router", context)


@staff_page(Right.SETTINGS)
@require_safe
def commands(request: HttpRequest) -> HttpResponse:
    """The commands as a file that RouterOS imports."""
    return _file(request, lists.commands(request.isp, lists.addresses_of(lists.wanted(request.isp))), "rsc")


@staff_page(Right.SETTINGS)
@require_safe
def addresses(request: HttpRequest) -> HttpResponse:
    """The bare list as a file."""
    return _file(request, lists.plain(lists.addresses_of(lists.wanted(request.isp))), "txt")


def _file(request: HttpRequest, text: str, ending: str) -> HttpResponse:
    name = f"lastmile-{request.isp.slug}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


@staff_page(Right.SETTINGS)
@require_POST
def done(request: HttpRequest) -> HttpResponse:
    """The list that was shown is on the router now."""
    try:
        services.confirm_router_list(isp=request.isp, version=request.POST.get("version", ""), by=request.user)
        messages.success(request, _("Noted. This page tells you when the list has to be replaced."))
    except services.StaleList:
        messages.error(request, _("The list has changed in the meantime. Put the new one on your router."))
    return to_section(request, "router")
