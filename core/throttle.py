"""Counting attempts in the cache of the current scope, so that guessing is slow."""

import ipaddress
from contextlib import suppress

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from core.http import Request


def allow(what: str, *, limit: int, seconds: int) -> bool:
    """Count one attempt under the name `what` and say whether it is among the first `limit` of its window.

    The window begins with its first attempt and lasts `seconds`. When the cache cannot be reached the attempt is
    allowed: the count protects against guessing, and a lost cache must not lock everybody out.
    """
    try:
        if cache.add(f"throttle:{what}", 1, timeout=seconds):
            return True
        return int(cache.incr(f"throttle:{what}")) <= limit
    except ValueError:
        # The window ended between the two calls.
        return True
    except RedisError:
        return True


def forget(what: str) -> None:
    """Begin anew, as after a success."""
    with suppress(RedisError):
        cache.delete(f"throttle:{what}")


def network(request: Request) -> str:
    """Where a request comes from, as far as guessing goes: an IPv4 address, or the /64 that one IPv6 customer has.

    Behind our proxy it is the address that the proxy saw, the last one it wrote down; what stands before is hearsay.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        address = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or address
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address or "local"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)
