"""Who may open the pages of a portal."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from core.access import Access, InPreview, View, declare
from subscribers import authentication
from subscribers.models import Erased
from subscribers.portal_roles import GUARDED, PortalRight, has_portal_right

SAFE = {"GET", "HEAD"}


def subscriber_page(
    right: PortalRight,
    *,
    for_paying: bool = False,
    asks_password: bool = False,
    while_password_due: bool = False,
    preview: InPreview = InPreview.LOOK,
) -> Callable[[View], View]:
    """A portal user of the host's ISP whose role carries the right may open the page; others sign in and come back.

    What is not said here is closed. A session that began with a link that is for paying opens pages `for_paying` only.
    One that began with any link sends the forms of guarded rights (see portal_roles.GUARDED) only after the password
    was given, unless the page's own form `asks_password`. One that began with a one-time password opens nothing but
    what is open `while_password_due`.

    The view fetches through `request.portal_user.subscriber` alone. What it shows is kept out of every cache. Staff who
    see the portal as a subscriber open it too; they can send its forms only with `@subscriber_page(preview=…)`.
    """
    if not isinstance(right, PortalRight):
        raise TypeError("Say which right the page asks for: @subscriber_page(PortalRight.…).")

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.portal_user:
                response = _sign_in_first(request)
            elif authentication.is_password_due(request) and not while_password_due:
                response = redirect("/account/new-password/")
            elif request.portal_user.pays_only and not for_paying:
                response = _closed(request, "pays_only")
            elif not has_portal_right(request.portal_user.role, right):
                response = _closed(request, "no_right")
            elif _password_first(request, right) and not asks_password:
                response = redirect(f"/account/confirm/?{urlencode({'next': _page_of_form(request)})}")
            else:
                try:
                    response = view(request, *args, **kwargs)
                except Erased:
                    # While this was on its way, all data of the customer was erased.
                    request.unit_of_work.failed = True
                    response = redirect("/sign-in/")
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return declare(wrapper, Access("subscriber", right.value, preview))

    return decorate


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back to a page that can be asked for again."""
    path = request.get_full_path()
    if request.method not in SAFE or path == "/":
        return redirect("/sign-in/")
    return redirect(f"/sign-in/?{urlencode({'next': path})}")


def _closed(request: HttpRequest, reason: str) -> HttpResponse:
    target = request.get_full_path() if request.method in SAFE else "/"
    return render(request, "portal/closed.html", {"reason": reason, "next": target}, status=403)


def _password_first(request: HttpRequest, right: PortalRight) -> bool:
    """Whether a form is sent that only who knows the password may send."""
    return request.method not in SAFE and right in GUARDED and not authentication.has_given_password(request)


def _page_of_form(request: HttpRequest) -> str:
    """The page to go on from once the password was given; what the form held has to be entered again."""
    return next(
        (
            page
            for page in ("/colleagues/", "/account/data/", "/account/consents/", "/sms/")
            if request.path.startswith(page)
        ),
        "/account/",
    )
