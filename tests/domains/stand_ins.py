"""What stands behind the edge in tests of the edge alone: a permission process, and web processes with names."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from lab.edge import CADDYFILE, Edge

PLATFORM = "lastmile.example"


@dataclass
class StandIn(ABC):
    """A server on loopback: `asked` is what came, `headers` goes along, `is_well` is what health checks hear."""

    name: str
    allowed: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_well: bool = True

    @abstractmethod
    def answer(self, handler: BaseHTTPRequestHandler) -> tuple[int, str]:
        """Status and text."""

    @contextmanager
    def served(self) -> Iterator[int]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, text = stand_in.answer(self)
                self.send_response(status)
                for name, value in stand_in.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *what: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            server.server_close()


class Permission(StandIn):
    def answer(self, handler):
        name = parse_qs(urlsplit(handler.path).query)["domain"][0]
        self.asked.append(name)
        return (200 if name in self.allowed else 404), ""


class Web(StandIn):
    def answer(self, handler):
        if handler.path == "/health/live/":
            return (200 if self.is_well and handler.headers["Host"] == PLATFORM else 503), ""
        self.asked.append(handler.headers["Host"])
        said = handler.headers["X-Forwarded-For"]
        return 200, f"This is {self.name}; {handler.headers['X-Forwarded-Proto']}. Said: {said};"


@contextmanager
def edge(
    folder: Path, environment: dict[str, str], *, webs: list[Web], permission: Permission, **settings: object
) -> Iterator[Edge]:
    """Caddy and Pebble in earnest, in front of stand-ins. `settings` are those of Edge, the Caddyfile among them."""
    with ExitStack() as stack:
        ports = {"ask": stack.enter_context(permission.served())}
        more = {"PLATFORM_DOMAIN": PLATFORM, **settings.pop("settings", {})}
        made = Edge(folder, environment, more, ports=ports, **settings)
        made.webs = [stack.enter_context(web.served()) for web in webs]
        stack.callback(made.processes.stop_all)
        made.start_names()
        made.start_authority()
        made.start_caddy()
        yield made


def changed(path: Path, **parts: str) -> Path:
    """The project's own Caddyfile with other numbers: each name is the begin of a line, and must be there once."""
    lines = CADDYFILE.read_text().splitlines()
    for name, value in parts.items():
        places = [number for number, line in enumerate(lines) if line.strip().startswith(f"{name} ")]
        assert len(places) == 1, f"{name} is there {len(places)} times"
        lines[places[0]] = f"{name} {value}"
    path.write_text("\n".join(lines) + "\n")
    return path
