"""The server that mails come back to: SMTP for the addresses of the bounce domain, and for nothing else.

It stands on the open Internet, or behind the installation's own mail server. What it says yes to is signed by us; of a
mail it keeps the beginning only; connections, their time, their mails and their mistakes have an end. What it answers
250 to has been written down; without a database, or for an ISP that is off the air, it answers 451, and the sender
comes again. For an ISP that is gone for good it answers 550.
"""

import asyncio
import ipaddress
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from messaging.returns import reports
from messaging.returns.addresses import Returned, takes
from messaging.returns.encryption import Certificate
from messaging.services.returned import NobodysAnyMore, OffTheAir, take_report

logger = logging.getLogger(__name__)
LATER = "451 4.3.0 Please try again later"
AWAY = "451 4.2.1 Not taken at the moment, please try again later"
NOBODY = "550 5.1.1 No such address here"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of it anybody may have."""

    size: int = 12 * 1024 * 1024  # bytes of a mail
    connections: int = 100
    of_one_address: int = 10  # connections; /64 for IPv6. This machine's own mail server has no such limit.
    idle: float = 60.0  # seconds between two commands, and for a whole mail
    session: float = 600.0  # seconds
    mails: int = 50  # of one connection
    strangers: int = 5  # addresses that are not ours, of one connection


class Door(SMTP):
    """One connection."""

    command_size_limit = 1024
    line_length_limit = 8192

    def __init__(
        self, handler: "Handler", *, limits: Limits, doors: "Doors", certificate: Certificate | None = None
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=limits.size,
            enable_SMTPUTF8=True,
            hostname=settings.BOUNCE_DOMAIN or "localhost",
            ident="ESMTP",
            timeout=limits.idle,
            tls_context=certificate.context if certificate else None,
        )
        self.limits, self.doors = limits, doors
        self.mails, self.strangers = 0, 0
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Let it in, unless there are too many."""
        self.peer = _network(transport.get_extra_info("peername"))
        if not self.doors.enter(self, self.peer):
            transport.write(b"421 4.7.0 Too many connections, try again later\r\n")
            transport.close()
            self.peer = None
            return
        self._end = self.loop.call_later(self.limits.session, transport.abort)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits may have its place."""
        if self.peer is None:
            return
        self.doors.leave(self, self.peer)
        if self._end:
            self._end.cancel()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Nothing more comes."""
        return None if self.peer is None else super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Not from somebody who was not let in."""
        if self.peer is not None:
            super().data_received(data)

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Go on encrypted, and forget all that was said before (RFC 3207)."""
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
            return
        if self.tls_context is None:
            await self.push("502 5.5.1 Not offered here")
            return
        if self._tls_protocol:
            await self.push("503 5.5.1 Encrypted already")
            return
        await self.push("220 2.0.0 Ready to start TLS")
        plain: Any = self.transport
        # What came with the command was not encrypted, so somebody on the way may have written it.
        self._reader._buffer.clear()  # type: ignore[attr-defined]
        try:
            inner: Any = await self.loop.start_tls(
                plain, self, self.tls_context, server_side=True, ssl_handshake_timeout=self.limits.idle
            )
        except (OSError, TimeoutError) as error:
            plain.abort()
            raise asyncio.CancelledError from error  # nobody is there to be told anything
        self._original_transport, self._tls_protocol, self.transport = plain, inner, inner
        for each in (self._reader, self._writer):
            each._transport = inner  # type: ignore[attr-defined]
        self.session = self._create_session()
        self.session.peer, self.session.ssl = (
            inner.get_extra_info("peername"),
            {"cipher": inner.get_extra_info("cipher")},
        )
        self._set_rset_state()
        self._reset_timeout()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a mail, keep its beginning and count the rest."""
        if await self.check_helo_needed():
            return
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        self.mails += 1
        if self.mails > self.limits.mails:
            await self.push("421 4.7.0 Enough for one connection, come again")
            self.transport.close()
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        kept, size = await self._mail()
        self._reset_timeout()
        if size > self.limits.size:
            status = "552 5.3.4 Too much for a report"
        else:
            self.envelope.content = kept
            status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        await self.push(status)

    async def _mail(self) -> tuple[bytes, int]:
        """The first bytes of a mail, and how many it has."""
        kept, size, is_begin = bytearray(), 0, True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as error:
                line = await self._reader.read(error.consumed)
            if is_begin and line == b".\r\n":
                return bytes(kept), size
            size += len(line)
            if is_begin and line.startswith(b"."):
                line = line[1:]
            if len(kept) < reports.READ:
                kept += line
            is_begin = line.endswith(b"\r\n")


class Doors:
    """All connections."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open: set[Door] = set()
        self.by_peer: Counter[str] = Counter()

    def enter(self, door: Door, peer: str) -> bool:
        """Whether there is room."""
        if len(self.open) >= self.limits.connections or (peer and self.by_peer[peer] >= self.limits.of_one_address):
            return False
        self.open.add(door)
        self.by_peer[peer] += 1
        return True

    def leave(self, door: Door, peer: str) -> None:
        self.open.discard(door)
        self.by_peer[peer] -= 1
        if not self.by_peer[peer]:
            del self.by_peer[peer]

    def close(self) -> None:
        for door in list(self.open):
            if door.transport is not None:
                door.transport.close()


