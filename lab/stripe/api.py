"""The part of Stripe's API that a hosted payment needs. A route is a method and a pattern; `id` is what it holds."""

import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from lab.stripe.books import Problem, Row
from lab.stripe.fields import amount_of, is_true, needed, only
from lab.stripe.money import VOUCHERS, Till
from lab.stripe.webhooks import shown

DAY = 86400
ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Row]]] = []
PAGE = 100  # the most that a list gives


def route(method: str, path: str) -> Callable[[Callable[..., Row]], Callable[..., Row]]:
    def keep(function: Callable[..., Row]) -> Callable[..., Row]:
        pattern = re.sub(r"<id>", r"(?P<id>[A-Za-z0-9_]+)", path)
        ROUTES.append((method, re.compile(f"^/v1/{pattern}$"), function))
        return function

    return keep


def call(till: Till, method: str, path: str, data: dict[str, Any]) -> Row:
    """Answer one call. Raises Problem."""
    for wanted, pattern, function in ROUTES:
        found = pattern.match(path)
        if wanted == method and found:
            return function(till, data, **found.groupdict())
    raise Problem(404, f"Unrecognized request URL ({method}: {path}).")


def expanded(till: Till, row: Row, paths: list[str]) -> Row:
    """A copy of an object in which ids that were asked for are the objects themselves."""
    row = shown(row)
    for path in paths:
        head, _, rest = path.partition(".")
        value = row.get(head)
        if isinstance(value, str) and value in till.ledger.rows:
            value = till.ledger.rows[value]
        if isinstance(value, list):
            row[head] = [expanded(till, each, [rest] if rest else []) for each in value]
        elif isinstance(value, dict):
            row[head] = expanded(till, value, [rest] if rest else [])
    return row


def listed(rows: list[Row], data: dict[str, Any], url: str) -> Row:
    after = data.get("starting_after")
    numbers = [row["id"] for row in rows]
    rows = rows[numbers.index(after) + 1 :] if after in numbers else rows
    limit = min(int(data.get("limit", 10)), PAGE)
    return {"object": "list", "url": f"/v1/{url}", "data": rows[:limit], "has_more": len(rows) > limit}


@route("GET", "account")
def account(till: Till, data: dict[str, Any]) -> Row:
    return {name: value for name, value in till.ledger.account.items() if name != "keys"}


@route("POST", "customers")
def new_customer(till: Till, data: dict[str, Any]) -> Row:
    only(data, "email", "name", "metadata", "description")
    return till.ledger.add("customer", **{"email": None, "name": None, "metadata": {}} | data)


@route("GET", "customers/search")
def search_customers(till: Till, data: dict[str, Any]) -> Row:
    """Only what stands in metadata, all of it."""
    wanted = dict(re.findall(r"metadata\['(\w+)'\]:'([^']*)'", needed(data, "query")))
    rows = [row for row in till.ledger.find("customer") if wanted.items() <= row["metadata"].items()]
    found = rows[: int(data.get("limit", 10))]
    return {"object": "search_result", "url": "/v1/customers/search", "has_more": False, "data": found}


@route("GET", "customers/<id>")
def customer(till: Till, data: dict[str, Any], id: str) -> Row:
    return till.ledger.get(id, "customer")


@route("POST", "webhook_endpoints")
def new_endpoint(till: Till, data: dict[str, Any]) -> Row:
    only(data, "url", "enabled_events", "description", "metadata", "api_version")
    secret = f"whsec_{secrets.token_hex(16)}"
    row = till.ledger.add(
        "webhook_endpoint",
        url=needed(data, "url"),
        enabled_events=list(needed(data, "enabled_events")),
        status="enabled",
        description=data.get("description"),
        metadata=data.get("metadata", {}),
    )
    row["_secret"] = secret
    return row | {"secret": secret}


