"""Which language and time zone a page is in."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.translation.trans_real import get_languages, parse_accept_lang_header

from core.http import Request


def chosen(request: Request) -> str:
    """The visitor's choice, else the signed-in person's, else the browser's, else the ISP's, else English."""
    available = get_languages()
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if cookie in available:
        return cookie
    person = getattr(request, "portal_user", None) or getattr(request, "user", None)
    if request.COOKIES and (own := getattr(person, "language", "")) in available:
        return own
    for code, _quality in parse_accept_lang_header(request.META.get("HTTP_ACCEPT_LANGUAGE", "")):
        base = code.split("-")[0]
        if base in available:
            return base
    site = getattr(request, "site", None)
    isp = site.isp if site else None
    return isp.language if isp and isp.language in available else settings.LANGUAGE_CODE


class LanguageMiddleware:
    """Activates the language of the visitor and the time zone of the ISP."""

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        with translation.override(chosen(request)):
            if request.site.isp:
                with timezone.override(zoneinfo.ZoneInfo(request.site.isp.timezone)):
                    return self._respond(request)
            return self._respond(request)

    def _respond(self, request: Request) -> HttpResponse:
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response
