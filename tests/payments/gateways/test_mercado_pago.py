"""Mercado Pago's folder against a small fake over HTTP: what is sent, what is understood, what is refused."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from payments.gateways import open_gateway
from payments.gateways.base import Forged, Gateway, GatewayAway, Keys, KeysRefused, NotThere, Refused, State
from tests.payments.gateways.test_stripe import order

TOKEN = "APP_USR-1"


class Fake:
    """A Mercado Pago with one account, that knows preferences, payments and refunds."""

    def __init__(self) -> None:
        self.preferences: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.is_down = False
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                data = json.loads(self.rfile.read(length) or b"{}")
                status, answer = fake.answer(self.command, urlsplit(self.path), data, self.headers)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, method: str, parts: Any, data: dict[str, Any], headers: Any) -> tuple[int, dict[str, Any]]:
        if self.is_down:
            return 502, {}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "invalid access token"}
        key = headers.get("X-Idempotency-Key")
        if key in self.made:
            return 201, self.made[key]
        status, made = self.do(method, parts, data)
        if key and status == 201:
            self.made[key] = made
        return status, made

    def do(self, method: str, parts: Any, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        steps = parts.path.strip("/").split("/")
        if parts.path == "/users/me":
            return 200, {"id": 7, "nickname": "WISPMEGA", "site_id": "MLM", "tags": []}
        if parts.path == "/checkout/preferences":
            number = f"7-{len(self.preferences)}-abc"
            self.preferences[number] = data | {"id": number, "init_point": f"{self.url}/pay/{number}"}
            return 201, self.preferences[number]
        if parts.path == "/v1/payments/search":
            wanted = parse_qs(parts.query)["external_reference"][0]
            return 200, {"results": [p for p in self.payments.values() if p["external_reference"] == wanted]}
        if steps[:2] == ["checkout", "preferences"] and steps[2] in self.preferences:
            self.preferences[steps[2]].update(data)
            return 200, self.preferences[steps[2]]
        if steps[:2] == ["v1", "payments"] and steps[2] in self.payments:
            payment = self.payments[steps[2]]
            if steps[3:] == ["refunds"]:
                left = payment["transaction_amount"] - payment["transaction_amount_refunded"]
                if data["amount"] > left:
                    return 400, {"message": "amount is greater than what is left"}
                payment["transaction_amount_refunded"] += data["amount"]
                return 201, {"id": 900 + len(self.made), "status": "approved"}
            return 200, payment
        return 404, {"message": "not found"}

    def pay(self, number: str, status: str = "approved") -> str:
        """What a person does on the hosted page; gives the number of the payment."""
        wish = self.preferences[number]
        payment = str(5000 + len(self.payments))
        self.payments[payment] = {
            "id": int(payment),
            "status": status,
            "transaction_amount": wish["items"][0]["unit_price"],
            "transaction_amount_refunded": 0,
            "currency_id": wish["items"][0]["currency_id"],
            "external_reference": wish["external_reference"],
            "metadata": wish["metadata"],
            "live_mode": True,
            "payment_type_id": "credit_card",
            "fee_details": [{"amount": 17.49}],
        }
        return payment


@pytest.fixture
def fake(settings: object) -> Iterator[Fake]:
    server = Fake()
    settings.MERCADO_PAGO_API_BASE = server.url
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def gateway(fake: Fake) -> Gateway:
    return open_gateway("mercado_pago", Keys(TOKEN, "signs"))


def test_the_token_says_whose_it_is(gateway):
    holder = gateway.check_keys()
    assert (holder.account, holder.country, holder.currency, holder.is_live) == ("7", "MX", "MXN", True)
    with pytest.raises(KeysRefused):
        open_gateway("mercado_pago", Keys("other")).check_keys()


def test_a_payment_is_found_by_our_reference(gateway, fake):
    begun = gateway.begin(order(events_url="http://wispmega.localhost/gateways/mercado_pago/events/"))
    assert begun.address == f"{fake.url}/pay/{begun.number}"
    assert fake.preferences[begun.number]["notification_url"].endswith("/events/")
    before = gateway.read(begun.number)
    assert (before.state, before.amount, before.reference) == (State.OPEN, Decimal("499.50"), "a-reference")
    fake.pay(begun.number, "rejected")
    assert gateway.read(begun.number).state is State.OPEN
    fake.pay(begun.number, "in_process")
    assert gateway.read(begun.number).state is State.PROCESSING
    payment = fake.pay(begun.number)
    paid = gateway.read(begun.number)
    assert (paid.state, paid.payment, paid.amount, paid.isp) == (State.PAID, payment, Decimal("499.50"), "an-isp")
    assert paid.fee == Decimal("17.49")
    assert gateway.read(payment).payment == payment


def test_the_same_key_makes_one_page_and_one_refund(gateway, fake):
    begun = gateway.begin(order())
    assert gateway.begin(order()) == begun
    payment = fake.pay(begun.number)
    for _ in range(2):
        gateway.refund(payment, amount=Decimal("99.50"), currency="MXN", reference="r", key="r-1")
    assert gateway.read(payment).refunded == Decimal("99.50")
    with pytest.raises(Refused):
        gateway.refund(payment, amount=Decimal("499.50"), currency="MXN", reference="r", key="r-2")


def test_a_page_that_is_cancelled_is_over(gateway):
    begun = gateway.begin(order())
    gateway.cancel(begun.number)
    assert gateway.read(begun.number).state is State.EXPIRED


def test_what_is_away_and_what_is_not_there_differ(gateway, fake):
    with pytest.raises(NotThere):
        gateway.read("12345")
    fake.is_down = True
    with pytest.raises(GatewayAway):
        gateway.begin(order())


def headers(about: str, secret: str = "signs", at: int | None = None) -> dict[str, str]:  # noqa: S107
    ts = str(int(time.time()) if at is None else at)
    manifest = f"id:{about};request-id:r-1;ts:{ts};"
    signed = hmac.new(secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
    return {"x-signature": f"ts={ts},v1={signed}", "x-request-id": "r-1"}


def body(about: str, kind: str = "payment") -> bytes:
    return json.dumps({"id": 1, "live_mode": True, "type": kind, "data": {"id": about}}).encode()


def test_a_notification_names_the_payment_it_is_about(gateway):
    bell = gateway.verify_event(body("5000"), headers("5000"))
    assert (bell.event, bell.about, bell.is_live) == ("1", "5000", True)
    assert gateway.verify_event(body("5000", "plan"), headers("5000")).about == ""


@pytest.mark.parametrize(
    ("sent", "with_headers"),
    [
        (body("5000"), headers("5000", secret="other")),
        (body("5001"), headers("5000")),
        (body("5000"), headers("5000", at=1)),
        (body("5000"), {}),
        (b"[]", headers("5000")),
        (b"not json", headers("5000")),
    ],
)
def test_a_notification_that_is_not_theirs_is_refused(gateway, sent, with_headers):
    with pytest.raises(Forged):
        gateway.verify_event(sent, with_headers)


def test_without_a_secret_nothing_is_believed(fake):
    with pytest.raises(Forged):
        open_gateway("mercado_pago", Keys(TOKEN)).verify_event(body("5000"), headers("5000", secret=""))
