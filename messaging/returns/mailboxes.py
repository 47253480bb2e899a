"""A mailbox of an ISP's own, by IMAP, looked through for reports about our mails.

It is somebody's mailbox: nothing in it is changed, not even what counts as read. How far it has been read is kept by
UID and UIDVALIDITY (RFC 3501). Of most mails four headers are looked at and forgotten; only what looks like a server's
report is fetched, and only its beginning. The server may be anybody's, so what it says has an end, too.
"""

import base64
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from messaging.channels.base import Away, SetupRefused
from messaging.channels.outside import NotOutside, connected
from messaging.channels.reasons import Reason, either
from messaging.returns import reports
from messaging.returns.reports import Report

TIMEOUT = 10.0  # seconds of one answer
LONGEST = 60.0  # seconds of one look
MOST = 24 * 1024 * 1024  # bytes of one look
AT_ONCE, FETCHED = 200, 50  # mails whose headers, and of which all, are looked at in one look
HEADERS = "BODY.PEEK[HEADER.FIELDS (FROM RETURN-PATH CONTENT-TYPE AUTO-SUBMITTED)]"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
UID = re.compile(rb"\bUID (\d+)")


@dataclass(frozen=True, slots=True)
class Place:
    """How far a mailbox has been read. Another `validity` is another mailbox of the same name."""

    validity: int = 0
    uid: int = 0


@dataclass
class Look:
    """What one look found. `is_all` says whether the end was reached."""

    place: Place
    reports: list[Report] = field(default_factory=list)
    is_all: bool = True


def check(values: Mapping[str, Any]) -> None:
    """Sign in and open the folder, to read only. Raises SetupRefused at the field, Away."""
    with _opened(values):
        pass


def look(values: Mapping[str, Any], place: Place, *, since: date) -> Look:
    """What has come since the last look; where there was none, since a day. Raises SetupRefused, Away."""
    with _opened(values) as (there, validity):
        known = place.uid if place.validity == validity else 0
        uids = _search(there, f"UID {known + 1}:*" if known else f"SINCE {_day(since)}")
        uids = sorted(uid for uid in uids if uid > known)
        found = Look(Place(validity, known), is_all=len(uids) <= AT_ONCE)
        fetched = 0
        headers = _headers(there, uids[:AT_ONCE])
        for uid in uids[:AT_ONCE]:
            if reports.may_be_report(headers.get(uid, b"")):
                if fetched == FETCHED:
                    found.is_all = False
                    return found
                fetched += 1
                if report := reports.read(_beginning(there, uid)):
                    found.reports.append(report)
            found.place = Place(validity, uid)
        return found


def _search(there: imaplib.IMAP4, what: str) -> list[int]:
    _status, data = _said(there.uid("SEARCH", *what.split()))
    return [int(each) for row in data if isinstance(row, bytes) for each in row.split() if each.isdigit()]


def _headers(there: imaplib.IMAP4, uids: Sequence[int]) -> dict[int, bytes]:
    if not uids:
        return {}
    return dict(_parts(there, ",".join(map(str, uids)), HEADERS))


def _beginning(there: imaplib.IMAP4, uid: int) -> bytes:
    return dict(_parts(there, str(uid), f"BODY.PEEK[]<0.{reports.READ}>")).get(uid, b"")


def _parts(there: imaplib.IMAP4, uids: str, what: str) -> Iterator[tuple[int, bytes]]:
    """(UID, literal): servers name the UID before the literal or behind it."""
    _status, data = _said(there.uid("FETCH", uids, f"(UID {what})"))
    for place, row in enumerate(data):
        if isinstance(row, tuple):
            behind = data[place + 1] if place + 1 < len(data) else b""
            match = UID.search(row[0]) or UID.search(behind if isinstance(behind, bytes) else b"")
            if match:
                yield int(match[1]), row[1]


