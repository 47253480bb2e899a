"""Every page declares who may open it. A page that declares nothing opens for nobody."""

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.http import HttpResponse

from core.http import Request

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]


class InPreview(StrEnum):
    """What a portal's page may do while staff see the portal as a subscriber does. What says nothing only shows."""

    LOOK = "look"  # it shows; its forms are refused
    ACT = "act"  # its forms too, by roles with that right. Never where money or a password is concerned
    ALWAYS = "always"  # its forms too, whatever the role, since nothing of the subscriber's changes
    NEVER = "never"  # it is not even shown


@dataclass(frozen=True, slots=True)
class Access:
    """Who may open a page: `kind` is public, signed_in, staff, operator or subscriber; `right` narrows staff down."""

    kind: str
    right: str = ""
    preview: InPreview = InPreview.LOOK


def declare(view: View, access: Access) -> View:
    """Mark a view, and return it."""
    view.access = access  # type: ignore[attr-defined]
    return view


def declared(view: View) -> Access | None:
    """What a view declared, also behind the class of a class-based view."""
    return getattr(view, "access", None)


def public_page(view: View | None = None, *, preview: InPreview = InPreview.LOOK) -> Any:
    """Anybody may open the page. Also with arguments: `@public_page(preview=…)`."""
    if view is None:
        return functools.partial(public_page, preview=preview)

    @functools.wraps(view)
    def wrapper(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(request, *args, **kwargs)

    return declare(wrapper, Access("public", preview=preview))


class AccessMiddleware:
    """Refuses views without a declaration, so that a forgotten one is a closed door and not an open one.

    Whoever opens by itself what only a form may lead to is told so, in place of an empty page.
    """

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and request.method == "GET" and not response.content:
            from core.errors import only_by_form

            return only_by_form(request, response["Allow"])
        return response

    def process_view(self, request: Request, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        if declared(view) is None:
            from core.errors import permission_denied

            logger.error("The view %s.%s declares no access and stays closed.", view.__module__, view.__qualname__)
            return permission_denied(request)
        return None
