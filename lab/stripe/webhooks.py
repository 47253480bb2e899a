"""Events, and their delivery to the addresses that an account has registered: signed, and again until one answers."""

import hashlib
import hmac
import http.client
import json
import time
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from urllib.parse import urlsplit

from lab.stripe.books import Ledger, Row

PAUSES = (0.0, 1.0, 3.0, 10.0, 30.0, 60.0)  # seconds before each try


def shown(row: Row) -> Row:
    """An object as the API gives it, without what only the stand-in knows."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def signature(secret: str, body: bytes, at: int) -> str:
    """What stands in the header Stripe-Signature."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


class Bell:
    """Keeps the events of all accounts, and brings them to their addresses from a thread of its own."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.is_muted = False
        self._queue: Queue[tuple[float, int, Row, bytes]] = Queue()

    def start(self) -> None:
        Thread(target=self._deliver, daemon=True).start()

    def ring(self, ledger: Ledger, kind: str, row: Row) -> Row:
        """Write an event down, and send it to whoever asked for its kind."""
        event = ledger.add("event", type=kind, data={"object": shown(row)}, api_version="2026-10-28.endive")
        if not self.is_muted:
            self.send(ledger, event)
        return event

    def send(self, ledger: Ledger, event: Row) -> None:
        """Queue an event for delivery, also once more."""
        body = json.dumps(event, indent=2, sort_keys=True).encode()
        for endpoint in ledger.find("webhook_endpoint", status="enabled"):
            if event["type"] in endpoint["enabled_events"] or "*" in endpoint["enabled_events"]:
                self._queue.put((time.monotonic(), 0, endpoint, body))

    def _deliver(self) -> None:
        waiting: list[tuple[float, int, Row, bytes]] = []
        while True:
            with suppress(Empty):
                waiting.append(self._queue.get(timeout=0.1))
            now = time.monotonic()
            due = [each for each in waiting if each[0] <= now]
            waiting = [each for each in waiting if each[0] > now]
            for _, tries, endpoint, body in due:
                if not post(endpoint, body) and tries + 1 < len(PAUSES):
                    waiting.append((now + PAUSES[tries + 1], tries + 1, endpoint, body))


def post(endpoint: Row, body: bytes) -> bool:
    """Bring one event, and say whether it was taken. Only loopback and names below `localhost` are asked."""
    parts = urlsplit(endpoint["url"])
    host = parts.hostname or ""
    if host not in {"localhost", "127.0.0.1"} and not host.endswith(".localhost"):
        return True
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature(endpoint["_secret"], body, int(time.time())),
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    }
    connection = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
    try:
        connection.request("POST", parts.path, body, headers)
        return connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