@route("GET", "webhook_endpoints")
def endpoints(till: Till, data: dict[str, Any]) -> Row:
    return listed(till.ledger.find("webhook_endpoint"), data, "webhook_endpoints")


@route("DELETE", "webhook_endpoints/<id>")
def end_endpoint(till: Till, data: dict[str, Any], id: str) -> Row:
    till.ledger.get(id, "webhook_endpoint")
    del till.ledger.rows[id]
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


@route("POST", "checkout/sessions")
def new_session(till: Till, data: dict[str, Any]) -> Row:
    only(
        data,
        *("mode", "line_items", "success_url", "cancel_url", "client_reference_id", "customer", "customer_email"),
        *("customer_creation", "metadata", "payment_intent_data", "expires_at", "locale", "payment_method_types"),
        "payment_method_options",
    )
    if needed(data, "mode") != "payment":
        raise Problem(400, "The stand-in plays payments only.", param="mode")
    total, currency = 0, ""
    for item in needed(data, "line_items"):
        only(item, "price_data", "quantity")
        price = needed(item, "price_data")
        only(price, "currency", "unit_amount", "product_data")
        needed(needed(price, "product_data"), "name")
        total += amount_of(price, "unit_amount") * int(item.get("quantity", 1))
        currency = needed(price, "currency").lower()
    if total < 50:
        raise Problem(400, "The total is below the smallest amount that can be charged.", code="amount_too_small")
    if data.get("customer"):
        till.ledger.get(data["customer"], "customer")
    now = int(time.time())
    ends = int(data.get("expires_at", now + DAY))
    if not now + 30 * 60 - 60 <= ends <= now + DAY + 60:
        raise Problem(400, "`expires_at` must be between 30 minutes and 24 hours from now.", param="expires_at")
    voucher = VOUCHERS.get(till.ledger.account["country"])
    transfer = _transfer_of(data, currency)
    row = till.ledger.add(
        "checkout.session",
        mode="payment",
        status="open",
        payment_status="unpaid",
        amount_total=total,
        currency=currency,
        payment_intent=None,
        payment_method_types=["card", *([voucher] if voucher else []), *([transfer] if transfer else [])],
        expires_at=ends,
        success_url=needed(data, "success_url"),
        **{
            name: data.get(name)
            for name in (
                "cancel_url",
                "client_reference_id",
                "customer",
                "customer_email",
                "locale",
                "customer_creation",
            )
        },
        metadata=data.get("metadata", {}),
    )
    row["url"] = f"{till.bell.base}/c/pay/{row['id']}"
    row["_intent"] = data.get("payment_intent_data", {})
    row["_items"] = [item["price_data"]["product_data"]["name"] for item in data["line_items"]]
    return row


def _transfer_of(data: dict[str, Any], currency: str) -> str:
    """Whether money can be sent by bank: to a customer's own account number, so there must be one."""
    said = data.get("payment_method_options", {})
    only(said, "customer_balance")
    if not (balance := said.get("customer_balance")):
        return ""
    only(balance, "funding_type", "bank_transfer")
    if balance.get("funding_type") != "bank_transfer" or not data.get("customer"):
        raise Problem(400, "`customer_balance` needs a customer and the funding type `bank_transfer`.")
    if (needed(needed(balance, "bank_transfer"), "type"), currency) != ("mx_bank_transfer", "mxn"):
        raise Problem(400, "The stand-in plays transfers in Mexico only.")
    return "customer_balance"


def end_if_due(till: Till, row: Row) -> Row:
    """A session that nobody paid ends by itself."""
    if row["status"] == "open" and row["expires_at"] <= time.time():
        row.update(status="expired", url=None)
        till.ring("checkout.session.expired", row)
    return row


@route("GET", "checkout/sessions/<id>")
def session(till: Till, data: dict[str, Any], id: str) -> Row:
    return end_if_due(till, till.ledger.get(id, "checkout.session"))