def _said(answer: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
    status, data = answer
    if status != "OK":
        raise Away(_words(data))
    return status, data


def _day(day: date) -> str:
    """As IMAP writes days, whatever language the process speaks."""
    return f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"


@contextmanager
def _opened(values: Mapping[str, Any]) -> Iterator[tuple[imaplib.IMAP4, int]]:
    there: imaplib.IMAP4 | None = None
    try:
        with _in_our_words():
            there = _connected(values)
            validity = _entered(there, values)
            yield there, validity
    finally:
        if there is not None:
            with suppress(OSError, imaplib.IMAP4.error, ValueError):
                there.shutdown()


def _connected(values: Mapping[str, Any]) -> imaplib.IMAP4:
    host, port = str(values.get("imap_host", "")), int(values.get("imap_port") or 993)
    context = ssl.create_default_context()
    if values.get("imap_security") == "starttls":
        there = _Imap(host, port, timeout=TIMEOUT)
        try:
            there.starttls(context)
        except imaplib.IMAP4.error as error:
            there.shutdown()
            raise SetupRefused(Reason("no_starttls"), "imap_security") from error
        return there
    return _ImapTls(host, port, ssl_context=context, timeout=TIMEOUT)


def _entered(there: imaplib.IMAP4, values: Mapping[str, Any]) -> int:
    """Sign in, and open the folder to read only; its UIDVALIDITY."""
    try:
        there.login(str(values.get("imap_user", "")), str(values.get("imap_password", "")))
    except imaplib.IMAP4.abort:
        raise
    except (imaplib.IMAP4.error, UnicodeEncodeError) as error:
        raise SetupRefused(_words([str(error)]), "imap_password") from error
    status, data = there.select(f'"{_folder(str(values.get("imap_folder") or "INBOX"))}"', readonly=True)
    if status != "OK":
        raise SetupRefused(_words(data), "imap_folder")
    _name, rows = there.response("UIDVALIDITY")
    return next((int(row) for row in rows if isinstance(row, bytes) and row.isdigit()), 1)


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except NotOutside as error:
        raise SetupRefused(Reason("not_outside"), "imap_host") from error
    except ssl.SSLCertVerificationError as error:
        raise SetupRefused(Reason("bad_certificate"), "imap_host") from error
    except ssl.SSLError as error:
        raise SetupRefused(Reason("no_tls_here"), "imap_security") from error
    except socket.gaierror as error:
        raise SetupRefused(Reason("no_such_server"), "imap_host") from error
    except _TooMuch as error:
        raise Away(Reason("too_much")) from error
    except imaplib.IMAP4.error as error:
        raise Away(_words([str(error)])) from error
    except (OSError, ValueError, IndexError) as error:
        raise Away(_happened(error)) from error


def _words(data: Sequence[Any]) -> Reason:
    text = " ".join(each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in data if each)
    return either(text.replace("b'", "").rstrip("'"), "server_refused")


def _happened(error: Exception) -> Reason:
    if isinstance(error, TimeoutError):
        return Reason("no_answer_in_time")
    if isinstance(error, ConnectionRefusedError):
        return Reason("nobody_answers")
    if isinstance(error, ConnectionError):
        return Reason("hung_up")
    return Reason("call_failed", {"kind": type(error).__name__})


class _TooMuch(imaplib.IMAP4.abort):
    """The server goes on for too long, or says more than anybody reads."""


def _folder(name: str) -> str:
    """Its name as IMAP writes it (RFC 3501, 5.1.3), for quotes."""
    out, strange = [], ""
    for mark in [*name, ""]:
        if mark and not (" " <= mark <= "~"):
            strange += mark
            continue
        if strange:
            coded = base64.b64encode(strange.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            out.append(f"&{coded}-")
            strange = ""
        out.append({"&": "&-", '"': '\\"', "\\": "\\\\"}.get(mark, mark))
    return "".join(out)


class _Bounds:
    """Connects to judged addresses only, and ends what goes on for too long or says too much."""

    host: str
    port: int
    file: Any
    _left = MOST
    _until = 0.0
    _buffer = b""
    _of: Any = None

    def _create_socket(self, timeout: float | None) -> socket.socket:
        self._until = time.monotonic() + LONGEST
        return connected(self.host, self.port, timeout or TIMEOUT)

    def _more(self) -> bool:
        """Take what comes next; False at the end."""
        if self.file is not self._of:
            # After STARTTLS: what came before it counts for nothing.
            self._buffer, self._of = b"", self.file
        piece = self.file.read1(64 * 1024)
        self._left -= len(piece)
        if self._left < 0 or time.monotonic() > self._until:
            raise _TooMuch("The server said too much, or took too long.")
        self._buffer += piece
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def read(self, size: int) -> bytes:
        """A literal."""
        if size > self._left:
            raise _TooMuch("The server said too much.")
        while len(self._buffer) < size and self._more():
            pass
        return self._take(size)

    def readline(self) -> bytes:
        """A line with its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > 1_000_000:
                raise _TooMuch("The server said too much.")
            if not self._more():
                return self._take(len(self._buffer))
        return self._take(end + 1)


class _Imap(_Bounds, imaplib.IMAP4):
    """STARTTLS follows."""


class _ImapTls(_Bounds, imaplib.IMAP4_SSL):
    """TLS from the beginning."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self.ssl_context.wrap_socket(super()._create_socket(timeout), server_hostname=self.host)
