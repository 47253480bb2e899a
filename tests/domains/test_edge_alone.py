"""The project's Caddyfile in a real Caddy with a real authority; stand-ins are asked for permission and show pages."""

import os
import re
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from lab.authority import orders, self_signed
from lab.edge import CADDYFILE, Edge
from lab.visit import visit
from tests.domains import stand_ins
from tests.domains.stand_ins import PLATFORM, Permission, Web

pytestmark = [
    pytest.mark.xdist_group("edge"),
    pytest.mark.needs("caddy"),
    pytest.mark.needs("pebble"),
    pytest.mark.needs("pebble-challtestsrv"),
]
HOST, SLUG = "clientes.wispmega.example", f"wispmega.{PLATFORM}"
HOSTS = [f"d{number}.example" for number in range(12)]


@pytest.fixture
def webs():
    return [Web("one"), Web("two")]


@pytest.fixture
def permission():
    return Permission("permission", allowed={HOST, SLUG, PLATFORM, f"app.{PLATFORM}", *HOSTS})


@pytest.fixture
def edge(tmp_path, webs, permission):
    """`edge(settings={…})` starts one; it ends with the test."""
    with ExitStack() as stack:

        def start(**settings) -> Edge:
            made = stand_ins.edge(tmp_path, dict(os.environ), webs=webs, permission=permission, **settings)
            return stack.enter_context(made)

        yield start


def get(made: Edge, name: str, **more):
    return visit(made.ports["https"], name, root=more.pop("root", made.root), **more)


def names_in(certificate: bytes) -> list[str]:
    loaded = x509.load_der_x509_certificate(certificate)
    return loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )


def issuer(certificate: bytes) -> str:
    return x509.load_der_x509_certificate(certificate).issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_own_names_are_ordered_one_by_one_unless_the_operator_says_otherwise(edge, permission):
    made = edge()
    for name in (PLATFORM, f"app.{PLATFORM}", SLUG, HOST):
        assert names_in(get(made, name).certificate) == [name]
    with pytest.raises(ssl.SSLError):
        get(made, f"nobody.{PLATFORM}")
    assert len(orders(made.processes.log("authority"))) == 4
    for name, other in ((SLUG, HOST), (HOST, SLUG), (SLUG, f"app.{PLATFORM}")):
        assert get(made, name, host=other).status == 421
    assert set(permission.asked) == {PLATFORM, f"app.{PLATFORM}", SLUG, HOST, f"nobody.{PLATFORM}"}


def test_a_certificate_of_the_operators_own_serves_all_our_names_and_no_others(edge, permission, tmp_path):
    files = tmp_path / "own.key", tmp_path / "own.pem"
    self_signed([f"*.{PLATFORM}", PLATFORM], key=files[0], certificate=files[1])
    own = files[1].read_text()
    made = edge(
        settings={"EDGE_OWN_NAMES": "files", "EDGE_OWN_CERTIFICATE": str(files[1]), "EDGE_OWN_KEY": str(files[0])}
    )
    for name in (PLATFORM, f"app.{PLATFORM}", f"nobody.{PLATFORM}"):
        page = get(made, name, root=own)
        assert (names_in(page.certificate), page.status) == ([f"*.{PLATFORM}", PLATFORM], 200)
    assert permission.asked == []
    # ISPs' own domains still get theirs from the authority.
    assert names_in(get(made, HOST).certificate) == [HOST]
    assert len(orders(made.processes.log("authority"))) == 1
    with pytest.raises(ssl.SSLCertVerificationError):
        get(made, HOST, root=own)
    assert get(made, SLUG, root=own, host=HOST).status == 421
    assert get(made, HOST, host=SLUG).status == 421


