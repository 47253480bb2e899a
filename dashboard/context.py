"""What the frame of the dashboard shows around every page of an ISP."""

from typing import Any

from django.http import HttpRequest

from dashboard.access import rights_of
from dashboard.menu import menu_for


def frame(request: HttpRequest) -> dict[str, Any]:
    """`membership`, `rights` and `menu` on pages that were opened through staff_page."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    rights = rights_of(membership)
    return {"membership": membership, "rights": rights, "menu": menu_for(request, rights)}
