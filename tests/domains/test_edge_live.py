"""A real edge: Caddy with the project's own Caddyfile, Pebble as certificate authority, two web processes, TLS."""

import ipaddress
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from core.scope import public_scope
from domains.models import Domain
from tests.domains.test_real_server import ROOT, database_url, free_port

pytestmark = [
    pytest.mark.xdist_group("edge"),
    pytest.mark.needs("caddy"),
    pytest.mark.needs("pebble"),
    pytest.mark.needs("pebble-challtestsrv"),
]
HOST, OTHER, UNKNOWN = "clientes.wispmega.example", "fibrandina.lastmile.example", "unknown.example"


class Edge:
    """Everything that is started, each with its log, and the root that signs the certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.running = folder, {}
        self.ports = {name: free_port() for name in ("http", "https", "acme", "manage", "dns", "ask", "web1", "web2")}
        self.root = ""

    def start(self, name, *command, **environment):
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=out
            )

    def stop(self, name):
        process = self.running.pop(name)
        process.terminate()
        process.wait(20)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait(self, *names):
        for name in names:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", self.ports[name]), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                pytest.fail(f"{name} does not listen: {[self.log(each)[-1500:] for each in self.running]}")

    def get(self, sni, path="/sign-in/", host=None):
        """Status and text of a page over TLS."""
        context = ssl.create_default_context(cadata=self.root)
        raw = socket.create_connection(("127.0.0.1", self.ports["https"]), 30)
        with raw, context.wrap_socket(raw, server_hostname=sni) as secured:
            secured.sendall(f"GET {path} HTTP/1.1\r\nHost: {host or sni}\r\nConnection: close\r\n\r\n".encode())
            got = b""
            while data := secured.recv(65536):
                got += data
        return int(got.split(b" ", 2)[1]), got.decode(errors="replace")


@pytest.fixture(scope="module")
def edge(django_db_setup, django_db_blocker, tmp_path_factory):
    edge = Edge(tmp_path_factory.mktemp("edge"))
    with django_db_blocker.unblock(), public_scope():
        from tenants.models import ISP

        isp = ISP.objects.get(slug="wispmega")
        Domain.objects.filter(host=HOST).delete()
        Domain.objects.create(isp=isp, host=HOST, surface="portal", verified_at=timezone.now())
    try:
        _start(edge)
        yield edge
    finally:
        for name in list(edge.running):
            edge.stop(name)
        with django_db_blocker.unblock(), public_scope():
            Domain.objects.filter(host=HOST).delete()


def _start(edge):
    ports, folder = edge.ports, edge.folder
    settings = {
        "DATABASE_URL": database_url(),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "PLATFORM_DOMAIN": "lastmile.example",
        "PUBLIC_SCHEME": "https",
        "BEHIND_PROXY": "1",
        "SECRET_KEY": "x" * 60,
    }
    granian = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--workers",
        "1",
        "--port",
    ]
    edge.start("ask", *granian, str(ports["ask"]), "domains.edge:application", **settings)
    for name in ("web1", "web2"):
        edge.start(name, *granian, str(ports[name]), "core.wsgi:application", **settings)
    off = [flag for kind in ("http01", "https01", "tlsalpn01") for flag in (f"-{kind}", "")]
    manage = ["-management", f"127.0.0.1:{free_port()}"]
    edge.start("names", "pebble-challtestsrv", *off, *manage, "-defaultIPv6", "", "-dns01", f"127.0.0.1:{ports['dns']}")
    key, certificate = _certificate(folder)
    config = {
        "pebble": {
            "listenAddress": f"127.0.0.1:{ports['acme']}",
            "managementListenAddress": f"127.0.0.1:{ports['manage']}",
            "certificate": str(certificate),
            "privateKey": str(key),
            "httpPort": ports["http"],
            "tlsPort": ports["https"],
        }
    }
    (folder / "pebble.json").write_text(json.dumps(config))
    pebble = ["pebble", "-config", str(folder / "pebble.json"), "-dnsserver", f"127.0.0.1:{ports['dns']}"]
    edge.start("acme", *pebble, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0")
    edge.wait("ask", "web1", "web2", "acme", "manage")
    trust = ssl.create_default_context(cafile=str(certificate))
    with urllib.request.urlopen(f"https://127.0.0.1:{ports['manage']}/roots/0", context=trust) as answer:
        edge.root = answer.read().decode()
    edge.start(
        "caddy", "caddy", "run", "--adapter", "caddyfile", "--config", "deploy/Caddyfile", **_caddy(edge, certificate)
    )
    edge.wait("https")


def _caddy(edge, certificate):
    ports = edge.ports
    return {
        "EDGE_HTTP_PORT": str(ports["http"]),
        "EDGE_HTTPS_PORT": str(ports["https"]),
        "EDGE_STORAGE": str(edge.folder / "storage"),
        "EDGE_AUTHORITY": f"acme_ca https://127.0.0.1:{ports['acme']}/dir\nacme_ca_root {certificate}",
        "EDGE_ASK": f"http://127.0.0.1:{ports['ask']}/",
        "EDGE_WEB": f"127.0.0.1:{ports['web1']} 127.0.0.1:{ports['web2']}",
        "PLATFORM_DOMAIN": "lastmile.example",
        "HOME": str(edge.folder),
        "XDG_CONFIG_HOME": str(edge.folder),
        "XDG_DATA_HOME": str(edge.folder),
    }


def _certificate(folder):
    """What the certificate authority itself shows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "authority.key", folder / "authority.pem"
    files[0].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files


def test_a_live_domain_gets_its_certificate_with_the_first_visit_and_shows_its_portal(edge):
    status, text = edge.get(HOST)
    assert (status, "WispMega" in text) == (200, True)
    assert "Fibrandina" not in text


def test_an_unknown_name_gets_no_handshake_and_no_order(edge):
    with pytest.raises(ssl.SSLError):
        edge.get(UNKNOWN)
    edge.get(HOST)
    assert HOST in edge.log("acme")
    assert UNKNOWN not in edge.log("acme")


def test_a_host_header_that_disagrees_with_the_tls_name_is_misdirected(edge):
    assert edge.get(HOST, host=OTHER)[0] == 421
    assert edge.get(HOST, host=HOST.upper())[0] == 200


def test_plain_http_leads_to_https(edge):
    with socket.create_connection(("127.0.0.1", edge.ports["http"]), 10) as raw:
        raw.sendall(f"GET /sign-in/?a=1 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = raw.recv(4000).decode()
    assert re.search(rf"^Location: https://{re.escape(HOST)}(:\d+)?/sign-in/\?a=1\r$", answer, re.M)


def test_without_the_permission_endpoint_and_half_of_the_web_issued_names_go_on(edge):
    edge.get(HOST)
    edge.stop("ask")
    assert edge.get(HOST)[0] == 200
    with pytest.raises(ssl.SSLError):
        edge.get(OTHER)
    edge.stop("web1")
    assert [edge.get(HOST)[0] for _ in range(4)] == [200] * 4
