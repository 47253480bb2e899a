"""What every template may use."""

from typing import Any

from django.conf import settings

from core.http import Request


def page(request: Request) -> dict[str, Any]:
    """`site`, `isp` where the page belongs to one, and the languages to offer."""
    site, isp = getattr(request, "site", None), getattr(request, "isp", None)
    return {"site": site, "isp": isp, "languages": settings.LANGUAGES}