@route("GET", "checkout/sessions")
def sessions(till: Till, data: dict[str, Any]) -> Row:
    only(data, "limit", "starting_after", "payment_intent", "customer")
    wanted = {name: data[name] for name in ("payment_intent", "customer") if name in data}
    return listed(till.ledger.find("checkout.session", **wanted), data, "checkout/sessions")


@route("POST", "checkout/sessions/<id>/expire")
def expire(till: Till, data: dict[str, Any], id: str) -> Row:
    row = end_if_due(till, till.ledger.get(id, "checkout.session"))
    if row["status"] != "open":
        raise Problem(400, f"Only open Checkout Sessions can be expired; this one is {row['status']}.")
    row.update(status="expired", url=None)
    till.ring("checkout.session.expired", row)
    return row


@route("POST", "payment_intents")
def new_intent(till: Till, data: dict[str, Any]) -> Row:
    only(
        data,
        *("amount", "currency", "customer", "payment_method", "confirm", "off_session", "metadata", "description"),
    )
    if not is_true(data.get("confirm")) or not is_true(data.get("off_session")):
        raise Problem(400, "The stand-in plays charges of saved cards only: confirm and off_session are needed.")
    method = till.ledger.get(needed(data, "payment_method"), "payment_method")
    if not method["customer"] or method["customer"] != data.get("customer"):
        raise Problem(
            400, "The payment method does not belong to the customer.", code="payment_method_unexpected_state"
        )
    intent = till.intent(
        amount=amount_of(data, "amount"),
        currency=needed(data, "currency").lower(),
        customer=data["customer"],
        metadata=data.get("metadata", {}),
        description=data.get("description"),
    )
    if not till.pay(intent, method, off_session=True):
        raise Problem(402, **_declined(intent))
    return intent


def _declined(intent: Row) -> dict[str, Any]:
    error = intent["last_payment_error"]
    return {
        "message": error["message"],
        "kind": "card_error",
        "code": error["code"],
        "decline_code": error["decline_code"],
        "payment_intent": shown(intent),
    }


@route("GET", "payment_intents/<id>")
def intent(till: Till, data: dict[str, Any], id: str) -> Row:
    return till.ledger.get(id, "payment_intent")


@route("GET", "payment_intents")
def intents(till: Till, data: dict[str, Any]) -> Row:
    only(data, "limit", "starting_after", "customer")
    wanted = {"customer": data["customer"]} if "customer" in data else {}
    return listed(till.ledger.find("payment_intent", **wanted), data, "payment_intents")


@route("POST", "payment_methods/<id>/detach")
def detach(till: Till, data: dict[str, Any], id: str) -> Row:
    row = till.ledger.get(id, "payment_method")
    if not row["customer"]:
        raise Problem(400, "The payment method is not attached to a customer.")
    row["customer"] = None
    return row


@route("GET", "payment_methods/<id>")
def payment_method(till: Till, data: dict[str, Any], id: str) -> Row:
    return till.ledger.get(id, "payment_method")


@route("POST", "refunds")
def new_refund(till: Till, data: dict[str, Any]) -> Row:
    only(data, "payment_intent", "amount", "metadata", "reason")
    intent = till.ledger.get(needed(data, "payment_intent"), "payment_intent")
    return till.refund(intent, amount_of(data, "amount") if "amount" in data else None, data.get("metadata", {}))


@route("GET", "refunds/<id>")
def refund(till: Till, data: dict[str, Any], id: str) -> Row:
    return till.ledger.get(id, "refund")


@route("GET", "refunds")
def refunds(till: Till, data: dict[str, Any]) -> Row:
    only(data, "limit", "starting_after", "payment_intent")
    return listed(till.ledger.find("refund", payment_intent=needed(data, "payment_intent")), data, "refunds")


@route("GET", "events/<id>")
def event(till: Till, data: dict[str, Any], id: str) -> Row:
    return till.ledger.get(id, "event")
