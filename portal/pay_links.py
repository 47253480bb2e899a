"""What a page offers to whoever has to pay: those of the portal's addresses that there are."""

from functools import cache
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

WAYS: list[tuple[str, Any]] = [
    ("/pay/", _("Pay now")),
    ("/payments/report/", _("I have paid: report it")),
    ("/payment-methods/", _("How to pay")),
]


@cache
def _paths() -> list[tuple[str, Any]]:
    return [(path, title) for path, title in WAYS if _is_there(path)]


def _is_there(path: str) -> bool:
    try:
        resolve(path, "core.urls.portal")
    except Resolver404:
        return False
    return True


def ways_to_pay(base: str = "") -> list[dict[str, Any]]:
    """Address and title of each way, the best first. `base` is scheme and host, where pages are shown over HTTP."""
    return [{"path": f"{base}{path}", "title": title} for path, title in _paths()]
