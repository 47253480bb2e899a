"""The conversation with the server that mails come back to: whom it takes mails for, and how much of them."""

import smtplib
import socket
from contextlib import suppress
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from lab import returns as lab
from messaging.channels.base import Fate
from messaging.returns import server as module
from messaging.returns.addresses import Returned, complaints_address

MINE = Returned(7, UUID("6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d"))
OTHER = Returned(8, UUID("6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d"))
SENT = f"Message-ID: <{MINE.number}@x>\r\nX-Lastmile-Return: {MINE.key}\r\n\r\nHola.\r\n".encode()
REPORT = lab.delivery_report(SENT, final="ana@mail.example")


@pytest.fixture
def taken(monkeypatch):
    """What was written down: (mails, fate)."""
    calls = []

    def take(*, of, report, at):
        calls.append((list(of), report.fate))

    monkeypatch.setattr(module, "take_report", take)
    return calls


def client(running) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", running.port, timeout=10)


def test_a_report_at_the_address_of_its_mail_is_taken(serve, taken):
    with client(serve()) as there:
        assert there.sendmail("", [MINE.address.upper()], REPORT) == {}
    assert taken == [([MINE], Fate.BOUNCED)]


def test_the_mail_is_told_by_the_address_and_not_by_what_the_report_brings_back(serve, taken):
    with client(serve()) as there:
        there.sendmail("", [OTHER.address], REPORT)
    assert taken == [([OTHER], Fate.BOUNCED)]


def test_complaints_of_providers_are_told_by_our_key_in_them_alone(serve, taken):
    forged = SENT.replace(MINE.key[-4:].encode(), b"aaaa")
    with client(serve()) as there:
        there.sendmail("fbl@provider.example", [complaints_address()], lab.complaint(SENT))
        there.sendmail("fbl@provider.example", [complaints_address()], lab.complaint(forged))
    assert taken == [([MINE], Fate.COMPLAINED), ([], Fate.COMPLAINED)]


@pytest.mark.parametrize(
    "address",
    [
        "somebody@elsewhere.example",
        "postmaster@bounces.lastmile.example",
        MINE.key[:-1] + "@bounces.lastmile.example",
        MINE.key + "@elsewhere.example",
        MINE.key[:-4] + "aaaa@bounces.lastmile.example",
        MINE.key + "%elsewhere.example@bounces.lastmile.example",
    ],
)
def test_mails_for_others_are_refused_and_nothing_is_relayed(serve, taken, address):
    MINE.address  # noqa: B018 - a domain is set
    with client(serve()) as there:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as told:
            there.sendmail("", [address], REPORT)
        code, text = next(iter(told.value.recipients.values()))
        assert (code, text[:5]) == (550, b"5.1.1")
        there.rset()
        assert there.docmd("DATA")[0] == 503
    assert taken == []


def test_who_guesses_is_shown_out(serve, taken):
    with client(serve(strangers=3)) as there:
        there.ehlo()
        there.mail("")
        codes = [there.rcpt(f"r-{n}@bounces.lastmile.example")[0] for n in range(3)]
        assert codes == [550, 550, 421]
        with pytest.raises(smtplib.SMTPServerDisconnected):
            there.noop()


def test_a_mail_is_for_one_address(serve, taken):
    with client(serve()) as there:
        refused = there.sendmail("", [MINE.address, OTHER.address], REPORT)
    assert list(refused) == [OTHER.address]
    assert refused[OTHER.address][0] == 452
    assert taken == [([MINE], Fate.BOUNCED)]


def test_a_large_report_is_taken_and_one_beyond_the_limit_is_not(serve, taken):
    large = lab.delivery_report(SENT + b"QUJD\r\n" * 500_000, final="a@b.example", whole=True)
    running = serve(size=4 * 1024 * 1024)
    with client(running) as there:
        there.sendmail("", [MINE.address], large)
        # It says so at once when it is told, and at the end when it is not.
        with pytest.raises(smtplib.SMTPSenderRefused) as told:
            there.sendmail("", [MINE.address], large * 2)
        assert told.value.smtp_code == 552
        there.rset()
        there.mail("")
        there.rcpt(MINE.address)
        assert there.data(large * 2)[0] == 552
        there.sendmail("", [MINE.address], REPORT)
    assert taken == [([MINE], Fate.BOUNCED)] * 2


