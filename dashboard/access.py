"""Who may open a page of the dashboard, and the frame that goes around it."""

import functools
import zoneinfo
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from core.access import Access, View, declare
from core.errors import permission_denied
from core.scope import isp_scope
from tenants.directory import reference
from tenants.models import ISP, Membership
from tenants.roles import RIGHTS, Right, has_right
from tenants.services.memberships import memberships_of


def is_signed_in(request: HttpRequest) -> bool:
    """Whether somebody is signed in; `request.user` is nobody until the second factor was right too."""
    return request.user.is_authenticated


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back; what was sent by a form cannot be sent again, so that leads to the start."""
    target = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    return redirect(f"/sign-in/?{urlencode({'next': target})}" if target != "/" else "/sign-in/")


def next_page(request: HttpRequest) -> str:
    """The page that was asked for before signing in, if it is one of this host; else the start page."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None) and target.startswith("/")
    return target if is_ours and not target.startswith("/sign-") else "/"


def signed_in_page(view: View) -> View:
    """Any staff user may open the page; it belongs to no ISP."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_signed_in(request):
            return sign_in_first(request)
        return _not_kept(view(request, *args, **kwargs))

    return declare(wrapper, Access("signed_in"))


def staff_page(right: Right) -> Callable[[View], View]:
    """Members of the ISP in the path whose role carries the right may open the page. It runs in that ISP's scope.

    For everybody else, an ISP that exists and one that does not give the same 404.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_signed_in(request):
                return sign_in_first(request)
            membership = _membership(request, slug)
            if membership.is_suspended:  # type: ignore[attr-defined]
                return _suspended(request, membership.isp)
            if not has_right(membership.role, right):
                return permission_denied(request)
            request.membership = membership
            request.isp = reference(membership.isp)
            with isp_scope(request.isp), timezone.override(zoneinfo.ZoneInfo(request.isp.timezone)):
                return _not_kept(view(request, *args, **kwargs))

        return declare(wrapper, Access("staff", right.value))

    return decorate


def _membership(request: HttpRequest, slug: str) -> Membership:
    """The membership of the signed-in person in the ISP of the path. One query. Raises Http404."""
    if request.site.isp is not None and request.site.isp.slug != slug:
        raise Http404
    membership = memberships_of(request.user).filter(isp__slug=slug).first()
    if membership is None:
        raise Http404
    membership.isp.is_suspended = membership.is_suspended
    membership.user = request.user
    return membership


def _not_kept(response: HttpResponse) -> HttpResponse:
    """Pages of staff stay out of the browser's cache, so that 'back' after signing out shows nothing."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _suspended(request: HttpRequest, isp: ISP) -> HttpResponse:
    return render(request, "dashboard/suspended.html", {"suspended_isp": isp}, status=503)


def rights_of(membership: Membership) -> set[str]:
    """The rights of a membership, for templates."""
    return {right.value for right, roles in RIGHTS.items() if membership.role in roles}
