"""A message centre on loopback that speaks SMPP 3.4: it takes messages, sends receipts, and misbehaves when told to.

It is written on its own, not on the library that we send with, so that each checks the other.
"""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread, Timer

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x09, 0x04, 0x05, 0x06, 0x15
BINDS = {BIND, 0x01, 0x02}
ANSWER = 0x80000000
OK, ALREADY_BOUND, SYSTEM_ERROR, BAD_ADDRESS, BAD_PASSWORD, THROTTLED = 0x00, 0x05, 0x08, 0x0B, 0x0E, 0x58


@dataclass
class Segment:
    """What one submit_sm held."""

    sender: str
    to: str
    data: bytes
    coding: int
    is_part: bool
    wants_receipt: bool
    number: str

    @property
    def header(self) -> bytes:
        return self.data[: self.data[0] + 1] if self.is_part else b""

    @property
    def body(self) -> bytes:
        return self.data[len(self.header) :]


@dataclass
class SmppLab:
    """The centre. `faults` are statuses for the next submits, or "silent", "hang up", "garbage"."""

    system_id: str = "lastmile"
    password: str = "secret08"  # noqa: S105
    delay: float = 0.0  # seconds until a submit is answered; others are taken meanwhile
    allows: int = 0  # connections at once; 0: as many as come
    receipts: str = "at once"  # or "later": those wait for the next bind; or "never"
    faults: list[int | str] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    waiting: list[bytes] = field(default_factory=list)  # deliver_sm bodies for who binds next
    binds: int = 0
    bound: int = 0  # at the moment
    most: int = 0  # messages that were without an answer at one time
    unanswered: int = 0

    def __post_init__(self) -> None:
        self.lock = Lock()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.lines: list[socket.socket] = []
        self.is_over = False

    def start(self) -> None:
        Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.is_over = True
        self.server.close()
        for line in self.lines:
            line.close()

    def _accept(self) -> None:
        while not self.is_over:
            try:
                line, _from = self.server.accept()
            except OSError:
                return
            self.lines.append(line)
            Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        is_bound = False
        try:
            while True:
                command, _status, number, body = _read(line)
                if not self._do(line, command, number, body):
                    return
                is_bound = is_bound or command in BINDS
        except (OSError, EOFError, struct.error):
            return
        finally:
            self.bound -= is_bound
            line.close()

    def _do(self, line: socket.socket, command: int, number: int, body: bytes) -> bool:
        if command in BINDS:
            system_id, rest = _string(body)
            password, _rest = _string(rest)
            is_right = (system_id, password) == (self.system_id, self.password)
            status = OK if is_right else BAD_PASSWORD
            if is_right and self.allows and self.bound >= self.allows:
                is_right, status = False, ALREADY_BOUND
            self.bound += is_right
            _write(line, command | ANSWER, status, number, b"lab\0")
            self.binds += 1
            for text in self._taken() if is_right else []:
                _write(line, DELIVER, OK, 0x7000 + self.binds, text)
            return is_right
        if command == SUBMIT:
            return self._submitted(line, number, body)
        if command in {UNBIND, ENQUIRE}:
            _write(line, command | ANSWER, OK, number, b"")
            return command != UNBIND
        return True

    def _taken(self) -> list[bytes]:
        with self.lock:
            found, self.waiting = self.waiting, []
            return found

    def _submitted(self, line: socket.socket, number: int, body: bytes) -> bool:
        with self.lock:
            fault = self.faults.pop(0) if self.faults else OK
            segment = _segment(body, f"lab-{len(self.segments) + 1}")
            if fault in {OK, "silent", "hang up"}:
                self.segments.append(segment)
            self.unanswered += 1
            self.most = max(self.most, self.unanswered)
        if fault == "silent":
            return True
        if fault == "hang up":
            return False
        if fault == "garbage":
            line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        if self.delay:
            Timer(self.delay, self._answer, (line, number, segment, int(fault))).start()
        else:
            self._answer(line, number, segment, int(fault))
        return True

    def _answer(self, line: socket.socket, number: int, segment: Segment, status: int) -> None:
        # A receipt may overtake the answer, as it does in the wild.
        receipt = receipt_of(segment) if segment.wants_receipt and status == OK else b""
        with self.lock, suppress(OSError):
            self.unanswered -= 1
            if receipt and self.receipts == "at once":
                _write(line, DELIVER, OK, 0x6000, receipt)
            elif receipt and self.receipts == "later":
                self.waiting.append(receipt)
            _write(line, SUBMIT | ANSWER, status, number, segment.number.encode() + b"\0" if status == OK else b"")

    def text_of(self, first: int = 0) -> str:
        """The segments from one on, put together as a phone does it."""
        parts = sorted(self.segments[first:], key=lambda segment: segment.header)
        return b"".join(part.body for part in parts).decode("utf-16-be" if parts[0].coding == 8 else "latin-1")

    def answer_from(self, sender: str, text: str | bytes, *, coding: int = 0, header: bytes = b"") -> None:
        """Somebody writes back; it is brought to who binds next. `header` says which part of a long text it is."""
        data = text if isinstance(text, bytes) else text.encode("ascii")
        with self.lock:
            self.waiting.append(deliver(sender, header + data, esm_class=0x40 if header else 0, coding=coding))


def receipt_of(segment: Segment, state: str = "DELIVRD", error: str = "000") -> bytes:
    """What the centre says of a segment that has come to an end."""
    dates = "submit date:2603101200 done date:2603101201"
    text = f"id:{segment.number} sub:001 dlvrd:001 {dates} stat:{state} err:{error} text:x"
    return deliver(segment.to, text.encode("ascii"), esm_class=0x04)


def deliver(sender: str, data: bytes, *, esm_class: int, coding: int = 0) -> bytes:
    """The body of a deliver_sm."""
    head = b"\0" + b"\x01\x01" + sender.encode() + b"\0" + b"\x01\x01" + b"1234\0"
    return head + bytes((esm_class, 0, 0)) + b"\0\0" + bytes((0, 0, coding, 0, len(data))) + data


def _segment(body: bytes, number: str) -> Segment:
    _service, rest = _string(body)
    sender, rest = _string(rest[2:])
    to, rest = _string(rest[2:])
    esm_class, rest = rest[0], rest[3:]
    _schedule, rest = _string(rest)
    _validity, rest = _string(rest)
    registered, _replace, coding, _default, length = rest[:5]
    return Segment(sender, to, rest[5 : 5 + length], coding, bool(esm_class & 0x40), bool(registered & 1), number)


def _string(data: bytes) -> tuple[str, bytes]:
    text, _zero, rest = data.partition(b"\0")
    return text.decode("latin-1"), rest


def _read(line: socket.socket) -> tuple[int, int, int, bytes]:
    length, command, status, number = struct.unpack(">IIII", _exactly(line, 16))
    return command, status, number, _exactly(line, length - 16)


def _exactly(line: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = line.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _write(line: socket.socket, command: int, status: int, number: int, body: bytes) -> None:
    line.sendall(struct.pack(">IIII", 16 + len(body), command, status, number) + body)
