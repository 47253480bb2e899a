"""Who may open the pages of a portal."""

import functools
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from core.access import Access, InPreview, View, declare


def subscriber_page(view: View | None = None, *, preview: InPreview = InPreview.LOOK) -> Any:
    """A signed-in portal user of the host's ISP may open the page; others are asked to sign in and come back.

    The view fetches through `request.portal_user.subscriber` alone. What it shows is kept out of every cache. Staff who
    see the portal as a subscriber open it too; they can send its forms only with `@subscriber_page(preview=…)`.
    """
    if view is None:
        return functools.partial(subscriber_page, preview=preview)

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs) if request.portal_user else _sign_in_first(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return declare(wrapper, Access("subscriber", preview=preview))


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back to a page that can be asked for again."""
    path = request.get_full_path()
    if request.method not in {"GET", "HEAD"} or path == "/":
        return redirect("/sign-in/")
    return redirect(f"/sign-in/?{urlencode({'next': path})}")