def test_a_dns_challenge_needs_a_caddy_that_has_the_module():
    settings = {"EDGE_OWN_NAMES": "dns", "EDGE_OWN_DNS": "nosuchprovider a-token", "PLATFORM_DOMAIN": PLATFORM}
    command = ["caddy", "adapt", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    done = subprocess.run(command, env={**os.environ, **settings}, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    # The directive was read as meant: it is that module that is looked for.
    assert "dns.providers.nosuchprovider" in done.stderr


@pytest.mark.parametrize("sent", ["max-age=31536000; includeSubDomains", "max-age=0", None])
def test_whether_browsers_keep_to_https_is_what_the_web_process_says(edge, webs, sent):
    made = edge()
    for web in webs:
        web.headers = {"Strict-Transport-Security": sent} if sent else {}
    for name in (HOST, SLUG):
        assert get(made, name).header("Strict-Transport-Security") == sent


def test_http_leads_to_https_for_all_names_and_the_page_learns_that_it_came_by_https(edge):
    made = edge()
    for name in (HOST, SLUG, PLATFORM):
        with socket.create_connection(("127.0.0.1", made.ports["http"]), 10) as raw:
            raw.sendall(f"GET /a/?b=1&c=%C3%B1 HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = raw.recv(4000).decode()
        location = re.search(r"^Location: (\S+)\r$", answer, re.MULTILINE)
        assert re.fullmatch(rf"https://{re.escape(name)}(:\d+)?/a/\?b=1&c=%C3%B1", location.group(1))
        assert "; https." in get(made, name).text


def test_notices_are_shown_over_plain_http_on_all_names_and_nothing_else_is(edge):
    """A router can lead whoever is cut off to plain HTTP alone."""
    made = edge()
    for name in (HOST, SLUG):
        seen = over_http(made, name, "/notice/cut-off/?from=router")
        assert seen.startswith("HTTP/1.1 200 ")
        assert "; http." in seen
        assert "Location:" not in seen
        # The page hears what the router says of the line, and whom we saw ourselves.
        assert "Said: 10.20.0.10, 127.0.0.1;" in seen
        for path in ("/", "/noticeboard/", "/sign-in/?next=/notice/"):
            assert over_http(made, name, path).startswith("HTTP/1.1 308 ")


def over_http(made: Edge, name: str, path: str) -> str:
    with socket.create_connection(("127.0.0.1", made.ports["http"]), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nX-Forwarded-For: 10.20.0.10\r\n".encode())
        raw.sendall(b"Connection: close\r\n\r\n")
        got = b""
        while data := raw.recv(65536):
            got += data
    return got.decode(errors="replace")


@pytest.mark.long
def test_a_host_stays_with_its_web_process_until_that_is_not_well(edge, webs):
    made = edge()

    def place(host: str) -> str:
        return re.search(r"This is (\w+)", get(made, host).text).group(1)

    before = {host: place(host) for host in HOSTS}
    assert set(before.values()) == {"one", "two"}
    assert {host: place(host) for host in HOSTS * 2} == before
    sick = webs[0]
    sick.is_well = False
    moved = next(host for host, where in before.items() if where == "one")
    _until(lambda: place(moved) == "two")
    sick.asked.clear()
    assert {place(host) for host in HOSTS} == {"two"}
    assert sick.asked == []
    sick.is_well = True
    _until(lambda: {host: place(host) for host in HOSTS} == before)


@pytest.mark.parametrize(("burst", "at_once"), [("3", 3), ("100", 6)], ids=["limited", "control"])
def test_orders_beyond_the_limit_wait_for_the_next_interval(edge, tmp_path, burst, at_once):
    """The project's own limit is an hour's; what is tried here has a shorter one and the same text around it."""
    assert re.search(r"^\t\tinterval 1h\n\t\tburst 100$", CADDYFILE.read_text(), re.MULTILINE)
    made = edge(caddyfile=stand_ins.changed(tmp_path / "Caddyfile", interval="12s", burst=burst))
    began = time.monotonic()
    first = {name for name in HOSTS[:6] if _works(made, name)}
    if time.monotonic() - began < 10:
        assert first == set(HOSTS[:at_once])
        assert len(orders(made.processes.log("authority"))) == at_once
    _until(lambda: all(_works(made, name) for name in HOSTS[:6]), seconds=60)
    assert at_once == 6 or time.monotonic() - began > 11
    assert len(orders(made.processes.log("authority"))) == 6


@pytest.mark.long
def test_certificates_are_renewed_before_their_end_and_after_it_with_the_next_visit(edge):
    """The authority signs for seconds: Caddy asks the kernel, so there is no clock of its own that could be moved."""
    made = edge(valid_seconds=12)
    seen = set()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        page = get(made, HOST)
        assert page.status == 200
        seen.add(x509.load_der_x509_certificate(page.certificate).serial_number)
        time.sleep(0.2)
    assert len(seen) > 1
    time.sleep(13)
    page = get(made, HOST)
    assert x509.load_der_x509_certificate(page.certificate).serial_number not in seen
    assert issuer(page.certificate).startswith("Pebble Intermediate")


def test_names_that_have_certificates_are_served_by_an_edge_that_can_ask_nobody(edge, permission):
    made = edge()
    get(made, HOST)
    permission.allowed.clear()
    made.processes.stop("authority")
    made.processes.stop("caddy")
    made.start_caddy()
    assert get(made, HOST).status == 200
    with pytest.raises(ssl.SSLError):
        get(made, SLUG)


def _works(made: Edge, name: str) -> bool:
    try:
        return get(made, name).status == 200
    except OSError:
        return False


def _until(holds, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.2)
