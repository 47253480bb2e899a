"""From a host to what it shows, and what that costs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.caching import TimedCache
from core.scope import public_scope
from domains import resolver
from domains.models import Domain, Surface
from domains.resolver import UnknownHost, resolve
from tenants import slugs
from tenants.models import IspSuspension, StaffUser


@pytest.fixture
def domains(isp):
    """Both of WispMega's own domains, and one whose ownership is not proved."""
    now = timezone.now()
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.example", surface="portal", verified_at=now)
        Domain.objects.create(isp=isp, host="sistema.wispmega.example", surface="dashboard", verified_at=now)
        Domain.objects.create(isp=isp, host="xn--seal-hqa.mx", surface="portal", verified_at=now, is_primary=False)
        Domain.objects.create(isp=isp, host="unproved.example", surface="portal", is_primary=False)


@pytest.mark.parametrize(
    ("host", "surface", "has_isp"),
    [
        ("localhost", Surface.PLATFORM, False),
        ("app.localhost", Surface.DASHBOARD, False),
        ("portal.localhost", Surface.SHARED_PORTAL, False),
        ("wispmega.localhost", Surface.PORTAL, True),
        ("clientes.wispmega.example", Surface.PORTAL, True),
        ("sistema.wispmega.example", Surface.DASHBOARD, True),
        ("SISTEMA.wispmega.example.:8443", Surface.DASHBOARD, True),
    ],
)
def test_the_six_kinds_of_host(domains, isp, host, surface, has_isp):
    site = resolve(host)
    assert (site.surface, site.redirect_to) == (surface, "")
    assert (site.isp.pk if site.isp else None) == (isp.pk if has_isp else None)
    assert site.urlconf == f"core.urls.{surface}"


@pytest.mark.parametrize(
    ("host", "target"),
    [
        ("www.localhost", "localhost"),
        ("www.clientes.wispmega.example", "clientes.wispmega.example"),
        ("WWW.Sistema.wispmega.example:80", "sistema.wispmega.example"),
    ],
)
def test_the_www_twin_leads_to_the_host_without_it(domains, host, target):
    assert resolve(host).redirect_to == target


def test_a_domain_that_begins_with_www_itself_is_served_there(isp):
    with public_scope():
        Domain.objects.create(isp=isp, host="www.direct.example", surface="portal", verified_at=timezone.now())
    assert resolve("www.direct.example").redirect_to == ""
    with pytest.raises(UnknownHost):
        resolve("direct.example")


@pytest.mark.parametrize(
    "host",
    [
        "nobody.localhost",
        "unproved.example",
        "www.unproved.example",
        "www.wispmega.localhost",
        "a.wispmega.localhost",
        "www.app.localhost",
        "127.0.0.1",
        "[::1]",
        "localhost.evil.example",
        "wispmega.localhost.evil.example",
        "evilwispmega.localhost",
        "wispmega-localhost",
        *(f"{name}.localhost" for name in sorted(slugs.RESERVED - {"app", "portal", "www"})),
    ],
)
def test_all_else_is_unknown(domains, host):
    with pytest.raises(UnknownHost):
        resolve(host)


def test_a_warm_request_spends_no_sql(domains, isp, count_queries):
    hosts = ["localhost", "wispmega.localhost", "clientes.wispmega.example", "www.clientes.wispmega.example"]
    for host in hosts:
        resolve(host)
    with pytest.raises(UnknownHost):
        resolve("nobody.localhost")
    with count_queries() as queries:
        for host in hosts * 3:
            resolve(host)
        for _ in range(3):
            with pytest.raises(UnknownHost):
                resolve("nobody.localhost")
    assert len(queries) == 0


def test_a_flood_of_unknown_names_is_bounded_and_leaves_the_known_ones(isp, count_queries, monkeypatch):
    resolve("wispmega.localhost")
    asked = []
    monkeypatch.setattr(resolver, "_find", lambda name: asked.append(name))
    for number in range(50_000):
        with pytest.raises(UnknownHost):
            resolve(f"n{number}.flood.example")
    assert len(asked) == 50_000
    assert len(resolver._unknown) <= 10_000
    assert resolve("wispmega.localhost").isp.pk == isp.pk
    assert len(asked) == 50_000, "the flood pushed a real host out"


def test_names_that_are_no_names_never_reach_the_database(db, count_queries):
    with count_queries() as queries:
        for host in ["a" * 5000, "a..b", "x\x00y", "a.b:99999999", "ñ" * 3000]:
            with pytest.raises(UnknownHost):
                resolve(host)
    assert len(queries) == 0


def test_a_suspension_shows_on_all_hosts_of_the_isp(domains, isp):
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", is_operator=True)
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=operator)
    resolver.forget_all()
    assert resolve("wispmega.localhost").isp.is_suspended
    assert resolve("clientes.wispmega.example").isp.is_suspended
    assert not resolve("fibrandina.localhost").isp.is_suspended


def test_a_change_shows_after_seconds(isp, monkeypatch):
    with pytest.raises(UnknownHost):
        resolve("new.example")
    with public_scope():
        Domain.objects.create(isp=isp, host="new.example", surface="portal", verified_at=timezone.now())
    with pytest.raises(UnknownHost):
        resolve("new.example")
    import time

    now = time.monotonic()
    monkeypatch.setattr("core.caching.time.monotonic", lambda: now + timedelta(seconds=6).total_seconds())
    assert resolve("new.example").isp.pk == isp.pk


def test_caches_are_bounded():
    cache = TimedCache(seconds=60, size=3)
    for number in range(10):
        cache.put(str(number), number)
    assert len(cache) == 3
    assert cache.peek("9") == 9
    assert cache.peek("0") is None


@pytest.mark.parametrize("host", ["señal.mx", "xn--seal-hqa.mx"])
def test_a_domain_beside_the_main_one_leads_there_for_now(domains, isp, host):
    site = resolve(host)
    assert (site.isp.pk, site.redirect_to) == (isp.pk, "clientes.wispmega.example")
    assert not site.is_redirect_for_good


def test_without_a_main_domain_each_shows_the_portal(domains):
    with public_scope():
        Domain.objects.filter(host="clientes.wispmega.example").delete()
    assert resolve("señal.mx").redirect_to == ""
