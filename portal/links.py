"""Auto-login links: opened with a button, so that what only looks at the address signs nobody in."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import throttle
from core.access import public_page
from portal.access import subscriber_page
from portal.passwords import link_gone, not_kept
from subscribers import authentication
from subscribers.models import AutoLoginLink
from subscribers.portal_roles import PortalRight
from subscribers.services import autologin
from subscribers.services.passwords import LinkGone

PER_NETWORK, HOUR = 120, 3600


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def go(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button; the button signs in. Who has signed in with the same login's password stays so."""
    if not throttle.allow(f"go:{throttle.network(request)}", limit=PER_NETWORK, seconds=HOUR):
        return link_gone(request)
    at = timezone.now()
    try:
        link = autologin.find_link(token, on=authentication.local_date(request), at=at)
        if request.method != "POST":
            return not_kept(render(request, "portal/go.html", {"link": link}))
        here = request.portal_user
        if not here or here.pk != link.portal_user_id or here.entered_by:
            link = autologin.note_use(link=link, at=at)
            authentication.sign_in(request, link.portal_user, link=link)
    except LinkGone:
        return link_gone(request)
    return not_kept(redirect("/"))


@subscriber_page(PortalRight.OWN_LOGIN)
@require_POST
def revoke(request: HttpRequest, link: UUID) -> HttpResponse:
    """End one of one's own links, and the sessions that began with it."""
    row = get_object_or_404(AutoLoginLink, uuid=link, portal_user=request.portal_user)
    autologin.revoke_link(by=request.portal_user, link=row)
    messages.success(request, _("The link works no more."))
    return redirect("/account/")
