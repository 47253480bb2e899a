"""From the client card to the portal as the subscriber sees it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from domains.links import base_url, primary_host
from domains.models import Surface
from subscribers.models import PortalUser
from subscribers.services import previews
from tenants.roles import Right


@staff_page(Right.PREVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Hand a preview over to the portal's host, by a form that sends itself. Its secret stands in no address."""
    card = redirect("subscriber", slug=request.isp.slug, number=number)
    if request.method != "POST":
        return card
    user = get_object_or_404(PortalUser.objects.select_related("subscriber"), uuid=login, subscriber__number=number)
    host = primary_host(request.isp, Surface.PORTAL)
    try:
        secret = previews.offer(by=request.user, user=user, origin=base_url(request.site.host), host=host)
    except previews.CannotPreview:
        messages.error(request, _("This login is closed, so nobody sees the portal by it."))
        return card
    context = {"login": user, "portal": base_url(host), "host": host, "secret": secret}
    response = render(request, "dashboard/subscribers/preview.html", context)
    response._csp_update = {"form-action": [base_url(host)]}
    # The portal wants to hear which page the form comes from.
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response
