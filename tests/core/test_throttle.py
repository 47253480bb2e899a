"""Counting attempts."""

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisDown

from core.scope import NoScope, isp_scope, public_scope
from core.throttle import allow, forget
from tests.core.conftest import in_threads


def attempts(count, limit=3, what="guess", seconds=60):
    return [allow(what, limit=limit, seconds=seconds) for _ in range(count)]


def test_the_first_attempts_of_a_window_are_allowed(in_public):
    assert attempts(5) == [True, True, True, False, False]
    assert attempts(1, what="another") == [True]
    forget("guess")
    assert attempts(4) == [True, True, True, False]


def test_a_window_ends_and_an_attempt_does_not_prolong_it(in_public):
    attempts(4)
    redis = cache._cache.get_client()
    key = cache.make_and_validate_key("throttle:guess")
    before = redis.pttl(key)
    attempts(1)
    assert 0 < redis.pttl(key) <= before <= 60_000
    redis.pexpire(key, 0)
    assert attempts(1) == [True]


def test_isps_are_counted_apart(isp, other_isp):
    with isp_scope(isp):
        assert attempts(4)[-1] is False
    for scope in (isp_scope(other_isp), public_scope()):
        with scope:
            assert attempts(1) == [True]
    with pytest.raises(NoScope):
        attempts(1)


def test_attempts_at_the_same_time_are_all_counted(isp):
    def run(number):
        with isp_scope(isp):
            return sum(attempts(10, limit=15))

    assert sum(in_threads(4, run)) == 15


def test_a_cache_that_is_down_locks_nobody_out(in_public, monkeypatch):
    def down(*args, **kwargs):
        raise RedisDown

    for name in ("add", "incr", "delete"):
        monkeypatch.setattr(f"django.core.cache.backends.redis.RedisCache.{name}", down)
    assert attempts(5) == [True] * 5
    forget("guess")
