"""Pages for when something cannot be shown. They ask no database, so they work when nothing else does."""

import logging
import sys
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_noop as _

from core.db.base import RoleMissing
from core.http import Request
from core.scope import ScopeError

logger = logging.getLogger(__name__)
# PostgreSQL's codes for a table or a schema that is not there.
_MISSING = {"42P01", "3F000"}
_NEUTRAL = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;display:grid;place-content:center;"
    "min-height:90vh;color:#4b5563;background:#f6f8fb;color-scheme:light dark}}@media(prefers-color-scheme:dark)"
    "{{body{{background:#111827;color:#d1d5db}}}}</style><h1>{title}</h1></html>"
)
_TITLES = {400: "Bad request", 404: "Nothing here", 503: "Not available at the moment"}


def neutral_page(status: int) -> HttpResponse:
    """A page that tells nothing about who runs here."""
    response = HttpResponse(_NEUTRAL.format(title=_TITLES[status]), status=status)
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = "3600"
    return response


def without_tables(request: Request, error: BaseException | None) -> HttpResponse | None:
    """The neutral 503, and a line in the log, if an error means that the request's ISP has lost its tables or role."""
    isp = getattr(request, "isp", None)
    code = getattr(error.__cause__ if error else None, "sqlstate", None)
    if isp is None or not (code in _MISSING or isinstance(error, RoleMissing)):
        return None
    what = "The role" if isinstance(error, RoleMissing) else "A table"
    logger.error("%s of %s (%s) is missing; %s answers 503.", what, isp.slug, isp.schema_name, request.path)
    return neutral_page(503)


def _page(request: Request, status: int, title: str, text: str) -> HttpResponse:
    from core.language import chosen

    try:
        language = chosen(request)
    except (Error, ScopeError):
        # The person's own language cannot be asked for, which is perhaps why the page is shown.
        language = settings.LANGUAGE_CODE
    with translation.override(language):
        context = {"title": translation.gettext(title), "text": translation.gettext(text), "status": status}
        context["preview"] = getattr(request, "preview", None)
        return HttpResponse(render_to_string("errors/page.html", context), status=status)


def page_not_found(request: Request, exception: Any = None) -> HttpResponse:
    return _page(request, 404, _("This page does not exist"), _("Check the address, or go back to the start page."))


def permission_denied(request: Request, exception: Any = None) -> HttpResponse:
    return _page(
        request, 403, _("You may not open this page"), _("Ask an administrator of your company for the right role.")
    )


def only_by_form(request: Request, allowed: str) -> HttpResponse:
    """For an address that only takes what a form sends, as when a page that a form led to is opened anew."""
    response = _page(
        request,
        405,
        _("This page cannot be opened by itself"),
        _("Go back to the form that leads here and send it again."),
    )
    response["Allow"] = allowed
    return response


def bad_request(request: Request, exception: Any = None) -> HttpResponse:
    return _page(request, 400, _("This request was not understood"), _("Go back and try again."))


def server_error(request: Request) -> HttpResponse:
    if page := without_tables(request, sys.exc_info()[1]):
        return page
    return _page(
        request, 500, _("Something went wrong on our side"), _("Nothing was saved. Please try again in a moment.")
    )


def csrf_failure(request: Request, reason: str = "") -> HttpResponse:
    return _page(
        request,
        403,
        _("This page was open for too long"),
        _("Go back, reload the page and send it again. Cookies must be allowed for this site."),
    )
