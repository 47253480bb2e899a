"""Health, readiness, and the description of the interface."""

import pytest
from kombu import Connection

from api import health
from core.scope import public_scope
from core.sessions import cookie_name
from tests.conftest import HostClient
from tests.factories.tenants import PASSWORD, OperatorFactory


def test_life_needs_no_database():
    """Without the fixture `db` every statement, and every connection, raises."""
    browser = HostClient("localhost")
    browser.cookies[cookie_name("platform")] = "a-session-key"
    response = browser.get("/health/live/")
    assert response.json() == {"status": "live"}
    assert response["Cache-Control"] == "no-store"


def test_looking_signs_nobody_out(at):
    with public_scope():
        operator = OperatorFactory()
    browser = at("localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    answer = browser.get("/health/live/")
    assert cookie_name("platform") not in answer.cookies
    assert browser.get("/console/").status_code == 200


def test_ready_when_all_parts_answer(at):
    response = at("localhost").get("/health/ready/")
    assert response.json() == {"status": "ready", "parts": {"database": "ok", "cache": "ok", "broker": "ok"}}
    assert response.status_code == 200


def test_without_a_database_readiness_says_so(caplog):
    """Here the database is out of reach, since the fixture `db` is missing."""
    response = HostClient("localhost").get("/health/ready/")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not ready",
        "parts": {"database": "failing", "cache": "ok", "broker": "ok"},
    }


@pytest.mark.parametrize("part", ["database", "cache", "broker"])
def test_a_part_that_fails_is_named_and_nothing_else_is_told(at, monkeypatch, part):
    def fail() -> None:
        raise ConnectionError("canary at 10.9.8.7")

    monkeypatch.setitem(health.CHECKS, part, fail)
    response = at("localhost").get("/health/ready/")
    body = response.json()
    assert response.status_code == 503
    assert [name for name, state in body["parts"].items() if state == "failing"] == [part]
    assert "canary" not in response.content.decode()


def test_a_broker_that_is_away_is_found(at, monkeypatch):
    nobody = Connection("redis://127.0.0.1:1/0", connect_timeout=health.BROKER_SECONDS)
    monkeypatch.setattr(health.app, "connection_for_write", lambda **kwargs: nobody)
    assert at("localhost").get("/health/ready/").json()["parts"]["broker"] == "failing"


def test_a_cache_that_is_away_is_found(at, settings):
    from django.core.cache import caches

    old = caches["default"]
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": {}}}
    try:
        assert at("localhost").get("/health/ready/").json()["parts"]["cache"] == "failing"
    finally:
        caches["default"] = old


@pytest.mark.parametrize("host", ["app.localhost", "wispmega.localhost", "portal.localhost"])
def test_only_the_platforms_host_tells(at, isp, host):
    for path in ("/health/live/", "/health/ready/", "/api/schema/"):
        response = at(host).get(path)
        assert (response.status_code, b"status" in response.content.split(b"<body")[0]) == (404, False)


def test_only_get_is_answered(at):
    assert "not allowed" in at("localhost").post("/health/live/").json()["detail"]


def test_the_description_names_every_endpoint(at):
    response = at("localhost").get("/api/schema/")
    document = response.json()
    assert document["openapi"].startswith("3.")
    assert document["info"]["title"] == "Lastmile"
    assert set(document["paths"]) == {"/health/live/", "/health/ready/"}
    ready = document["paths"]["/health/ready/"]["get"]
    assert set(ready["responses"]) == {"200", "503"}
    reference = ready["responses"]["503"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert set(document["components"]["schemas"][reference]["properties"]) == {"status", "parts"}
