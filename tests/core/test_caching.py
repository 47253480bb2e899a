"""Cache keys carry their scope; the small cache inside the process is bounded and forgets."""

import pytest
from django.core.cache import cache

from core import caching
from core.caching import TimedCache, scoped_key
from core.scope import NoScope, isp_scope, public_scope
from tests.core.conftest import in_threads


def test_keys_differ_between_scopes_and_cannot_be_made_to_meet(isp, other_isp):
    keys = []
    for scope in (isp_scope(isp), isp_scope(other_isp), public_scope()):
        with scope:
            keys += [scoped_key("a", "", 1), scoped_key(f"isp{isp.uuid}:a", "", 1), scoped_key("platform:a", "", 1)]
    assert len(set(keys)) == 9
    with pytest.raises(NoScope):
        scoped_key("a", "", 1)


def test_a_value_is_found_in_its_scope_only(isp, other_isp):
    with isp_scope(isp):
        cache.set_many({"one": 1, "two": 2})
        assert cache.get_many(["one", "two", "three"]) == {"one": 1, "two": 2}
    with isp_scope(other_isp):
        assert cache.get_many(["one", "two"]) == {}
        cache.delete("one")
        cache.set("two", "other")
    with isp_scope(isp):
        assert cache.get("one") == 1
        assert cache.get("two") == 2
    for call in (lambda: cache.get("one"), lambda: cache.get_many(["one"]), lambda: cache.add("one", 1)):
        with pytest.raises(NoScope):
            call()


def test_the_small_cache_forgets_after_its_time(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(caching.time, "monotonic", lambda: now[0])
    small: TimedCache[int] = TimedCache(seconds=5, size=10)
    loads = iter(range(10))
    assert [small.get("a", lambda: next(loads)) for _ in range(3)] == [0, 0, 0]
    now[0] += 4.9
    assert small.peek("a") == 0
    now[0] += 0.2
    assert small.peek("a") is None
    assert small.get("a", lambda: next(loads)) == 1


def test_the_small_cache_keeps_what_was_asked_for_last():
    small: TimedCache[str] = TimedCache(seconds=60, size=2)
    small.put("a", "a")
    small.put("b", "b")
    small.get("a", lambda: "loaded")
    small.put("c", "c")
    assert (small.peek("a"), small.peek("b"), small.peek("c"), len(small)) == ("a", None, "c", 2)


def test_an_error_while_loading_is_passed_on_and_not_kept():
    small: TimedCache[int] = TimedCache(seconds=60, size=2)
    with pytest.raises(ZeroDivisionError):
        small.get("a", lambda: 1 // 0)
    assert small.get("a", lambda: 7) == 7


def test_the_small_cache_is_safe_in_threads():
    small: TimedCache[int] = TimedCache(seconds=60, size=50)

    def run(number):
        for value in range(2000):
            assert small.get(str(value % 70), lambda value=value: value % 70) == value % 70
        return len(small) <= 50

    assert in_threads(4, run) == [True] * 4
