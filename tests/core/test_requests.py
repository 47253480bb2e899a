"""One transaction a request, in the scope of its host."""

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client

from core.requests import outside_transaction
from core.scope import isp_scope, public_scope
from domains.resolver import Site
from subscribers.models import Zone
from tenants.models import ISP
from tests.core import pages


@pytest.fixture(autouse=True)
def _pages(monkeypatch):
    monkeypatch.setattr(Site, "urlconf", "tests.core.pages")
    pages.DONE.clear()


@pytest.fixture
def saved(isp):
    """The names of WispMega's zones."""

    def saved():
        with isp_scope(isp), transaction.atomic():
            return sorted(Zone.objects.values_list("name", flat=True))

    return saved


@pytest.fixture
def client_of(at):
    return at("wispmega.localhost", raise_request_exception=False)


@pytest.mark.parametrize(
    ("then", "status", "is_saved"),
    [
        ("fine", 200, True),
        ("again", 422, True),
        ("missing", 404, False),
        ("error", 500, False),
        ("broken", 500, False),
        ("away", 503, False),
    ],
)
def test_what_a_request_wrote_is_kept_only_if_it_ends_well(client_of, saved, then, status, is_saved):
    response = client_of.get(f"/write/{then}/")
    assert response.status_code == status
    assert saved() == (["written"] if is_saved else [])
    assert ("undone" in pages.DONE) is not is_saved
    assert b"Traceback" not in response.content


def test_a_request_runs_in_the_scope_of_its_host_alone(at, isp, other_isp, saved):
    at("fibrandina.localhost").get("/write/fine/")
    assert saved() == []
    with isp_scope(other_isp), transaction.atomic():
        assert Zone.objects.get().name == "written"
    # On the platform's hosts there is no table of zones.
    assert at("localhost", raise_request_exception=False).get("/write/fine/").status_code == 500


@pytest.mark.parametrize(
    ("then", "status", "expected"),
    [
        ("fine", 200, ["after", "before"]),
        ("late", 500, ["before"]),
        ("error", 500, ["before"]),
        ("nested", 500, []),
        ("query", 500, ["before"]),
    ],
)
def test_leaving_the_transaction_commits_what_came_before(committed, then, status, expected):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    try:
        response = Client(HTTP_HOST="wispmega.localhost", raise_request_exception=False).get(f"/outside/{then}/")
        with isp_scope(isp), transaction.atomic():
            names = sorted(Zone.objects.values_list("name", flat=True))
    finally:
        with isp_scope(isp), transaction.atomic():
            Zone.objects.all().delete()
    assert (response.status_code, names) == (status, expected)
    assert "in a transaction: True" not in pages.DONE
    assert not connection.in_atomic_block


def test_outside_of_a_request_no_outside_system_is_called_in_a_transaction(committed):
    with outside_transaction():
        pass
    with public_scope(), transaction.atomic(), pytest.raises(RuntimeError), outside_transaction():
        pass


@pytest.mark.parametrize("path", ["/idle/", "/nothing/", "/nothing"])
def test_what_needs_no_database_uses_none(at, isp, path, monkeypatch):
    client = at("wispmega.localhost")
    client.get("/remember/?word=x")
    assert client.cookies

    def refuse(*args, **kwargs):
        raise AssertionError("a statement was sent")

    monkeypatch.setattr("core.db.base.DatabaseWrapper.pin_scope", refuse)
    monkeypatch.setattr("core.requests.UnitOfWork.open", refuse)
    response = client.get(path)
    monkeypatch.undo()
    assert response.status_code == (200 if path == "/idle/" else 404)
    assert (b"idle False False" in response.content) == (path == "/idle/")
    assert "portal_session" not in response.cookies


def test_a_view_that_fails_without_database_still_gets_its_page(at, isp, monkeypatch):
    monkeypatch.setattr(pages, "HttpResponse", None)
    response = at("wispmega.localhost", raise_request_exception=False).get("/idle/")
    assert response.status_code == 500
    assert b"Something went wrong" in response.content


def test_the_redirect_to_the_trailing_slash_keeps_query_and_host(at, isp):
    client = at("wispmega.localhost")
    response = client.get("/recall?a=1&b=%C3%B1%26&c=+")
    assert (response.status_code, response["Location"]) == (301, "/recall/?a=1&b=%C3%B1%26&c=+")
    assert client.get("/write/a%3Fb%23c")["Location"] == "/write/a%3Fb%23c/"
    for path in ("//evil.example/x", "//evil.example", "/%2Fevil.example"):
        assert not client.get(path).get("Location", "").startswith("//")
    assert client.post("/recall", {"a": "1"}).status_code == 404


def test_a_database_that_cannot_be_reached_gives_a_plain_page(at, isp, monkeypatch):
    client = at("wispmega.localhost", raise_request_exception=False)
    client.get("/recall/")

    def down(self):
        raise OperationalError("connection to secret-host failed")

    monkeypatch.setattr("core.requests.UnitOfWork.open", down)
    response = client.get("/recall/")
    assert response.status_code == 503
    assert b"Not available" in response.content
    assert b"secret-host" not in response.content


def test_a_database_that_goes_away_on_the_way_gives_a_plain_page(at, isp, monkeypatch):
    client = at("wispmega.localhost", raise_request_exception=False)
    client.get("/remember/?word=x")

    from core.db.base import DatabaseWrapper

    pin_scope = DatabaseWrapper.pin_scope

    def down(self, sql="", **options):
        if "SELECT" in sql:
            raise OperationalError("connection to secret-host lost")
        return pin_scope(self, sql, **options)

    monkeypatch.setattr(DatabaseWrapper, "pin_scope", down)
    response = client.get("/recall/")
    monkeypatch.undo()
    assert response.status_code == 500
    assert b"Something went wrong" in response.content
    assert b"secret-host" not in response.content


def test_a_view_that_declares_no_access_opens_for_nobody(at, isp):
    response = at("wispmega.localhost").get("/undeclared/")
    assert response.status_code == 403
    assert b"open to all" not in response.content
