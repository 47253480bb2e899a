"""The edge: every request gets its `site`, or a page that says nothing."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

from core.errors import neutral_page
from domains.links import base_url
from domains.resolver import UnknownHost, resolve


class HostMiddleware:
    """Sets `request.site` and `request.urlconf` from the Host header alone; no forwarded header has a say.

    Unknown hosts get a neutral 404, hosts of a suspended ISP a neutral 503, contradicting Host headers a 400, a second
    name of a host (`www.`) a permanent redirect that keeps path and query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.META.get("HTTP_HOST", "")
        if "," in host or " " in host or not host:
            return neutral_page(400)
        try:
            site = resolve(host)
        except UnknownHost:
            return neutral_page(404)
        if site.isp is not None and site.isp.is_suspended:
            return neutral_page(503)
        if site.redirect_to:
            return HttpResponsePermanentRedirect(base_url(site.redirect_to) + request.get_full_path())
        request.site = site
        request.isp = site.isp if site.is_portal else None
        request.urlconf = site.urlconf
        return self.get_response(request)
