"""Everybody asks for everything, and nobody sees a canary that is not for them."""

import re

import pytest
from django.core.cache import cache, caches

from core.scope import public_scope
from tests.isolation.addresses import SURFACES
from tests.isolation.canaries import found
from tests.isolation.judge import Visit, text_of
from tests.isolation.rules import public
from tests.isolation.walk import PARTS, visits
from tests.isolation.world import UNFILLED, tenant_models


def test_both_isps_are_full_of_canaries_under_the_same_keys(world):
    for model in tenant_models():
        label = model._meta.label_lower
        assert world.a.rows[label].keys() == world.b.rows[label].keys()
        assert world.a.rows[label], f"{label} is not filled"
    assert not {model._meta.label_lower for model in tenant_models()} & UNFILLED
    marks = {
        side.name: found(repr([vars(row) for rows in side.rows.values() for row in rows.values()]))
        for side in world.sides
    }
    assert {mark.side for mark in marks["a"]} == {"a"}
    assert {(mark.model, mark.row) for mark in marks["a"]} == {(mark.model, mark.row) for mark in marks["b"]}


@pytest.mark.parametrize(
    ("name", "host", "path", "model"),
    [
        ("subscriber of a", "wispmega.localhost", "/", "subscribers.subscriber"),
        ("subscriber of a", "clientes.a.example", "/", "subscribers.subscriber"),
        ("subscriber of b", "fibrandina.localhost", "/", "subscribers.subscriber"),
        ("preview of a (owner)", "wispmega.localhost", "/", "subscribers.subscriber"),
        ("preview of a (billing)", "clientes.a.example", "/account/", "subscribers.subscriber"),
        ("staff of a (owner)", "app.localhost", "/wispmega/staff/", "tenants.staffuser"),
        ("staff of a (owner)", "sistema.a.example", "/wispmega/staff/", "tenants.staffuser"),
        ("staff of b (owner)", "app.localhost", "/fibrandina/staff/", "tenants.staffuser"),
        ("operator", "localhost", "/console/", "tenants.isp"),
        ("anonymous", "wispmega.localhost", "/sign-in/", "company.profile"),
        ("anonymous", "portal.localhost", "/install/wispmega/", "company.profile"),
    ],
)
def test_those_who_may_do_see_it(judge, everybody, name, host, path, model):
    """Without this the walk could pass because nobody was signed in."""
    response, _ = judge.send(Visit(everybody[name], host, "", path, public))
    assert response.status_code == 200
    assert model in {canary.model for canary in found(text_of(response))}


# Whose a key in Redis is.
OWNED = re.compile(rb"(platform|isp[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}):")


def redis_keys():
    """What is in Redis, which is empty then: else the throttles would answer the next form."""
    both = cache._cache.get_client(None).pipeline(transaction=False).keys("*").flushdb()
    return set(both.execute()[0])


def test_a_key_without_its_isp_would_be_seen(world, monkeypatch):
    """The control for what the walk below says of Redis."""
    monkeypatch.setattr(caches["default"], "key_func", lambda key, prefix, version: key)
    with public_scope():
        cache.set("page", 1)
    assert [key for key in redis_keys() if not OWNED.match(key)] == [b"page"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("surface", "part"), [(surface, part) for surface in SURFACES for part in range(PARTS.get(surface, 1))]
)
def test_nobody_sees_what_is_not_theirs(surface, part, world, everybody, judge):
    leaks, broken, count, keys = [], [], 0, set()
    for visit in visits(surface, world, everybody, part=part):
        count += 1
        if visit.method == "POST":
            keys |= redis_keys()
        try:
            leaked = judge.leaks(visit)
        except AssertionError as error:
            broken.append(str(error))
            continue
        if leaked:
            leaks.append(f"{visit} shows {sorted(leaked)}")
    assert count > 50
    assert [key for key in keys | redis_keys() if not OWNED.match(key)] == []
    assert not leaks, f"{len(leaks)} of {count} visits leak:\n" + "\n".join(leaks[:20])
    assert not broken, f"{len(broken)} of {count} visits break a page or change what is not theirs:\n" + "\n".join(
        broken[:20]
    )


@pytest.mark.parametrize("host", ["unknown.example", "nobody.localhost", "127.0.0.1"])
def test_an_unknown_host_tells_nothing_to_anybody(host, world, everybody, judge):
    for surface in SURFACES:
        paths = {visit.path for visit in visits(surface, world, {**everybody})}
        for path in sorted(paths)[:25]:
            for visitor in everybody.values():
                response, mails = judge.send(Visit(visitor, host, surface, path, public))
                assert response.status_code == 404
                assert not found(text_of(response))
                assert not mails
                assert not response.cookies
