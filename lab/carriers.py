"""Carriers of messages on loopback, by HTTP: one server that answers as it is told, and misbehaves as gateways do."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

HTML = "<!DOCTYPE html><html><body><h1>Maintenance</h1><script>alert(1)</script></body></html>"


@dataclass
class Call:
    """A request that came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is answered."""

    status: int = 200
    data: Any = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0  # waited before

    @property
    def body(self) -> bytes:
        return (self.data if isinstance(self.data, str) else json.dumps(self.data)).encode()


def slow(seconds: float) -> Reply:
    """Takes it, and says so too late."""
    return Reply(200, {"status": "ok", "id": "late"}, seconds=seconds)


FAULTS = {
    "slow down": Reply(429, {"error": "rate"}, {"Retry-After": "7"}),
    "broken after": Reply(500, {"error": "internal"}),  # it was taken all the same
    "html": Reply(200, HTML, {"Content-Type": "text/html"}),
    "html 404": Reply(404, HTML, {"Content-Type": "text/html"}),
    "elsewhere": Reply(302, "", {"Location": "http://127.0.0.1:9/other"}),
    "keys": Reply(401, {"error": "unauthorized"}),
    "no": Reply(400, {"status": "error", "message": "Number is blocked"}),
}


class CarrierLab:
    """The server. `answer` makes the reply to a call; `faults` go before it, one for each call."""

    def __init__(self, port: int = 0) -> None:
        self.calls: list[Call] = []
        self.faults: list[str | Reply] = []
        self.taken: dict[str, str] = {}  # by key, for those that take a key once
        self.answer: Callable[[Call], Reply] = self.take
        self.lock = Lock()
        lab = self

        class Handler(_Handler):
            pass

        Handler.lab = lab
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def take(self, call: Call) -> Reply:
        """Take a message as gateways do, each time anew."""
        return Reply(200, {"status": "ok", "id": f"m-{len(self.calls)}"}, {"Content-Type": "application/json"})

    def reply(self, call: Call) -> Reply:
        with self.lock:
            self.calls.append(call)
            fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            return self.answer(call)
        return FAULTS[fault] if isinstance(fault, str) else fault

    def ring(self, url: str, said: dict[str, str], *, host: str = "", times: int = 1) -> list[int]:
        """Call back, perhaps more than once; the statuses that come."""
        statuses = []
        for _time in range(times):
            request = urllib.request.Request(url, urlencode(said).encode())  # noqa: S310
            if host:
                request.add_header("Host", host)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    statuses.append(answer.status)
            except urllib.error.HTTPError as error:
                statuses.append(error.code)
        return statuses


class _Handler(BaseHTTPRequestHandler):
    lab: CarrierLab
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Silent."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        reply = self.lab.reply(Call(self.command, parts.path, query, dict(self.headers), body))
        if reply.seconds:
            time.sleep(reply.seconds)
        try:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
        except OSError:
            self.close_connection = True  # who asked has gone

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815
