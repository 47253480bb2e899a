"""Counting attempts in the cache of the current scope, so that guessing is slow."""

from contextlib import suppress

from django.core.cache import cache
from redis.exceptions import RedisError


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
