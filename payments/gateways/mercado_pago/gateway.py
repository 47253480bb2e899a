"""Mercado Pago with the ISP's own access token: Checkout Pro by redirect, refunds, signed notifications."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from payments.gateways.base import (
    Begun,
    Doorbell,
    Endpoint,
    Field,
    Forged,
    Gateway,
    Holder,
    NotThere,
    Order,
    Reading,
    Refused,
    Returned,
    State,
)
from payments.gateways.mercado_pago.calls import call
from payments.gateways.minor import to_minor

MERCADO_PAGO_ITSELF = "https://api.mercadopago.com"
PAGES = [".com", ".com.ar", ".com.br", ".cl", ".com.co", ".com.mx", ".com.pe", ".com.uy"]
COUNTRIES = {"MLA": "AR", "MLB": "BR", "MLC": "CL", "MCO": "CO", "MLM": "MX", "MPE": "PE", "MLU": "UY"}
CURRENCIES = {"AR": "ARS", "BR": "BRL", "CL": "CLP", "CO": "COP", "MX": "MXN", "PE": "PEN", "UY": "UYU"}
STATES = {
    "approved": State.PAID,
    "authorized": State.PROCESSING,
    "pending": State.PROCESSING,
    "in_process": State.PROCESSING,
    "in_mediation": State.PAID,
    "rejected": State.OPEN,  # on the hosted page, another try is possible
    "cancelled": State.FAILED,
    "refunded": State.PAID,
    "charged_back": State.PAID,
}
# Of several tries for one order, the one that counts.
RANK = [State.OPEN, State.FAILED, State.PROCESSING, State.PAID]
SIGNED_FOR = 600  # seconds after which a notification is too old


def hosted_origins() -> list[str]:
    """Where its pages are: one host a country, or with its API, if that is not Mercado Pago's own."""
    if settings.MERCADO_PAGO_API_BASE != MERCADO_PAGO_ITSELF:
        return [settings.MERCADO_PAGO_API_BASE]
    return [f"https://www.mercadopago{ending}" for ending in PAGES]


