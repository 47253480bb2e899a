"""What each Host header gets, through the whole stack."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from core.scope import public_scope
from domains import resolver
from domains.models import Domain
from tenants.models import IspSuspension, StaffUser

NEUTRAL = {400: b"Bad request", 404: b"Nothing here", 503: b"Not available"}


def is_neutral(response, status):
    """The answer says nothing about who runs here, and sets nothing."""
    assert response.status_code == status
    assert NEUTRAL[status] in response.content
    text = response.content + str(response.headers).encode()
    for word in (b"Lastmile", b"WispMega", b"wispmega", b"Fibrandina", b"localhost"):
        assert word not in text
    assert not response.cookies
    return True


@pytest.fixture
def custom(isp):
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.example", surface="portal", verified_at=timezone.now())


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "wispmega.localhost,fibrandina.localhost",
        "wispmega.localhost fibrandina.localhost",
        "wispmega.localhost\tx",
        "wispmega.localhost\xa0",
        "wispmega.localhost\x00",
        "wispmega.localhost\x0b",
        "wispmega.localhost/",
        "x@wispmega.localhost",
        "wispmega.localhost?",
        "w\u00efspmega.localhost",
        "a" * 301,
    ],
)
def test_a_host_header_that_is_none_is_a_bad_request(at, isp, host):
    assert is_neutral(at(host).get("/sign-in/"), 400)


@pytest.mark.parametrize("host", ["nobody.localhost", "unknown.example", "127.0.0.1", "a.b:70000", "-", "a" * 200])
def test_unknown_hosts_get_a_neutral_page_for_any_path(at, isp, host):
    for path in ("/", "/sign-in", "/static/css/lastmile.css", "/install/wispmega/"):
        assert is_neutral(at(host).get(path), 404)
        assert is_neutral(at(host).post(path, {"next": "/"}), 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "fibrandina.localhost"},
        {"Forwarded": "host=fibrandina.localhost"},
        {"X-Host": "fibrandina.localhost"},
        {"X-Original-Host": "fibrandina.localhost"},
        {"X-Forwarded-Server": "fibrandina.localhost"},
        {"X-Rewrite-Url": "//fibrandina.localhost/"},
    ],
)
def test_no_forwarded_header_has_a_say(at, isp, other_isp, headers):
    plain = at("wispmega.localhost").get("/sign-in/")
    forged = at("wispmega.localhost").get("/sign-in/", headers=headers)
    assert forged.status_code == plain.status_code == 200
    assert b"WispMega" in forged.content
    assert b"Fibrandina" not in forged.content
    assert is_neutral(at("unknown.example").get("/", headers={**headers, "X-Forwarded-Host": "app.localhost"}), 404)


@pytest.mark.parametrize("host", ["WISPMEGA.localhost", "wispmega.localhost.", "wispmega.localhost:8000"])
def test_other_spellings_of_a_host_show_the_same_isp(at, isp, host):
    assert b"WispMega" in at(host).get("/sign-in/").content


def test_the_second_name_redirects_for_good_and_keeps_path_and_query(at, custom, settings):
    settings.PUBLIC_PORT = "8000"
    response = at("www.clientes.wispmega.example").get("/install/wispmega/?a=1&b=%C3%B1")
    assert response.status_code == 301
    assert response["Location"] == "http://clientes.wispmega.example:8000/install/wispmega/?a=1&b=%C3%B1"
    assert (
        at("www.clientes.wispmega.example")
        .get("//evil.example/")["Location"]
        .startswith("http://clientes.wispmega.example:8000/")
    )


def test_a_suspended_isp_is_away_on_its_hosts_and_nowhere_else(at, custom, isp, other_isp):
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", is_operator=True)
        suspension = IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=operator)
    for host in ("wispmega.localhost", "clientes.wispmega.example", "www.clientes.wispmega.example"):
        response = at(host).get("/sign-in/")
        assert is_neutral(response, 503)
        assert response["Retry-After"]
    assert is_neutral(at("portal.localhost").get("/install/wispmega/"), 503)
    assert b"Fibrandina" in at("fibrandina.localhost").get("/sign-in/").content
    with public_scope():
        IspSuspension.objects.filter(pk=suspension.pk).update(
            ended_at=timezone.now() + timedelta(seconds=1), ended_by=operator
        )
    resolver.forget_all()
    assert b"WispMega" in at("wispmega.localhost").get("/sign-in/").content


def test_a_database_that_is_down_gives_a_plain_page(at, isp, monkeypatch, caplog):
    def down(*args):
        raise OperationalError("the server closed the connection: secret-host")

    monkeypatch.setattr(resolver, "_find", down)
    response = at("wispmega.localhost").get("/sign-in/")
    assert is_neutral(response, 503)
    assert b"secret-host" not in response.content


def test_a_warm_host_with_a_path_that_leads_nowhere_spends_no_sql(at, isp, count_queries):
    client = at("wispmega.localhost")
    client.get("/nothing/here/")
    with count_queries() as queries:
        response = client.get("/nothing/here/")
    assert response.status_code == 404
    assert b"This page does not exist" in response.content
    assert len(queries) == 0


@pytest.mark.parametrize("path", ["/%00/", "/wispmega/settings/captcha/%00/", "/install/a%00b/"])
def test_a_zero_byte_in_a_path_is_refused_at_the_edge(at, path):
    page = at("app.localhost").get(path)
    assert page.status_code == 400
    assert "Bad request" in page.content.decode()
