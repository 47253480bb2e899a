"""A session opens at the host where it began, and nowhere else."""

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction

from core.scope import isp_scope, public_scope
from core.sessions import SessionStore
from domains.models import Domain
from domains.resolver import Site
from subscribers.models import Zone


@pytest.fixture(autouse=True)
def _pages(monkeypatch):
    monkeypatch.setattr(Site, "urlconf", "tests.core.pages")


HOSTS = {
    "localhost": "platform_session",
    "app.localhost": "dashboard_session",
    "portal.localhost": "shared_portal_session",
    "wispmega.localhost": "portal_session",
    "clientes.wispmega.example": "portal_session",
    "fibrandina.localhost": "portal_session",
    "sistema.wispmega.example": "dashboard_session",
}


@pytest.fixture
def hosts(isp, other_isp):
    from django.utils import timezone

    with public_scope():
        for host, surface in (("clientes.wispmega.example", "portal"), ("sistema.wispmega.example", "dashboard")):
            Domain.objects.create(isp=isp, host=host, surface=surface, verified_at=timezone.now())


def carried(at, host, key):
    """A client that sends a session key under the name that this host reads."""
    client = at(host)
    client.cookies[HOSTS[host]] = key
    return client


@pytest.mark.parametrize("home", HOSTS)
def test_each_surface_has_its_own_host_only_cookie(at, hosts, home):
    response = at(home).get("/remember/?word=secret")
    assert list(response.cookies) == [HOSTS[home]]
    cookie = response.cookies[HOSTS[home]]
    assert (cookie["domain"], cookie["path"], cookie["httponly"], cookie["samesite"]) == ("", "/", True, "Lax")


@pytest.mark.parametrize("home", HOSTS)
def test_a_key_carried_to_another_host_opens_nothing(at, hosts, home):
    client = at(home)
    key = client.get("/remember/?word=secret").cookies[HOSTS[home]].value
    for host in HOSTS:
        expected = b"secret" if host == home else b"nothing"
        assert carried(at, host, key).get("/recall/").content == expected, f"{home} at {host}"
    assert client.get("/recall/").content == b"secret"


def test_a_row_copied_to_the_other_isp_opens_nothing_there(at, hosts, isp, other_isp):
    key = at("wispmega.localhost").get("/remember/?word=secret").cookies["portal_session"].value
    with isp_scope(isp):
        row = Session.objects.get(pk=key)
    with isp_scope(other_isp):
        Session(row.pk, row.session_data, row.expire_date).save(force_insert=True)
    assert carried(at, "fibrandina.localhost", key).get("/recall/").content == b"nothing"


def test_a_key_that_the_visitor_chose_is_not_taken(at, hosts):
    chosen = "a" * 32
    client = carried(at, "wispmega.localhost", chosen)
    response = client.get("/remember/?word=secret")
    assert response.cookies["portal_session"].value != chosen
    assert carried(at, "wispmega.localhost", chosen).get("/recall/").content == b"nothing"


def test_a_key_of_another_host_is_not_taken_over(at, hosts):
    key = at("app.localhost").get("/remember/?word=of-the-dashboard").cookies["dashboard_session"].value
    client = carried(at, "sistema.wispmega.example", key)
    taken = client.get("/remember/?word=mine").cookies["dashboard_session"].value
    assert taken != key
    assert carried(at, "app.localhost", key).get("/recall/").content == b"of-the-dashboard"


def test_sessions_of_a_portal_live_in_the_schema_of_its_isp(at, hosts, isp):
    at("wispmega.localhost").get("/remember/?word=x")
    at("app.localhost").get("/remember/?word=x")
    with isp_scope(isp):
        assert Session.objects.count() == 1
    with public_scope():
        assert Session.objects.count() == 1


def test_reading_makes_no_session_and_ending_one_removes_row_and_cookie(at, hosts, isp):
    client = at("wispmega.localhost")
    response = client.get("/recall/")
    assert not response.cookies
    assert "Cookie" in response["Vary"]
    client.get("/remember/?word=x")
    response = client.get("/forget/")
    assert response.cookies["portal_session"]["max-age"] == 0
    with isp_scope(isp):
        assert Session.objects.count() == 0


def test_a_session_ended_meanwhile_undoes_the_request(at, hosts, isp):
    client = at("wispmega.localhost")
    client.get("/remember/?word=x")
    response = client.get("/end-elsewhere/")
    assert response.status_code == 400
    with isp_scope(isp), transaction.atomic():
        assert Zone.objects.count() == 0


def test_a_failed_request_leaves_the_session_as_it_was(at, hosts, isp):
    client = at("wispmega.localhost", raise_request_exception=False)
    client.get("/remember/?word=old")
    client.get("/remember/")  # fails: no word
    assert client.get("/recall/").content == b"old"


def test_a_new_key_keeps_the_content_and_ends_the_old_one(isp):
    with isp_scope(isp), transaction.atomic():
        session = SessionStore(realm="portal:x")
        session["word"] = "kept"
        session.save()
        old = session.session_key
        session.cycle_key()
        assert session.session_key != old
        assert SessionStore(session.session_key, realm="portal:x").get("word") == "kept"
        assert SessionStore(old, realm="portal:x").get("word") is None
        assert SessionStore(session.session_key, realm="portal:y").get("word") is None
