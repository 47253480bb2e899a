"""The server: the API with its keys and idempotency, the hosted page, and a door for who plays the world around it.

`/_lab/accounts` opens an account and gives its keys, `/_lab/faults` has the next calls fail, `/_lab/pay` does what a
person does on the hosted page, `/_lab/ring` sends an event again, `/_lab/mute` loses all that come.
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from lab.stripe import api, pages
from lab.stripe.books import Books, Ledger, Problem, Row
from lab.stripe.fields import is_true, parsed
from lab.stripe.money import Till
from lab.stripe.webhooks import Bell, shown


@dataclass
class Fault:
    """What goes wrong with the next `times` calls whose path begins so.

    `late` answers after the seconds; `never` does it and hangs up after them; `lost` does it and answers 500; `refused`
    answers 500 and does nothing.
    """

    method: str
    path: str
    kind: str
    times: int = 1
    seconds: float = 0.0


class StripeLab:
    """The server on a port of loopback, with its books."""

    def __init__(self, port: int = 0, file: Path | None = None) -> None:
        self.books = Books(file)
        self.faults: list[Fault] = []
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        lab = self

        class Handler(_Handler):
            pass

        Handler.lab = lab
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.bell = Bell(self.url)

    def start(self) -> None:
        self.bell.start()
        Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The fault of a call, which is used up by it."""
        for fault in self.faults:
            if fault.method == method and path.startswith(fault.path) and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def call(self, key: str, method: str, path: str, data: dict[str, Any], idempotency: str) -> tuple[int, Row]:
        """Do one call of the API once, however often it comes with the same idempotency key."""
        with self.books.lock:
            try:
                ledger = self.books.ledger(key)
            except Problem as problem:
                return problem.status, {"error": problem.error}
            self.calls.append((method, path, data))
            kept = ledger.answers.get(idempotency) if idempotency else None
            asked = {"method": method, "path": path, "data": data}
            if kept:
                if kept["asked"] != asked:
                    message = "Keys for idempotent requests can only be used with the same parameters."
                    return 400, {"error": {"type": "idempotency_error", "message": message}}
                return kept["status"], kept["answer"]
            status, answer = self._do(ledger, method, path, data)
            if idempotency and method == "POST":
                ledger.answers[idempotency] = {"asked": asked, "status": status, "answer": answer}
            if method != "GET":
                self.books.save()
            return status, answer

    def _do(self, ledger: Ledger, method: str, path: str, data: dict[str, Any]) -> tuple[int, Row]:
        till = Till(ledger, self.bell)
        wishes = data.pop("expand", [])
        try:
            row = api.call(till, method, path, data)
        except Problem as problem:
            return problem.status, {"error": problem.error}
        if row.get("object") == "list":
            inner = [wish.removeprefix("data.") for wish in wishes]
            return 200, row | {"data": [api.expanded(till, each, inner) for each in row["data"]]}
        return 200, json.loads(json.dumps(api.expanded(till, row, wishes)))

    def open_account(self, name: str, country: str, currency: str) -> Row:
        return self.books.open_account(name, country, currency)

    def pay(self, session: str, **entered: str) -> tuple[str, str]:
        """What a person does on the hosted page: where it leads, or what it says."""
        with self.books.lock:
            ledger = self.books.holder(session)
            if ledger is None:
                raise Problem(404, "No such page.")
            result = pages.pay(Till(ledger, self.bell), ledger.rows[session], entered)
            self.books.save()
            return result

    def end_voucher(self, intent: str, *, paid: bool) -> None:
        with self.books.lock:
            ledger = self.books.holder(intent)
            if ledger is None:
                raise Problem(404, "No such slip.")
            Till(ledger, self.bell).end_voucher(ledger.rows[intent], paid=paid)
            self.books.save()


