"""What mails that come back say, in the forms in which servers write them."""

from uuid import UUID

import pytest

from lab import returns as lab
from messaging.channels.base import Fate
from messaging.returns import reports
from messaging.returns.addresses import Returned
from messaging.returns.reports import read

MINE = Returned(7, UUID("6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d"))
TO = "ana@mail.example"
SENT = (
    f"Message-ID: <{MINE.number}@wispmega.mx>\r\nX-Lastmile-Return: {MINE.key}\r\nTo: {TO}\r\n"
    "Subject: Su factura\r\n\r\nHola.\r\n"
).encode()


def fate(raw: bytes, **how) -> Fate | None:
    found = read(raw, **how)
    return found.fate if found else None


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", Fate.BOUNCED),
        ("5.1.2", "smtp; 550 5.1.2 no such domain", Fate.BOUNCED),
        ("5.1.10", "smtp; 556 5.1.10 null MX", Fate.BOUNCED),
        ("5.2.1", "smtp; 550 5.2.1 mailbox disabled", Fate.BOUNCED),
        ("5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=x.example", Fate.BOUNCED),
        ("5.4.4", "X-Postfix; unable to look up host", Fate.FAILED),
        ("5.0.0", "smtp; 550-5.1.1 The email account that you tried to reach does not exist", Fate.BOUNCED),
        ("5.0.0", "smtp; 550 No Such User Here", Fate.BOUNCED),
        ("5.0.0", "smtp; 550 administrative prohibition", Fate.FAILED),
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", Fate.FAILED),
        ("5.7.1", "smtp; 550 5.7.1 spam, no such user would send this", Fate.FAILED),
        ("4.4.7", "smtp; 451 4.4.7 delivery time expired", Fate.FAILED),
        ("5.1.1", "", Fate.BOUNCED),
    ],
)
def test_a_delivery_report_is_decided_by_its_code(status, said, expected):
    found = read(lab.delivery_report(SENT, final=TO, status=status, said=said))
    assert found.fate == expected
    assert found.said == (said.partition("; ")[2] or "I'm sorry to have to inform you that your message could not be "
                          "delivered.")  # fmt: skip
    assert (found.keys, found.numbers) == ([MINE], [MINE.number])


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_is_late_or_arrived_changes_nothing(action):
    assert read(lab.delivery_report(SENT, final=TO, status="4.4.1", action=action)) is None


def test_one_of_several_targets_that_was_reached_is_enough():
    raw = lab.delivery_report(SENT, final="one@else.example")
    other = b"\r\nFinal-Recipient: rfc822; two@else.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n"
    end = b"\r\n--4Yx/mx\r\nContent-Type: text/rfc822"
    both = raw.replace(end, other + end)
    assert both != raw
    assert read(both) is None


def test_a_complaint_is_one_and_other_feedback_is_none():
    found = read(lab.complaint(SENT, envelope_sender=f"{MINE.key}@bounces.lastmile.example"))
    assert (found.fate, found.said, found.keys) == (Fate.COMPLAINED, "abuse: Provider-Feedback/1.0", [MINE])
    assert fate(lab.complaint(SENT, kind="fraud")) == Fate.COMPLAINED
    assert fate(lab.complaint(SENT, kind="opt-out")) == Fate.OPTED_OUT
    for kind in ("not-spam", "auth-failure", ""):
        assert read(lab.complaint(SENT, kind=kind)) is None


def test_a_complaint_that_brings_headers_only_is_known_by_the_envelopes_sender():
    stripped = SENT.replace(b"X-Lastmile-Return", b"X-Gone").replace(b"Message-ID", b"X-Gone-Too")
    found = read(lab.complaint(stripped, envelope_sender=f"{MINE.key.upper()}@bounces.lastmile.example"))
    assert (found.keys, found.numbers) == ([MINE], [])


def test_answers_of_people_and_their_mailboxes_change_nothing():
    assert read(lab.out_of_office(TO)) is None
    assert read(lab.out_of_office(TO), null_sender=True) is None
    by_hand = b"From: Ana <ana@mail.example>\r\nSubject: Re: Su factura\r\n\r\n5.1.1 gracias, no such user\r\n"
    assert read(by_hand) is None
    assert read(b"") is None
    assert read(b"\0\xff" * 5000, null_sender=True) is None


def test_a_report_says_that_it_was_sent_by_itself_and_is_read_all_the_same():
    raw = lab.delivery_report(SENT, final=TO)
    assert b"Auto-Submitted: auto-replied" in raw
    assert fate(raw) == Fate.BOUNCED


