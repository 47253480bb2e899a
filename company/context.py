"""The ISP's brand, for every template of its portal."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from company.branding import brand_of
from company.chat import show_chat

PORTAL_SURFACES = {"portal", "shared_portal"}


def brand(request: HttpRequest) -> dict[str, Any]:
    """`brand` and `chat` on the pages of a portal that belong to an ISP; loaded when a template first asks.

    `chat` is None on pages that do not allow it.
    """
    site, isp = getattr(request, "site", None), getattr(request, "isp", None)
    if site is None or isp is None or site.surface not in PORTAL_SURFACES:
        return {}
    return {"brand": SimpleLazyObject(lambda: brand_of(request)), "chat": lambda: show_chat(request)}