class _Handler(BaseHTTPRequestHandler):
    lab: StripeLab
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_DELETE(self) -> None:
        self._handle("DELETE")

    def _handle(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        data = parsed(parts.query) | parsed(body)
        try:
            if parts.path.startswith("/v1/"):
                self._api(method, parts.path, data)
            elif parts.path.startswith("/_lab/"):
                self._json(200, DOORS[parts.path](self.lab, data))
            elif parts.path.startswith("/c/pay/"):
                self._hosted(method, parts.path.rpartition("/")[2], data)
            elif parts.path.startswith("/voucher/"):
                self._voucher(method, parts.path.rpartition("/")[2], data)
            else:
                self._json(404, {"error": {"message": "Nothing is here."}})
        except (Problem, KeyError) as problem:
            self._json(404, {"error": {"message": str(problem)}})

    def _api(self, method: str, path: str, data: dict[str, Any]) -> None:
        fault = self.lab.fault_of(method, path)
        if fault and fault.kind == "refused":
            self._json(500, {"error": {"type": "api_error", "message": "An unknown error occurred"}})
            return
        status, answer = self.lab.call(self._key(), method, path, data, self.headers.get("Idempotency-Key", ""))
        if fault and fault.seconds:
            time.sleep(fault.seconds)
        if fault and fault.kind == "never":
            self.close_connection = True
            return
        if fault and fault.kind == "lost":
            status, answer = 500, {"error": {"type": "api_error", "message": "An unknown error occurred"}}
        self._json(status, answer)

    def _key(self) -> str:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode().partition(":")[0]
        return value if kind == "Bearer" else ""

    def _hosted(self, method: str, number: str, data: dict[str, Any]) -> None:
        ledger = self.lab.books.holder(number)
        if ledger is None:
            raise Problem(404, "No such page.")
        till = Till(ledger, self.lab.bell)
        error = ""
        if method == "POST":
            address, error = self.lab.pay(number, **data)
            if address:
                self._to(address)
                return
        with self.lab.books.lock:
            session = api.end_if_due(till, ledger.rows[number])
            self._html(422 if error else 200, pages.form(till, session, error))

    def _voucher(self, method: str, number: str, data: dict[str, Any]) -> None:
        if method == "POST":
            self.lab.end_voucher(number, paid=data.get("end") == "paid")
        ledger = self.lab.books.holder(number)
        if ledger is None:
            raise Problem(404, "No such slip.")
        self._html(200, pages.voucher(Till(ledger, self.lab.bell), ledger.rows[number]))

    def _json(self, status: int, answer: Row) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _html(self, status: int, text: str) -> None:
        self._send(status, text.encode(), "text/html; charset=utf-8")

    def _to(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _accounts(lab: StripeLab, data: dict[str, Any]) -> Row:
    return lab.open_account(data["name"], data["country"], data["currency"])


def _faults(lab: StripeLab, data: dict[str, Any]) -> Row:
    numbers = {"times": int(data.get("times", 1)), "seconds": float(data.get("seconds", 0))}
    lab.faults.append(Fault(data.get("method", "POST"), data["path"], data["kind"], **numbers))
    return {"faults": len(lab.faults)}


def _pay(lab: StripeLab, data: dict[str, Any]) -> Row:
    session = data.pop("session")
    address, error = lab.pay(session, **data)
    return {"address": address, "error": error}


def _ring(lab: StripeLab, data: dict[str, Any]) -> Row:
    ledger = lab.books.holder(data["event"])
    if ledger is None:
        raise Problem(404, "No such event.")
    lab.bell.send(ledger, ledger.rows[data["event"]])
    return shown(ledger.rows[data["event"]])


def _mute(lab: StripeLab, data: dict[str, Any]) -> Row:
    lab.bell.is_muted = is_true(data["muted"])
    return {"muted": lab.bell.is_muted}


DOORS: dict[str, Callable[[StripeLab, dict[str, Any]], Row]] = {
    "/_lab/accounts": _accounts,
    "/_lab/faults": _faults,
    "/_lab/pay": _pay,
    "/_lab/ring": _ring,
    "/_lab/mute": _mute,
}