def test_servers_that_keep_to_no_standard():
    old = read(lab.old_report(SENT, TO), null_sender=True)
    assert (old.fate, old.keys) == (Fate.BOUNCED, [MINE])
    assert "5.1.1" in old.said
    page = read(lab.page_report(SENT, TO))
    assert (page.fate, page.keys) == (Fate.BOUNCED, [MINE])
    assert page.said.startswith("550 5.1.10 Recipient not found")
    assert fate(lab.page_report(SENT, TO, said="554 5.7.1 spam")) == Fate.FAILED
    assert fate(lab.page_report(SENT, TO, said="Bienvenido")) is None


def test_words_in_other_alphabets_and_broken_ones():
    said = "smtp; 550 5.1.1 <ñandú@correo.example>: Usuario desconocido – 用户不存在\0"
    found = read(lab.delivery_report(SENT, final="ñandú@correo.example", said=said))
    assert found.fate == Fate.BOUNCED
    assert "Usuario desconocido" in found.said
    assert "\0" not in found.said
    latin = lab.delivery_report(SENT, final=TO, said="smtp; 550 5.1.1 buz\xf3n").replace("ó".encode(), b"\xf3")
    found = read(latin)
    assert found.fate == Fate.BOUNCED
    found.said.encode()


def test_a_report_for_the_addresses_of_the_world():
    raw = lab.delivery_report(SENT, final="用户@例子.example")
    assert fate(raw.replace(b"message/delivery", b"message/global-delivery")) == Fate.BOUNCED


@pytest.mark.parametrize(
    "broken",
    [
        lambda raw: raw.replace(b"--4Yx/mx--", b""),
        lambda raw: raw[: raw.index(b"text/rfc822-headers")],
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: raw.replace(b"charset=utf-8", b"charset=klingon"),
        lambda raw: raw.replace(b"Content-Transfer-Encoding: 8bit", b"Content-Transfer-Encoding: base64"),
    ],
)
def test_a_broken_report_is_read_as_far_as_it_goes(broken):
    raw = lab.delivery_report(SENT, final=TO)
    assert broken(raw) != raw
    assert fate(broken(raw)) == Fate.BOUNCED


def test_a_report_with_the_whole_mail_and_its_attachments():
    big = SENT + b"\r\n".join([b"QUJD" * 19] * 130_000)
    raw = lab.delivery_report(big, final=TO, whole=True)
    assert len(raw) > 10_000_000
    found = read(raw)
    assert (found.fate, found.keys) == (Fate.BOUNCED, [MINE])


HEAD = b"From: MAILER-DAEMON@x.example\nMIME-Version: 1.0\n"
DEEP = HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=a%d\n\n--a%d\n" % (n, n) for n in range(4000))
NESTED = HEAD + b"Content-Type: message/rfc822\n\n" * 8000
MANY = HEAD + b'Content-Type: multipart/report; boundary="a"\n\n' + b"--a\n\nx\n" * 40_000
FOLDED = HEAD + b"Content-Type: multipart/report" + b';\n x="' * 60_000 + b"\n\n5.1.1\n"
ONE_LINE = HEAD + b"Content-Type: multipart/report" + b';"' * 130_000 + b"\n\n5.1.1\n"
HEADERS = HEAD + b"a:\n" * 80_000 + b"\n5.7.1\n"
TAGS = HEAD + b"Content-Type: text/html\n\n" + b"<" * 200_000
SPACES = HEAD + b"\n" + b"user " * 50_000 + b"550 " * 100


@pytest.mark.parametrize("raw", [DEEP, NESTED, MANY, FOLDED, ONE_LINE, HEADERS, TAGS, SPACES])
def test_a_mail_that_is_made_to_be_hard_to_read_is_let_go(raw):
    found = read(raw, null_sender=True)
    assert found is None or found.fate == Fate.FAILED
    assert found is None or not found.keys


@pytest.mark.parametrize("raw", [DEEP, NESTED, MANY])
def test_without_bounds_the_parser_would_be_led_into_the_depth(raw, monkeypatch):
    """The control: what is refused before would be taken apart."""
    monkeypatch.setattr(reports, "NESTED", 10**9)
    monkeypatch.setattr(reports, "PARTS", 10**9)
    assert reports._tidy(raw) is not None


def test_which_mails_of_a_mailbox_are_worth_fetching():
    assert reports.may_be_report(lab.headers_of(lab.delivery_report(SENT, final=TO)))
    assert reports.may_be_report(lab.headers_of(lab.old_report(SENT, TO)))
    assert reports.may_be_report(b"Return-Path: <>\nFrom: x@y.example\nSubject: x\n")
    assert not reports.may_be_report(b"Return-Path: <ana@mail.example>\nFrom: Ana <ana@mail.example>\n")