class MercadoPagoGateway(Gateway):
    name = "mercado_pago"
    title = "Mercado Pago"
    fields = [
        Field("secret", _("Access token"), _("In Mercado Pago: Your integrations, production credentials.")),
        Field(
            "webhook_secret",
            _("Secret signature"),
            _("In Mercado Pago: Your integrations, Webhooks. Add the address shown on this page there, for payments."),
        ),
    ]
    hosts = staticmethod(hosted_origins)

    def check_keys(self) -> Holder:
        me = call(self.keys.secret, "GET", "/users/me")
        country = COUNTRIES.get(str(me.get("site_id", "")), str(me.get("country_id", "")))
        return Holder(
            account=str(me["id"]),
            name=str(me.get("nickname") or me["id"]),
            country=country,
            currency=CURRENCIES.get(country, ""),
            is_live="test_user" not in me.get("tags", []) and not self.keys.secret.startswith("TEST-"),
        )

    def register_webhook(self, address: str) -> Endpoint:
        """Each order names the address itself; the secret is what staff have pasted."""
        return Endpoint("by order", self.keys.webhook_secret)

    def verify_event(self, body: bytes, headers: Mapping[str, str]) -> Doorbell:
        try:
            event = json.loads(body)
            about = str(event["data"]["id"])
        except (ValueError, KeyError, TypeError) as error:
            raise Forged("This is no notification.") from error
        parts = dict(part.strip().split("=", 1) for part in headers.get("x-signature", "").split(",") if "=" in part)
        at = self._moment(parts.get("ts", ""))
        manifest = f"id:{about.lower()};request-id:{headers.get('x-request-id', '')};ts:{parts.get('ts', '')};"
        due = hmac.new(self.keys.webhook_secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
        if not self.keys.webhook_secret or not hmac.compare_digest(due, parts.get("v1", "")):
            raise Forged("The signature does not fit.")
        if abs((datetime.now(UTC) - at).total_seconds()) > SIGNED_FOR:
            raise Forged("The notification is too old.")
        kind = str(event.get("type", ""))
        return Doorbell(
            event=str(event.get("id", "")) or f"{about}:{parts['ts']}",
            kind=kind,
            about=about if kind == "payment" else "",
            is_live=bool(event.get("live_mode", True)),
            at=at,
        )

    def _moment(self, text: str) -> datetime:
        if not text.isdigit():
            raise Forged("The signature says no time.")
        number = int(text)
        return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)

    def begin(self, order: Order) -> Begun:
        wish: dict[str, Any] = {
            "items": [
                {
                    "id": order.reference,
                    "title": order.title,
                    "quantity": 1,
                    "currency_id": order.currency,
                    "unit_price": _number(order.amount, order.currency),
                }
            ],
            "external_reference": order.reference,
            "metadata": {"isp": order.isp, "reference": order.reference},
            "back_urls": {"success": order.paid_url, "pending": order.paid_url, "failure": order.back_url},
            "notification_url": order.events_url,
        }
        if order.email:
            wish["payer"] = {"email": order.email}
        if order.lasts_until:
            wish |= {"expires": True, "expiration_date_to": order.lasts_until.isoformat(timespec="milliseconds")}
        made = call(self.keys.secret, "POST", "/checkout/preferences", key=order.key, json=wish)
        return Begun(str(made["id"]), str(made["init_point"]))

    def read(self, number: str, *, reference: str = "") -> Reading:
        """By the number of a payment, which is digits, or by that of a preference with our reference."""
        if number.isdigit():
            return _reading(number, call(self.keys.secret, "GET", f"/v1/payments/{number}"))
        preference = call(self.keys.secret, "GET", f"/checkout/preferences/{number}")
        wanted = str(preference.get("external_reference") or reference)
        found = call(self.keys.secret, "GET", "/v1/payments/search", params={"external_reference": wanted})
        tries = [_reading(number, row) for row in found.get("results", [])]
        unpaid = _unpaid(number, wanted, preference)
        best = max(tries, key=lambda each: RANK.index(each.state), default=unpaid)
        is_over = best.state is State.OPEN and unpaid.state is State.EXPIRED
        return replace(best, state=State.EXPIRED) if is_over else best

    def cancel(self, number: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        wish = {"expires": True, "expiration_date_to": now}
        call(self.keys.secret, "PUT", f"/checkout/preferences/{number}", json=wish)

    def refund(self, payment: str, *, amount: Decimal, currency: str, reference: str, key: str) -> Returned:
        wish = {"amount": _number(amount, currency)}
        made = call(self.keys.secret, "POST", f"/v1/payments/{payment}/refunds", key=key, json=wish)
        states = {"approved": State.PAID, "rejected": State.FAILED, "cancelled": State.FAILED}
        return Returned(str(made["id"]), states.get(str(made.get("status", "approved")), State.PROCESSING))


def _number(amount: Decimal, currency: str) -> float | int:
    """An amount as JSON writes it, exact to the cent. Raises Refused."""
    try:
        to_minor(amount, currency)
    except ValueError as error:
        raise Refused(str(error)) from error
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _reading(number: str, row: dict[str, Any]) -> Reading:
    state = STATES.get(str(row.get("status", "")), State.PROCESSING)
    fees = sum((_money(fee["amount"]) for fee in row.get("fee_details", [])), Decimal(0))
    action = row.get("transaction_details") or {}
    return Reading(
        number=number,
        payment=str(row["id"]),
        state=state,
        amount=_money(row["transaction_amount"]),
        currency=str(row["currency_id"]),
        is_live=bool(row.get("live_mode", True)),
        reference=str(row.get("external_reference") or ""),
        isp=str((row.get("metadata") or {}).get("isp", "")),
        method=str(row.get("payment_type_id") or ""),
        fee=fees,
        refunded=_money(row.get("transaction_amount_refunded") or 0),
        paid_at=datetime.fromisoformat(row["date_approved"]) if row.get("date_approved") else None,
        is_disputed=row.get("status") in {"in_mediation", "charged_back"},
        slip=str(action.get("external_resource_url") or "") if state is State.PROCESSING else "",
        payer=str((row.get("payer") or {}).get("email") or ""),
        problem=str(row.get("status_detail") or "") if state in {State.OPEN, State.FAILED} else "",
    )


def _unpaid(number: str, reference: str, preference: dict[str, Any]) -> Reading:
    """A page at which nobody has tried yet."""
    item = (preference.get("items") or [{}])[0]
    ends = preference.get("expiration_date_to") if preference.get("expires") else None
    is_over = bool(ends) and datetime.fromisoformat(str(ends)) <= datetime.now(UTC)
    if not item:
        raise NotThere(f"{number} holds no order.")
    return Reading(
        number=number,
        payment="",
        state=State.EXPIRED if is_over else State.OPEN,
        amount=_money(item.get("unit_price", 0)) * int(item.get("quantity", 1)),
        currency=str(item.get("currency_id", "")),
        is_live=not preference.get("sandbox", False),
        reference=reference,
        isp=str((preference.get("metadata") or {}).get("isp", "")),
    )


def _money(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


GATEWAY = MercadoPagoGateway
