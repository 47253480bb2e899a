"""Which names may have a certificate, and what the edge is told when the database is away."""

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.scope import public_scope
from domains import edge, permission
from domains.models import Domain
from domains.permission import may_have_certificate


@pytest.fixture(autouse=True)
def domains(isp):
    permission.forget_all()
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.example", surface="portal", verified_at=timezone.now())
        Domain.objects.create(
            isp=isp,
            host="pagos.example",
            surface="portal",
            is_primary=False,
            verified_at=timezone.now(),
            www_seen_at=timezone.now(),
        )
        Domain.objects.create(isp=isp, host="unproved.example", surface="portal", is_primary=False)
    yield
    permission.forget_all()


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("portal.localhost", True),
        ("wispmega.localhost", True),
        ("clientes.wispmega.example", True),
        ("CLIENTES.wispmega.example.", True),
        ("www.clientes.wispmega.example", False),
        ("pagos.example", True),
        ("www.pagos.example", True),
        ("www.www.pagos.example", False),
        ("unproved.example", False),
        ("nobody.localhost", False),
        ("a.wispmega.localhost", False),
        ("wispmega.example", False),
        ("", False),
        ("*.wispmega.example", False),
        ("192.0.2.1", False),
        ("x" * 400, False),
        ("x;DROP", False),
    ],
)
def test_only_our_own_names_and_live_domains(name, allowed):
    assert may_have_certificate(name) is allowed


@pytest.mark.parametrize(
    "name",
    [
        "clientes.wispmega.example",
        "nobody.example",
        "wispmega.localhost",
        "www.nobody.example",
        "www.pagos.example",
        "www.clientes.wispmega.example",
    ],
)
def test_one_look_up_and_then_none(name):
    with CaptureQueriesContext(
        connection,
    ) as cold:
        may_have_certificate(name)
    with CaptureQueriesContext(connection) as warm:
        may_have_certificate(name)
    assert [len([q for q in each if "SELECT" in q["sql"]]) for each in (cold, warm)] == [1, 0]


@pytest.fixture(autouse=True)
def kept_connection(monkeypatch):
    """The test's transaction is on it."""
    monkeypatch.setattr(edge, "close_old_connections", lambda: None)


def answer(query):
    told = []
    edge.application({"QUERY_STRING": query}, lambda status, headers: told.append(status))
    return told[0]


def test_what_the_edge_is_told():
    assert answer("domain=clientes.wispmega.example") == "200 OK"
    assert answer("domain=nobody.example") == "404 Not Found"
    assert answer("") == "404 Not Found"


def test_while_the_database_is_away_names_known_before_stay_allowed(monkeypatch):
    assert may_have_certificate("clientes.wispmega.example")
    permission._answers.clear()

    def away(host):
        raise OperationalError

    monkeypatch.setattr(permission, "_look_up", away)
    assert answer("domain=clientes.wispmega.example") == "200 OK"
    assert answer("domain=wispmega.localhost") == "503 Service Unavailable"