def _network(peer: Any) -> str:
    """Whose connection it is; empty for our own machine's."""
    ip = ipaddress.ip_address(str(peer[0]).partition("%")[0]) if peer else None
    if ip is None or ip.is_loopback:
        return ""
    if isinstance(ip, ipaddress.IPv6Address):
        mapped = ip.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((ip, 64), strict=False))
        return "" if mapped.is_loopback else str(mapped)
    return str(ip)


class Handler:
    """What it says to whom."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.pool = pool

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Door, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only addresses that we have made, one for each mail."""
        if not takes(address):
            server.strangers += 1
            if server.strangers >= server.limits.strangers:
                server.loop.call_soon(server.transport.close)
                return "421 4.7.0 Too many addresses that are not here"
            return NOBODY
        if envelope.rcpt_tos:
            return "452 4.5.3 One address for each mail"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_VRFY(self, server: Door, session: Session, envelope: Envelope, address: str) -> str:  # noqa: N802
        return "252 2.5.1 Cannot say"

    async def handle_DATA(self, server: Door, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Written down before it is answered."""
        mine, content, sender = takes(envelope.rcpt_tos[0]), envelope.content or b"", envelope.mail_from
        return await server.loop.run_in_executor(self.pool, _write_down, mine, bytes(content), not sender)

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours is no reason to lose a report."""
        logger.error("A report could not be taken: %s", type(error).__name__)
        return LATER


def _write_down(mine: Returned | bool, content: bytes, null_sender: bool) -> str:
    try:
        report = reports.read(content, null_sender=null_sender)
        if report is not None:
            of = [mine] if isinstance(mine, Returned) else report.keys
            take_report(of=of, report=report, at=timezone.now())
    except OffTheAir:
        return AWAY
    except NobodysAnyMore:
        if isinstance(mine, Returned):
            return NOBODY
        # The address of complaints is all ISPs', and whoever complains to it should go on doing so.
    except (OperationalError, InterfaceError):
        logger.error("The database cannot be reached.")
        return LATER
    except Exception:
        logger.exception("A report could not be written down")
        return LATER
    finally:
        connections.close_all()  # the next report may be hours away
    return "250 2.0.0 OK"


class Server:
    """Listens from `start` to `stop`, in a running event loop."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        limits: Limits | None = None,
        threads: int = 4,
        certificate: Certificate | None = None,
    ) -> None:
        self.host, self.port, self.limits = host, port, limits or Limits()
        self.certificate = certificate
        self.doors = Doors(self.limits)
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="returns")
        self.handler = Handler(self.pool)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Raises OSError if the port cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._door, self.host, self.port, backlog=self.limits.connections)
        self.port = self._server.sockets[0].getsockname()[1]

    def _door(self) -> Door:
        return Door(self.handler, limits=self.limits, doors=self.doors, certificate=self.certificate)

    async def stop(self) -> None:
        """Take nothing more, and finish what has been taken."""
        if self._server is not None:
            self._server.close()
        await asyncio.get_running_loop().run_in_executor(None, self.pool.shutdown)
        await asyncio.sleep(0.05)  # for the answers to what was being written down
        self.doors.close()
