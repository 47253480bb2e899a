"""Counting attempts in the cache of the current scope, so that guessing is slow."""

import ipaddress
from contextlib import suppress

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from core.http import Request


def count(what: str, *, seconds: int) -> int:
    """Count one attempt under the name `what` and say the how-manieth of its window it is.

    The window begins with its first attempt and lasts `seconds`. When the cache cannot be reached it is the first: the
    count protects against guessing, and a lost cache must not lock everybody out.
    """
    try:
        if cache.add(f"throttle:{what}", 1, timeout=seconds):
            return 1
        return int(cache.incr(f"throttle:{what}"))
    except ValueError:
        # The window ended between the two calls.
        return 1
    except RedisError:
        return 1


def allow(what: str, *, limit: int, seconds: int) -> bool:
    """Count one attempt under the name `what` and say whether it is among the first `limit` of its window."""
    return count(what, seconds=seconds) <= limit


def counted(what: str) -> int:
    """How many attempts the running window has seen, without counting one."""
    try:
        return int(cache.get(f"throttle:{what}") or 0)
    except RedisError:
        return 0


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
