"""A real edge: Caddy with the project's own Caddyfile, Pebble as certificate authority, two web processes, TLS."""

import os
import re
import socket
import ssl

import pytest
from django.utils import timezone

from core.scope import public_scope
from domains.models import Domain
from lab.edge import Edge
from lab.visit import visit
from tests.domains.test_real_server import ROOT, database_url

pytestmark = [
    pytest.mark.xdist_group("edge"),
    pytest.mark.needs("caddy"),
    pytest.mark.needs("pebble"),
    pytest.mark.needs("pebble-challtestsrv"),
]
HOST, OTHER, UNKNOWN = "clientes.wispmega.example", "fibrandina.lastmile.example", "unknown.example"


@pytest.fixture(scope="module")
def edge(django_db_setup, django_db_blocker, tmp_path_factory):
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "PLATFORM_DOMAIN": "lastmile.example",
        "PUBLIC_SCHEME": "https",
        "BEHIND_PROXY": "1",
        "SECRET_KEY": "x" * 60,
    }
    edge = Edge(tmp_path_factory.mktemp("edge"), environment, {"PLATFORM_DOMAIN": "lastmile.example"})
    with django_db_blocker.unblock(), public_scope():
        from tenants.models import ISP

        isp = ISP.objects.get(slug="wispmega")
        Domain.objects.filter(host=HOST).delete()
        Domain.objects.create(isp=isp, host=HOST, surface="portal", verified_at=timezone.now())
    try:
        edge.start_names()
        edge.start_authority()
        edge.start_permission()
        edge.start_web(2)
        edge.start_caddy()
        yield edge
    finally:
        edge.processes.stop_all()
        with django_db_blocker.unblock(), public_scope():
            Domain.objects.filter(host=HOST).delete()


def get(edge: Edge, name: str, *, host: str = "") -> tuple[int, str]:
    """Status and text of the sign-in page over TLS."""
    page = visit(edge.ports["https"], name, root=edge.root, host=host)
    return page.status, page.text


def test_a_live_domain_gets_its_certificate_with_the_first_visit_and_shows_its_portal(edge):
    status, text = get(edge, HOST)
    assert (status, "WispMega" in text) == (200, True)
    assert "Fibrandina" not in text


def test_an_unknown_name_gets_no_handshake_and_no_order(edge):
    with pytest.raises(ssl.SSLError):
        get(edge, UNKNOWN)
    get(edge, HOST)
    assert HOST in edge.processes.log("authority")
    assert UNKNOWN not in edge.processes.log("authority")


def test_a_host_header_that_disagrees_with_the_tls_name_is_misdirected(edge):
    assert get(edge, HOST, host=OTHER)[0] == 421
    assert get(edge, HOST, host=HOST.upper())[0] == 200


def test_plain_http_leads_to_https(edge):
    with socket.create_connection(("127.0.0.1", edge.ports["http"]), 10) as raw:
        raw.sendall(f"GET /sign-in/?a=1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = raw.recv(4000).decode()
    assert re.search(rf"^Location: https://{re.escape(HOST)}(:\d+)?/sign-in/\?a=1\r$", answer, re.M)


def test_without_the_permission_endpoint_and_half_of_the_web_issued_names_go_on(edge):
    get(edge, HOST)
    edge.processes.stop("permission")
    assert get(edge, HOST)[0] == 200
    with pytest.raises(ssl.SSLError):
        get(edge, OTHER)
    edge.processes.stop("web1")
    assert [get(edge, HOST)[0] for _ in range(4)] == [200] * 4
