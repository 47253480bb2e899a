"""Which pages the portal has: a feature's button shows where the feature is there."""

from functools import cache

from django.urls import Resolver404, resolve


@cache
def has_page(path: str) -> bool:
    """Whether an address is one of a portal's pages."""
    try:
        resolve(path, urlconf="core.urls.portal")
    except Resolver404:
        return False
    return True
