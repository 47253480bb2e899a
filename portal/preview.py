"""Staff who see the portal as a subscriber does: their sessions, and what is kept from them.

A preview has a session of a kind of its own under a cookie of its own, so the session of a portal user in the same
browser is neither used nor ended by it. It may look at pages; their forms are refused unless the page says otherwise
(`core.access.InPreview`).
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from core.access import InPreview, View, declared
from core.acting import acting
from core.sessions import SessionStore, cookie_name
from subscribers.models import PortalUser
from subscribers.models.preview import Preview
from subscribers.services import previews
from tenants.models import StaffUser
from tenants.roles import Right, has_right

KIND = "preview"  # of session, in the cookie's name and in the session's realm
PREVIEW_KEY = "_preview"
# Longer than a preview: who comes back to the tab is told that it is over, rather than shown another page.
SESSION_LIFE = previews.LIFE + timedelta(hours=12)
SAFE = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True)
class Running:
    """The preview of a request, as `request.preview`."""

    row: Preview
    user: StaffUser
    may_act: bool
    seconds_left: int

    @property
    def portal_user(self) -> PortalUser:
        return self.row.portal_user

    @property
    def ends_at(self) -> datetime | None:
        return self.row.ends_at

    @property
    def clock(self) -> str:
        """The time that is left, as minutes and seconds."""
        return f"{self.seconds_left // 60}:{self.seconds_left % 60:02d}"


def new_session(host: str, key: str | None = None) -> SessionStore:
    """A session of a preview at a host of the current ISP; empty unless `key` is that of one."""
    return SessionStore(key, realm=f"{KIND}:{host}")


def remember(request: HttpRequest, response: HttpResponse, preview: Preview) -> None:
    """Give the browser the session of a preview that was begun. It goes with the browser, if not before."""
    session = new_session(request.site.host)
    session[PREVIEW_KEY] = preview.pk
    session.set_expiry(SESSION_LIFE)
    session.save(must_create=True)
    response.set_cookie(
        cookie_name(KIND), session.session_key, path="/", secure=settings.SECURE, httponly=True, samesite="Lax"
    )


def over(request: HttpRequest, preview: Preview) -> HttpResponse:
    """The page that says that a preview has ended. Nothing of it is left in the browser."""
    request.session.flush()
    request.portal_user = request.preview = None
    response = _page(request, {"state": "over", "preview": preview}, status=200)
    response.delete_cookie(cookie_name(KIND), path="/", samesite="Lax")
    return response


def _page(request: HttpRequest, context: dict[str, Any], *, status: int) -> HttpResponse:
    response = render(request, "portal/preview.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def status_page(request: HttpRequest, state: str, *, status: int = 200) -> HttpResponse:
    """What there is to say about a preview: it is `running`, a form was `refused`, there is `none`, or it is `gone`."""
    return _page(request, {"state": state, "preview": request.preview and request.preview.row}, status=status)


class PreviewMiddleware:
    """Sets `request.preview` and puts the preview's own session in the place of the portal user's.

    Stands between the sessions and all that reads them. Costs nothing where the browser has no cookie of a preview.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.preview = None
        name = cookie_name(KIND)
        key = request.COOKIES.get(name)
        if not key or not request.site.is_portal or not hasattr(request, "unit_of_work"):
            return self.get_response(request)
        session = new_session(request.site.host, key)
        row = self._row(session)
        own, request.session = request.session, session if row else request.session
        try:
            response = self._answer(request, row)
        finally:
            request.session = own
        patch_vary_headers(response, ("Cookie",))
        if name in response.cookies:
            return response  # one was begun or ended
        if row is None:
            response.delete_cookie(name, path="/", samesite="Lax")
        elif session.modified and response.status_code < 500:
            session.save()
        return response

    def _row(self, session: SessionStore) -> Preview | None:
        pk = session.get(PREVIEW_KEY)
        rows = Preview.objects.select_related("portal_user__subscriber")
        return rows.filter(pk=pk).first() if pk is not None else None

    def _answer(self, request: HttpRequest, row: Preview | None) -> HttpResponse:
        if row is None:
            return self.get_response(request)
        now = timezone.now()
        membership = previews.resume(preview=row, isp=request.isp, at=now)
        if membership is not None and row.ends_at is not None:
            may_act = has_right(membership.role, Right.ACT_IN_PREVIEW)
            request.preview = Running(row, membership.user, may_act, int((row.ends_at - now).total_seconds()))
        else:
            request.ended_preview = row
        as_staff = acting(membership.user, row.portal_user.username) if membership else nullcontext()
        with as_staff:
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        ended = getattr(request, "ended_preview", None)
        if request.preview is None and ended is None:
            return None
        access = declared(view)
        rule = access.preview if access else InPreview.LOOK
        if ended is not None:
            return over(request, ended) if rule != InPreview.ALWAYS else None
        if rule == InPreview.ALWAYS or (rule != InPreview.NEVER and request.method in SAFE):
            return None
        if rule == InPreview.ACT and request.preview.may_act:
            return None
        return self._refused(request, is_up_to_role=rule == InPreview.ACT)

    def _refused(self, request: HttpRequest, *, is_up_to_role: bool) -> HttpResponse:
        response = status_page(request, "no_right" if is_up_to_role else "refused", status=403)
        if request.headers.get("HX-Request"):
            # htmx shows no page that is refused, so it is sent to one.
            response["HX-Redirect"] = "/preview/"
        return response
