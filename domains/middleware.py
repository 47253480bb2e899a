"""The edge: every request gets its `site`, or a page that says nothing."""

import logging
import re
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

from core.errors import neutral_page
from core.http import Request, moved
from domains import hsts, probe
from domains.links import base_url
from domains.models import Surface
from domains.resolver import Site, UnknownHost, resolve

logger = logging.getLogger(__name__)
# What a Host header may hold. The web server joins several of them with commas, so they end here.
SENT = re.compile(r"[A-Za-z0-9._:\[\]-]{1,300}")
# Where routers lead the pages of those who are cut off. A name that was printed into a router long ago goes on
# answering there, over plain HTTP too: nobody who is cut off could follow a redirect to another host.
NOTICES = "/notice/"


class HostMiddleware:
    """Sets `request.site` and `request.urlconf` from the Host header alone; no forwarded header has a say.

    Unknown hosts get a neutral 404, hosts of a suspended ISP a neutral 503 (but its staff may sign in on their own
    domain, where each page says why), contradicting Host headers and paths with a
    zero byte, which no column takes, a 400, a second or former name of a host a redirect that keeps path and query.
    Only the sign of our own page is shown on all names.
    """

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        host = request.META.get("HTTP_HOST", "")
        if not SENT.fullmatch(host) or "\0" in request.path_info:
            return neutral_page(400)
        try:
            site = resolve(host)
        except UnknownHost:
            return neutral_page(404)
        except (OperationalError, InterfaceError):
            logger.exception("The database cannot be reached.")
            return neutral_page(503)
        response = self._answer(request, site)
        # Over HTTPS alone, as browsers ignore it elsewhere; a host whose ISP never asked says nothing.
        if request.is_secure() and (insists := hsts.header(site.hsts_seconds)):
            response["Strict-Transport-Security"] = insists
        return response

    def _answer(self, request: Request, site: Site) -> HttpResponse:
        if site.isp is not None and site.isp.is_suspended and not _tells_why(request, site):
            return neutral_page(503)
        if site.redirect_to and request.path_info != probe.PATH and not _is_notice(request, site):
            target = base_url(site.redirect_to) + request.get_full_path()
            return moved(request, target, for_good=site.is_redirect_for_good)
        request.site = site
        request.isp = site.isp if site.is_portal else None
        request.urlconf = site.urlconf
        return self.get_response(request)


def _is_notice(request: Request, site: Site) -> bool:
    return site.is_portal and request.path_info.startswith(NOTICES)


def _tells_why(request: Request, site: Site) -> bool:
    """Whether a page of an ISP off the air is open all the same: its staff's, where the sign-in decides who reads what.

    These are the very pages of `app.`. The sign of our page stays away, so that nobody takes the domain for working.
    """
    return site.surface == Surface.DASHBOARD and request.path_info != probe.PATH
