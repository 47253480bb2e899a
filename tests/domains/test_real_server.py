"""Odd requests to a real granian over a raw socket: each gets 400, or the page of exactly one site."""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
SITES = {b"WispMega": "wispmega.localhost", b"Fibrandina": "fibrandina.localhost"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url() -> str:
    of = connection.settings_dict
    person = f"{quote(of['USER'], safe='')}:{quote(of['PASSWORD'], safe='')}@" if of["USER"] else ""
    port = f":{of['PORT']}" if of["PORT"] else ""
    return f"postgresql://{person}{quote(of['HOST'], safe='')}{port}/{of['NAME']}"


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    """The port of a web server over the test database, which this test starts and stops."""
    port = free_port()
    log = tmp_path_factory.mktemp("granian") / "log"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "DATABASE_URL": database_url(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "--workers", "1", "core.wsgi:application"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        for _ in range(300):
            if process.poll() is not None:
                break
            try:
                ask(port, b"GET / HTTP/1.1\r\nHost: unknown.example\r\nConnection: close\r\n\r\n")
            except OSError:
                time.sleep(0.1)
            else:
                break
        assert process.poll() is None, log.read_text()
        yield port
    finally:
        process.terminate()
        process.wait(20)


def ask(port: int, request: bytes) -> bytes:
    """All that comes back until the server closes or is done."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        sock.sendall(request)
        sock.settimeout(5)
        got = b""
        try:
            while data := sock.recv(65536):
                got += data
        except TimeoutError:
            pass
    return got


def get(port: int, target: str, *headers: str, version: str = "1.1") -> bytes:
    lines = [f"GET {target} HTTP/{version}", *headers, "Connection: close", "", ""]
    return ask(port, "\r\n".join(lines).encode("latin-1"))


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else 0


def shown(answer: bytes) -> set[str]:
    """The sites whose name is in the answer."""
    return {host for name, host in SITES.items() if name in answer}


A, B = SITES.values()


def test_each_host_shows_its_own_site(server):
    for host in (A, B, f"{A.upper()}:{server}"):
        answer = get(server, "/sign-in/", f"Host: {host}")
        assert status(answer) == 200
        assert shown(answer) == {host.lower().partition(":")[0]}


@pytest.mark.parametrize(
    ("target", "headers", "version"),
    [
        (f"http://{B}/sign-in/", [f"Host: {A}"], "1.1"),
        (f"HTTP://{B}:80/sign-in/", [f"Host: {A}"], "1.1"),
        (f"http://user@{B}/sign-in/", [f"Host: {A}"], "1.1"),
        (f"//{B}/sign-in/", [f"Host: {A}"], "1.1"),
        ("/sign-in/", [f"Host: {A}", f"Host: {B}"], "1.1"),
        ("/sign-in/", [f"Host: {A}", f"host: {B}", f"HOST: {A}"], "1.1"),
        ("/sign-in/", [f"Host: {A}", f"Host: {A}"], "1.1"),
        ("/sign-in/", [f"Host: {A}, {B}"], "1.1"),
        ("/sign-in/", [f"Host: {A}", f" {B}"], "1.1"),
        ("/sign-in/", [f"Host : {B}", f"Host: {A}"], "1.1"),
        ("/sign-in/", [f"Host: {B}@{A}"], "1.1"),
        ("/sign-in/", [f"Host: {A}/{B}"], "1.1"),
        ("/sign-in/", [f"Host: {A}\xa0"], "1.1"),
        ("/sign-in/", [f"Host: {A}", f"X-Forwarded-Host: {B}", f"X_Forwarded_Host: {B}", f"HTTP_HOST: {B}"], "1.1"),
        ("/sign-in/", [], "1.1"),
        ("/sign-in/", ["Host:"], "1.1"),
        ("/sign-in/", [], "1.0"),
        ("/sign-in/", [f"Host: {A}"], "1.0"),
        (f"http://{B}/sign-in/", [], "1.0"),
        ("*", [f"Host: {A}"], "1.1"),
        ("sign-in/", [f"Host: {A}"], "1.1"),
        (f"/sign-in/?host={B}", [f"Host: {A}"], "1.1"),
    ],
)
def test_contradictions_never_mix_two_sites(server, target, headers, version):
    answer = get(server, target, *headers, version=version)
    sites = shown(answer)
    assert len(sites) <= 1
    if not sites:
        # Refused by the web server (which may just hang up) or by us, or a page of no site.
        assert status(answer) in {0, 400, 404, 405}
    assert not sites & {B} or headers == [], "the address in the request line won over the Host header"


@pytest.mark.parametrize("second", [A, B, "unknown.example"])
def test_two_host_headers_are_a_bad_request(server, second):
    answer = get(server, "/sign-in/", f"Host: {A}", f"Host: {second}")
    assert status(answer) == 400
    assert not shown(answer)


def test_a_request_without_host_is_a_bad_request(server):
    for version in ("1.0", "1.1"):
        assert status(get(server, "/sign-in/", version=version)) == 400


def test_the_host_header_decides_also_where_the_request_line_names_another_host(server):
    answer = get(server, f"http://{B}/sign-in/", f"Host: {A}")
    assert (status(answer), shown(answer)) == (200, {A})
    # Without a Host header the request line is all that names one.
    assert shown(get(server, f"http://{B}/sign-in/")) == {B}


def test_two_hosts_on_one_connection_get_their_own_pages(server):
    first = f"GET /sign-in/ HTTP/1.1\r\nHost: {A}\r\n\r\n"
    last = f"GET /sign-in/ HTTP/1.1\r\nHost: {B}\r\nConnection: close\r\n\r\n"
    answers = ask(server, (first + last).encode()).split(b"HTTP/1.1 ")[1:]
    assert [shown(answer) for answer in answers] == [{A}, {B}]


def test_a_redirect_stays_on_its_host(server):
    answer = get(server, "//evil.example/sign-in", f"Host: {A}")
    assert b"location: //" not in answer.lower()
    answer = get(server, "/sign-in?next=%2F&x=1", f"Host: {A}")
    assert status(answer) == 301
    assert b"location: /sign-in/?next=%2f&x=1\r\n" in answer.lower()
