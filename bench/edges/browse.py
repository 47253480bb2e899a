"""People who browse: `python -m bench.edges.browse PORT ROOT.pem SECONDS PAUSE HOST…`, one at each host.

Each opens a connection, loads some pages with a pause between them, closes it and begins again. Prints as JSON the
milliseconds of each page (with the handshake for the first one of a connection), how often each path had which status,
what got no answer at all, and the certificates that each host showed.
"""

import hashlib
import http.client
import json
import random
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

PAGES = ["/sign-in/", "/static/tabler/css/tabler.min.css", "/sign-in/", "/static/js/copy.js", "/sign-in/"]


@dataclass
class Told:
    """What all of them saw together."""

    times: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)  # "path status"
    failed: list[str] = field(default_factory=list)  # got no answer
    certificates: dict[str, list[str]] = field(default_factory=dict)


class Visitor(threading.Thread):
    """One person at one host, until the time is over."""

    def __init__(self, port: int, context: ssl.SSLContext, host: str, *, until: float, pause: float, told: Told):
        super().__init__()
        self.port, self.context, self.host, self.until, self.pause, self.told = port, context, host, until, pause, told
        self.chance = random.Random(host)  # noqa: S311

    def run(self) -> None:
        time.sleep(self.chance.random() * self.pause)
        while time.monotonic() < self.until:
            try:
                self.sit()
            except (OSError, http.client.HTTPException) as error:
                self.told.failed.append(f"{self.host}: {type(error).__name__} {error}")
                time.sleep(self.pause)

    def sit(self) -> None:
        connection = None
        for path in PAGES:
            began = time.perf_counter()
            if connection is None:
                connection = self.connect()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            self.told.times.append((time.perf_counter() - began) * 1000)
            self.told.answers[f"{path} {answer.status}"] += 1
            if time.monotonic() > self.until:
                break
            time.sleep(self.pause * (0.5 + self.chance.random()))
        if connection is not None:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        raw = socket.create_connection(("127.0.0.1", self.port), 30)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as browsers do
        secured = self.context.wrap_socket(raw, server_hostname=self.host)
        mark = hashlib.sha256(secured.getpeercert(binary_form=True) or b"").hexdigest()
        seen = self.told.certificates.setdefault(self.host, [])
        if mark not in seen:
            seen.append(mark)
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.sock = secured
        return connection


def browse(port: int, root: str, hosts: list[str], *, seconds: float, pause: float) -> Told:
    """Let one visitor for each host browse for some time."""
    told, context, until = Told(), ssl.create_default_context(cadata=root), time.monotonic() + seconds
    people = [Visitor(port, context, host, until=until, pause=pause, told=told) for host in hosts]
    for person in people:
        person.start()
    for person in people:
        person.join()
    return told


def main() -> None:
    port, root, seconds, pause, *hosts = sys.argv[1:]
    told = browse(int(port), Path(root).read_text(), hosts, seconds=float(seconds), pause=float(pause))
    print(json.dumps(vars(told)))


if __name__ == "__main__":
    main()
