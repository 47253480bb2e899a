"""A name server on loopback whose records are lines of a file: whoever edits the file changes the DNS at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import idna
from dnslib import QTYPE, RCODE, RR, DNSError, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

KINDS = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "TXT")
FAILS = "SERVFAIL"  # written instead of a kind: questions about the name get this answer
LONGEST_CHAIN = 10


class BadRecord(ValueError):
    """No record can be made of it. The text is one line for a person."""


@dataclass(frozen=True, order=True)
class Record:
    """A line of the file. `value` is as zone files write it, with dots at the end of names and quotes around texts."""

    name: str
    kind: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.kind} {self.value}".rstrip()


def record(name: str, kind: str, value: str = "") -> Record:
    """A record as people type it into the form of a provider. Raises BadRecord."""
    kind, name = kind.upper(), host(name)
    if kind == FAILS:
        return Record(name, kind)
    if kind not in KINDS:
        raise BadRecord(f"{kind} is none of {', '.join([*KINDS, FAILS])}.")
    value = value.strip()
    if not value.isprintable():
        raise BadRecord("A value is one line of text.")
    if kind == "TXT" and not value.startswith('"'):
        value = f'"{value}"'
    if kind in {"CNAME", "NS"}:
        value = f"{host(value)}."
    try:
        (_,) = RR.fromZone(f"{name}. 0 {kind} {value}")
    except (DNSError, ValueError, IndexError, KeyError, AttributeError, OSError) as error:
        raise BadRecord(f"“{value}” is no value of a {kind} record.") from error
    return Record(name, kind, value)


def host(text: str) -> str:
    """A name in its one form: small letters, A-labels, no dot at the end. Raises BadRecord."""
    name = text.strip().removesuffix(".").lower()
    try:
        labels = [label if label.isascii() else idna.encode(label, uts46=True).decode() for label in name.split(".")]
    except idna.IDNAError as error:
        raise BadRecord(f"“{text}” is no name.") from error
    if not all(0 < len(label) < 64 and label.isprintable() and not set(label) & set(" \"'()/\\;") for label in labels):
        raise BadRecord(f"“{text}” is no name.")
    return ".".join(labels)


class ZoneFile:
    """The records, read anew after each change of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = (0, 0)
        self._records: dict[str, list[Record]] = {}

    def records(self) -> list[Record]:
        return [Record(*line.split(" ", 2)) for line in self.path.read_text().splitlines() if line.strip()]

    def by_name(self) -> dict[str, list[Record]]:
        state = self.path.stat()
        if (state.st_mtime_ns, state.st_ino) != self._seen:
            found: dict[str, list[Record]] = {}
            for each in self.records():
                found.setdefault(each.name, []).append(each)
            self._records, self._seen = found, (state.st_mtime_ns, state.st_ino)
        return self._records

    @contextmanager
    def changed(self) -> Iterator[list[Record]]:
        """The records, to be changed; they are there once the block has ended."""
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = self.records() if self.path.exists() else []
            yield rows
            made = self.path.with_suffix(".new")
            made.write_text("".join(f"{each}\n" for each in sorted(set(rows))))
            os.replace(made, self.path)  # noqa: PTH105 - the one that is atomic, said as such

    def add(self, new: Record) -> None:
        """Raises BadRecord where a CNAME would not stand alone."""
        with self.changed() as rows:
            there = [each for each in rows if each.name == new.name and each != new]
            if there and "CNAME" in {new.kind, *(each.kind for each in there)} and new.kind != FAILS:
                raise BadRecord(f"A CNAME record stands alone. Remove first: {'; '.join(map(str, there))}")
            rows.append(new)

    def remove(self, name: str, kind: str = "", value: str = "") -> int:
        """Remove the records of a name, of one kind or with one value; how many."""
        name, kind = host(name), kind.upper()
        wanted = record(name, kind, value).value if value else ""
        with self.changed() as rows:
            gone = [
                each for each in rows if each.name == name and kind in {"", each.kind} and wanted in {"", each.value}
            ]
            rows[:] = [each for each in rows if each not in gone]
        return len(gone)


class Answers(BaseResolver):  # type: ignore[misc]
    """Authority of all zones and resolver in one: it follows CNAMEs, as a provider's resolver does for who asks it."""

    def __init__(self, zone: ZoneFile) -> None:
        self.zone = zone

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        asked, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        reply, name, records = request.reply(), asked, self.zone.by_name()
        for _ in range(LONGEST_CHAIN):
            rows = _at(records, name)
            if rows is None:
                reply.header.rcode = RCODE.NXDOMAIN
                break
            if any(each.kind == FAILS for each in rows):
                reply.header.rcode = RCODE.SERVFAIL
                break
            alias = next((each for each in rows if each.kind == "CNAME"), None)
            if alias is None or kind == "CNAME":
                _answer(reply, name, [each for each in rows if each.kind == kind])
                break
            _answer(reply, name, [alias])
            name = alias.value.rstrip(".")
        return reply


def _answer(reply: DNSRecord, name: str, rows: list[Record]) -> None:
    for each in rows:
        reply.add_answer(*RR.fromZone(f"{name}. 1 {each.kind} {each.value}"))


def _at(records: dict[str, list[Record]], name: str) -> list[Record] | None:
    """The records at a name, a wildcard's if it has none; None where there is no such name, nor one below."""
    if name in records:
        return records[name]
    if any(known.endswith(f".{name}") for known in records):
        return []
    labels = name.split(".")
    for start in range(1, len(labels)):
        if rows := records.get(".".join(["*", *labels[start:]])):
            return rows
        if ".".join(labels[start:]) in records:
            return None
    return None


@contextmanager
def served(zone: ZoneFile, port: int) -> Iterator[None]:
    """Answer questions at a port of loopback, by UDP and TCP. Raises OSError if it is taken."""
    quiet = DNSLogger("-request,-reply,-error,-truncated")
    servers = [
        DNSServer(Answers(zone), address="127.0.0.1", port=port, logger=quiet, tcp=is_tcp) for is_tcp in (False, True)
    ]
    for server in servers:
        server.start_thread()
    try:
        yield
    finally:
        for server in servers:
            server.stop()
            server.server.server_close()
