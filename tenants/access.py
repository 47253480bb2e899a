"""Who may open the pages of the operator."""

import functools
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode

from core.access import Access, View, declare
from core.errors import permission_denied
from core.http import Request


def operator_page(view: View) -> View:
    """Operators may open the page, on the platform's host. Others signed in get a refusal, visitors the sign-in page.

    What it shows stays out of every cache.

    The second factor of an account that has one is seen to by StaffMiddleware: without it nobody is signed in.
    """

    @functools.wraps(view)
    def wrapper(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect(f"/sign-in/?{urlencode({'next': request.get_full_path()})}")
        if not request.user.is_operator or request.site.surface != "platform":
            return permission_denied(request)
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return declare(wrapper, Access("operator"))
