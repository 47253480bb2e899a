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
from core.http import moved
from core.scope import isp_scope
from payments.services.closings import DeskClosed
from subscribers.models import Erased
from tenants.directory import reference
from tenants.fleet.marks import FailedMigration
from tenants.models import Membership
from tenants.roles import RIGHTS, Right, has_right
from tenants.services.memberships import memberships_of, renamed_isp


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


def staff_page(right: Right, *, while_closed: bool = False) -> Callable[[View], View]:
    """Members of the ISP in the path whose role carries the right may open the page. It runs in that ISP's scope.

    For everybody else, an ISP that exists and one that does not give the same 404. `while_closed` pages open as long as
    a closed ISP is not deleted, too.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_signed_in(request):
                return sign_in_first(request)
            try:
                membership = _membership(request, slug)
            except Http404:
                return _renamed(request, slug)
            is_off = membership.is_suspended  # type: ignore[attr-defined]
            if is_off and not (while_closed and membership.isp.closings.running().exists()):  # type: ignore[attr-defined]
                return _suspended(request, membership)
            if not has_right(membership.role, right):
                return permission_denied(request)
            request.membership = membership
            request.isp = reference(membership.isp)
            with isp_scope(request.isp), timezone.override(zoneinfo.ZoneInfo(request.isp.timezone)):
                try:
                    return _not_kept(view(request, *args, **kwargs))
                except Erased as error:
                    return _erased(request, error)
                except DeskClosed:
                    return _desk_closed(request)

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


def _renamed(request: HttpRequest, slug: str) -> HttpResponse:
    """To the same page under the slug of today; only members learn of it. Raises Http404."""
    isp = renamed_isp(user=request.user, slug=slug)
    if isp is None or (request.site.isp is not None and request.site.isp.pk != isp.pk):
        raise Http404
    return _not_kept(moved(request, request.get_full_path().replace(f"/{slug}/", f"/{isp.slug}/", 1)))


def _not_kept(response: HttpResponse) -> HttpResponse:
    """Pages of staff stay out of the browser's cache, so that 'back' after signing out shows nothing."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _erased(request: HttpRequest, error: Erased) -> HttpResponse:
    """What was to be changed is of a customer who was erased meanwhile; nothing of it stays."""
    request.unit_of_work.failed = True
    return _not_kept(render(request, "dashboard/subscribers/erased_meanwhile.html", {"number": error}, status=409))


def _desk_closed(request: HttpRequest) -> HttpResponse:
    """Whoever registers a payment, or takes one back, has closed the cash desk for today; nothing of it stays."""
    request.unit_of_work.failed = True
    return _not_kept(render(request, "dashboard/cash/closed.html", status=409))


def _suspended(request: HttpRequest, membership: Membership) -> HttpResponse:
    page = {
        "suspended_isp": membership.isp,
        "closing": membership.isp.closings.running().first(),  # type: ignore[attr-defined]
        "suspension": membership.isp.suspensions.running().first(),  # type: ignore[attr-defined]
        "repair": FailedMigration.objects.refused().filter(isp=membership.isp).first(),
        "may_export": has_right(membership.role, Right.EXPORT),
    }
    return render(request, "dashboard/suspended.html", page, status=503)


def rights_of(membership: Membership) -> set[str]:
    """The rights of a membership, for templates."""
    return {right.value for right, roles in RIGHTS.items() if membership.role in roles}
