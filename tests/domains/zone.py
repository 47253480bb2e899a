"""An authoritative DNS server on loopback, whose zone a test changes as it goes."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dnslib import EDNS0, QTYPE, RCODE, RR, EDNSOption
from dnslib.server import BaseResolver, DNSLogger, DNSServer


class Zone(BaseResolver):
    """Records by name and kind. A name in `failing` gets SERVFAIL; one in `mute` no answer in time.

    A name in `bogus` gets SERVFAIL, too, as a resolver that checks signatures answers it: with the code given there
    (of RFC 8914; None is a resolver that gives none), and with the records for who asks not to check.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.failing: set[str] = set()
        self.mute: set[str] = set()
        self.bogus: dict[str, int | None] = {}
        self.port = 0

    def put(self, name: str, kind: str, *values: str) -> None:
        self.records[name, kind] = list(values)

    def drop(self, name: str, kind: str) -> None:
        self.records.pop((name, kind), None)

    def prove(self, claim) -> None:
        """Create the records that a claim asks for."""
        for record in claim.records:
            value = f'"{record.value}"' if record.kind == "TXT" else record.value + "."
            self.put(record.name, record.kind, value)

    def resolve(self, request, handler):
        name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
        reply = request.reply()
        if name in self.mute:
            time.sleep(0.6)
        if name in self.failing or name in self.mute:
            reply.header.rcode = RCODE.SERVFAIL
            return reply
        if name in self.bogus and not request.header.cd:
            reply.header.rcode = RCODE.SERVFAIL
            code = self.bogus[name]
            if code is not None and any(QTYPE[row.rtype] == "OPT" for row in request.ar):
                reply.add_ar(EDNS0(opts=[EDNSOption(15, struct.pack("!H", code))]))
            return reply
        if not any(known == name for known, _ in self.records):
            reply.header.rcode = RCODE.NXDOMAIN
            return reply
        for value in self.records.get((name, kind), []):
            reply.add_answer(*RR.fromZone(f"{name}. 60 {kind} {value}"))
        return reply


@contextmanager
def serve() -> Iterator[Zone]:
    zone = Zone()
    server = DNSServer(zone, address="127.0.0.1", port=0, logger=DNSLogger("-request,-reply,-error,-truncated"))
    zone.port = server.server.server_address[1]
    server.start_thread()
    try:
        yield zone
    finally:
        server.stop()
        server.server.server_close()