def test_long_lines_and_dots_do_no_harm(serve, taken):
    words = "x" * 100_000 + "\r\n.\r\n..\r\nend"
    with client(serve()) as there:
        there.sendmail("", [MINE.address], lab.delivery_report(SENT, final="a@b.example", words=words))
        assert there.noop()[0] == 250
    assert taken == [([MINE], Fate.BOUNCED)]


def test_without_a_database_the_sender_is_asked_to_come_again(serve, monkeypatch):
    def away(**what):
        raise OperationalError("gone")

    monkeypatch.setattr(module, "take_report", away)
    with client(serve()) as there, pytest.raises(smtplib.SMTPDataError) as told:
        there.sendmail("", [MINE.address], REPORT)
    assert told.value.smtp_code == 451


def test_a_fault_of_ours_loses_no_report_either(serve, monkeypatch):
    monkeypatch.setattr(module, "take_report", lambda **what: 1 / 0)
    with client(serve()) as there, pytest.raises(smtplib.SMTPDataError) as told:
        there.sendmail("", [MINE.address], REPORT)
    assert told.value.smtp_code == 451


def test_what_is_no_report_is_taken_and_forgotten(serve, taken):
    with client(serve()) as there:
        there.sendmail("", [MINE.address], lab.out_of_office("ana@mail.example"))
        there.sendmail("ana@mail.example", [MINE.address], b"Subject: Hola\r\n\r\n550 5.1.1\r\n")
    assert taken == []


def test_connections_have_an_end(serve, taken, monkeypatch):
    running = serve(connections=2)
    one, two = client(running), client(running)
    with pytest.raises(smtplib.SMTPConnectError) as told:
        client(running)
    assert told.value.smtp_code == 421
    two.quit()
    one.sendmail("", [MINE.address], REPORT)
    one.quit()
    assert taken == [([MINE], Fate.BOUNCED)]
    # Of one address even fewer, unless it is this machine's own.
    monkeypatch.setattr(module, "_network", lambda peer: "203.0.113.7")
    crowd = serve(of_one_address=1)
    first = client(crowd)
    with pytest.raises(smtplib.SMTPConnectError):
        client(crowd)
    first.quit()


def test_a_connection_of_an_address_is_counted_by_network():
    assert module._network(("203.0.113.7", 1)) == "203.0.113.7"
    assert module._network(("2001:db8:1:2:3::1", 1, 0, 0)) == "2001:db8:1:2::/64"
    assert module._network(("::ffff:203.0.113.7", 1, 0, 0)) == "203.0.113.7"
    assert module._network(("127.0.0.1", 1)) == module._network(("::1", 1, 0, 0)) == ""


def test_who_says_nothing_is_let_go(serve, taken):
    running = serve(idle=0.2)
    with socket.create_connection(("127.0.0.1", running.port), 10) as there:
        assert there.recv(100).startswith(b"220 bounces.lastmile.example")
        assert there.recv(100) == b""


def test_who_never_ends_a_mail_is_let_go(serve, taken):
    running = serve(session=0.3)
    with socket.create_connection(("127.0.0.1", running.port), 10) as there:
        said = there.makefile("rb")
        for line in (b"EHLO x", b"MAIL FROM:<>", b"RCPT TO:<%s>" % MINE.address.encode(), b"DATA"):
            there.sendall(line + b"\r\n")
        with suppress(ConnectionError):  # else the test's own patience ends
            while said.readline():
                there.sendall(b"x\r\n" * 100)
    assert taken == []


def test_so_many_mails_of_one_connection(serve, taken):
    with client(serve(mails=2)) as there:
        for _time in range(2):
            there.sendmail("", [MINE.address], REPORT)
        there.mail("")
        there.rcpt(MINE.address)
        assert there.docmd("DATA")[0] == 421
    assert len(taken) == 2


def test_the_command_tells_whether_one_runs(serve, capsys, settings):
    running = serve()
    call_command("receive_bounces", "--check", "--port", str(running.port))
    assert "It takes mails." in capsys.readouterr().out
    running.server._server.close()
    with pytest.raises(CommandError, match="Nobody answers"):
        call_command("receive_bounces", "--check", "--port", "9")
    settings.BOUNCE_DOMAIN = ""
    with pytest.raises(CommandError, match="BOUNCE_DOMAIN is not set"):
        call_command("receive_bounces")
