"""STARTTLS at the server that mails come back to, with a certificate of the test's own."""

import asyncio
import os
import smtplib
import socket
import ssl

import pytest
from django.core.management import CommandError, call_command

from lab.authority import self_signed
from messaging.channels.base import Fate
from messaging.returns.encryption import Certificate
from tests.messaging.returns.test_server import MINE, OTHER, REPORT, client, taken  # noqa: F401 (a fixture)


@pytest.fixture
def files(tmp_path):
    """A certificate and its key."""
    found = tmp_path / "mx.pem", tmp_path / "mx.key"
    self_signed(["localhost", "127.0.0.1"], certificate=found[0], key=found[1])
    return found


@pytest.fixture
def trusting(files):
    return ssl.create_default_context(cafile=str(files[0]))


@pytest.fixture
def running(serve, files):
    return serve(certificate=Certificate(*files))


def test_a_report_comes_encrypted(running, taken, trusting):  # noqa: F811
    with client(running) as there:
        there.ehlo()
        assert there.has_extn("starttls")
        there.starttls(context=trusting)
        there.ehlo()
        assert not there.has_extn("starttls")
        assert there.sock.version() in {"TLSv1.2", "TLSv1.3"}
        for _time in range(2):
            there.sendmail("", [MINE.address], REPORT)
        assert there.docmd("STARTTLS")[0] == 503
        assert there.noop()[0] == 250
    assert taken == [([MINE], Fate.BOUNCED)] * 2


def test_who_does_not_ask_for_it_is_served_all_the_same(running, taken):  # noqa: F811
    with client(running) as there:
        there.sendmail("", [MINE.address], REPORT)
    assert taken == [([MINE], Fate.BOUNCED)]


def test_without_a_certificate_it_is_not_offered(serve):
    with client(serve()) as there:
        there.ehlo()
        assert not there.has_extn("starttls")
        assert there.docmd("STARTTLS")[0] == 502


def test_what_was_said_before_counts_for_nothing(running, taken, trusting):  # noqa: F811
    """Somebody on the way may have said it, even in the same packet (CVE-2011-0411)."""
    with socket.create_connection(("127.0.0.1", running.port), 10) as plain:
        plain.recv(200)
        plain.sendall(b"EHLO x\r\n")
        while b"250 HELP" not in plain.recv(4096):
            pass
        plain.sendall(b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\n" % OTHER.address.encode())
        said = b""
        while said.count(b"\r\n") < 2:
            said += plain.recv(4096)
        plain.sendall(b"STARTTLS\r\nNOOP\r\nNOOP\r\n")
        assert plain.recv(4096).startswith(b"220")
        with trusting.wrap_socket(plain, server_hostname="localhost") as secret:
            secret.sendall(b"DATA\r\n")
            assert secret.recv(200).startswith(b"503")  # not the answer to a NOOP
            secret.sendall(b"EHLO x\r\nDATA\r\n")
            said = b""
            while b"503" not in said:
                said += secret.recv(4096)
    assert taken == []


def test_who_breaks_it_off_keeps_no_place(running, taken):  # noqa: F811
    for last in (b"\x16\x03nonsense" * 20, b""):
        with socket.create_connection(("127.0.0.1", running.port), 10) as there:
            there.recv(200)
            there.sendall(b"EHLO x\r\n")
            there.recv(4096)
            there.sendall(b"STARTTLS\r\n")
            there.recv(200)
            there.sendall(last)
    with client(running) as there:
        there.sendmail("", [MINE.address], REPORT)
    assert taken == [([MINE], Fate.BOUNCED)]
    assert _places(running) == 0


def test_who_says_nothing_after_it_is_let_go(serve, files, trusting):
    with client(serve(certificate=Certificate(*files), idle=0.3)) as there:
        there.starttls(context=trusting)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            there.getreply()


def _places(running) -> int:
    """How many connections are open once the last one has been let go."""
    for _time in range(200):
        if not running.run(_open(running)):
            return 0
    return running.run(_open(running))


async def _open(running) -> int:
    await asyncio.sleep(0.02)
    return len(running.server.doors.open)


def _touched(path) -> None:
    seen = path.stat().st_mtime_ns
    os.utime(path, ns=(seen + 10**9, seen + 10**9))


def test_a_renewed_certificate_is_taken_up_and_half_a_one_is_not(files, tmp_path):
    certificate = Certificate(*files)
    first = certificate.context
    assert certificate.context is first
    self_signed(["localhost"], certificate=tmp_path / "new.pem", key=tmp_path / "new.key")
    files[0].write_bytes((tmp_path / "new.pem").read_bytes())
    _touched(files[0])
    assert certificate.context is first, "the key does not fit yet"
    files[1].write_bytes((tmp_path / "new.key").read_bytes())
    _touched(files[1])
    assert certificate.context is not first
    files[1].unlink()
    assert certificate.context is not None


def test_the_command_wants_both_files_and_says_what_is_wrong_with_them(settings, files, tmp_path):
    settings.BOUNCE_DOMAIN = "bounces.lastmile.example"
    settings.BOUNCE_CERTIFICATE = str(files[0])
    with pytest.raises(CommandError, match="both BOUNCE_CERTIFICATE and BOUNCE_KEY"):
        call_command("receive_bounces", "--port", "0")
    settings.BOUNCE_KEY = str(tmp_path / "none.key")
    with pytest.raises(CommandError, match="No such file"):
        call_command("receive_bounces", "--port", "0")
    (tmp_path / "none.key").write_text("no key")
    with pytest.raises(CommandError, match="cannot be used"):
        call_command("receive_bounces", "--port", "0")


def test_the_command_tells_whether_it_is_offered(running, capsys):
    call_command("receive_bounces", "--check", "--port", str(running.port))
    assert "encrypted where the sender can" in capsys.readouterr().out
