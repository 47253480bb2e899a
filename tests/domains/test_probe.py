"""Opening a domain over our own edge: page and certificate, against real sockets."""

import socket
import ssl
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.scope import public_scope
from domains import probe
from domains.models import Claim, DnsTarget

HOST = "clientes.wispmega.example"


@pytest.fixture
def claim(isp):
    with public_scope():
        DnsTarget.objects.create(isp=isp)
        yield Claim.objects.create(isp=isp, host=HOST, surface="portal")


@contextmanager
def edge(settings, answer, context=None):
    """A server on loopback that answers each visit with the same bytes, over TLS where a context is given."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EDGE_CONNECT = f"127.0.0.1:{server.getsockname()[1]}"

        def serve():
            connection, _ = server.accept()
            with connection:
                try:
                    secured = context.wrap_socket(connection, server_side=True) if context else connection
                    secured.recv(4000)
                    secured.sendall(answer)
                    secured.close()
                except OSError:
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join(5)


def http(status, body):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


def certificate(folder, name, *, days):
    """A certificate that signs itself, and a context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    now, subject = datetime.now(UTC), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return str(file), context


def told(claim):
    return {check: (verdict.state, verdict.reason) for check, verdict in probe.examine(claim).items()}


def test_our_page_knows_the_host_it_is_asked_at(claim, at, isp):
    with public_scope():
        assert at("wispmega.localhost").get(probe.PATH).text == probe.mark("wispmega.localhost")
    assert probe.mark(HOST) != probe.mark("wispmega.localhost")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        ("200 OK", probe.mark, ("good", "found")),
        ("200 OK", lambda host: probe.mark("else.example"), ("bad", "other_page")),
        ("404 Not Found", lambda host: "nothing", ("bad", "other_page")),
        ("503 Service Unavailable", lambda host: "later", ("warning", "off_air")),
    ],
)
def test_the_page_over_http(settings, claim, status, body, expected):
    with edge(settings, http(status, body(HOST))):
        assert told(claim) == {"reachable": expected}


def test_an_edge_that_is_away_is_a_warning(settings, claim):
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EDGE_CONNECT = f"127.0.0.1:{server.getsockname()[1]}"
    settings.SECURE = True
    assert told(claim) == {"certificate": ("warning", "edge_away"), "reachable": ("warning", "edge_away")}


def test_nonsense_in_place_of_http_is_a_warning(settings, claim):
    with edge(settings, b"no such thing"):
        assert told(claim) == {"reachable": ("warning", "edge_away")}


@pytest.mark.parametrize(
    ("name", "days", "is_known", "expected"),
    [
        (HOST, 60, True, ("good", "valid")),
        (HOST, 5, True, ("warning", "expires_soon")),
        (HOST, -5, True, ("bad", "expired")),
        (HOST, 60, False, ("bad", "untrusted")),
        ("else.example", 60, True, ("bad", "untrusted")),
    ],
)
def test_the_certificate_is_looked_at_as_a_browser_does(settings, claim, tmp_path, name, days, is_known, expected):
    settings.SECURE = True
    file, context = certificate(tmp_path, name, days=days)
    settings.EDGE_CA_FILE = file if is_known else ""
    with edge(settings, http("200 OK", probe.mark(HOST)), context):
        seen = told(claim)
    assert seen["certificate"] == expected
    assert seen["reachable"] == (("waiting", "no_certificate") if expected[0] == "bad" else ("good", "found"))


def test_a_handshake_that_is_refused_waits_for_the_certificate(settings, claim):
    settings.SECURE = True
    with edge(settings, b"", None):
        assert told(claim) == {"certificate": ("waiting", "not_issued"), "reachable": ("waiting", "no_certificate")}
