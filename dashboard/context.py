"""What the frame of the dashboard shows around every page of an ISP."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.scope import public_scope
from dashboard.access import rights_of
from dashboard.menu import menu_for
from tenants.models import Membership
from tenants.services.memberships import memberships_of

SWITCHER_ROWS = 12


def frame(request: HttpRequest) -> dict[str, Any]:
    """`membership`, `rights`, `menu` and `other_isps` on pages that were opened through staff_page."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    rights = rights_of(membership)
    return {
        "membership": membership,
        "rights": rights,
        "menu": menu_for(request, rights),
        "other_isps": SimpleLazyObject(lambda: other_isps(request)),
    }


def other_isps(request: HttpRequest) -> list[Membership]:
    """Where else the person works, for the switcher; on an ISP's own staff domain nowhere. One query."""
    if request.site.isp is not None:
        return []
    with public_scope():
        return list(memberships_of(request.user).exclude(isp_id=request.isp.pk)[:SWITCHER_ROWS])
