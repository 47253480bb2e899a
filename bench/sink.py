"""Where the messages of a benchmark arrive: a mail server, and a gateway that knows keys, both slow."""

import asyncio
import email
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

TAKES = 0.02  # seconds that each message takes there


class Sink:
    """Counts what arrives: of mails each Message-ID, of calls each key."""

    def __init__(self) -> None:
        self.mails: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.arrived: dict[str, float] = {}  # the moment, by address
        self.sessions = 0
        self.lock = threading.Lock()
        self.smtp_port, self.http_port = _free_port(), _free_port()

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: Any) -> Any:  # noqa: N802
        """A session begins."""
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """A mail arrives."""
        await asyncio.sleep(TAKES)
        self.mails[str(email.message_from_bytes(envelope.content)["Message-ID"])] += 1
        self.arrived.setdefault(envelope.rcpt_tos[0], time.time())
        return "250 OK"

    def call(self, key: str) -> str:
        """A call arrives; one with a key that was there before sends nothing."""
        time.sleep(TAKES)
        with self.lock:
            self.keys[key] += 1
        return key

    @property
    def known(self) -> set[str]:
        """The keys of the messages that arrived, by either way."""
        return {*self.keys, *(number.strip("<>").partition("@")[0] for number in self.mails)}

    @property
    def environment(self) -> dict[str, str]:
        """What a worker has to know."""
        return {
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.smtp_port),
            "BENCH_HTTP_PORT": str(self.http_port),
        }


@contextmanager
def sink() -> Iterator[Sink]:
    """Both servers, on loopback."""
    made = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = self.rfile.read(size)
            if len(body) < size:
                return  # Who called died between head and body: nothing was asked for.
            answer = made.call(body.decode()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *told: Any) -> None:
            pass

    smtp = Controller(made, hostname="127.0.0.1", port=made.smtp_port)
    gateway = ThreadingHTTPServer(("127.0.0.1", made.http_port), Handler)
    gateway.daemon_threads = True
    smtp.start()
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        gateway.shutdown()
        gateway.server_close()
        smtp.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
