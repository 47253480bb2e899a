"""Stripe's objects as readings."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from payments.gateways.base import Reading, Saved, State
from payments.gateways.minor import from_minor

EXPANDED_INTENT = ["payment_method", "latest_charge.balance_transaction"]
EXPANDED_SESSION = [f"payment_intent.{path}" for path in EXPANDED_INTENT]
INTENT_STATES = {
    "succeeded": State.PAID,
    "processing": State.PROCESSING,
    "canceled": State.FAILED,
    "requires_payment_method": State.FAILED,
    "requires_action": State.PROCESSING,
}


def reading_of_intent(intent: Any) -> Reading:
    """A payment by itself: the charge of a saved card, or what an event is about."""
    charge = _inner(intent.latest_charge)
    method = _inner(intent.payment_method)
    state = INTENT_STATES.get(intent.status, State.OPEN)
    marks = intent.metadata or {}
    return Reading(
        number=intent.id,
        payment=intent.id,
        state=state,
        amount=from_minor(intent.amount, intent.currency),
        currency=intent.currency.upper(),
        is_live=bool(intent.livemode),
        reference=_mark(marks, "reference"),
        isp=_mark(marks, "isp"),
        method=str(method.type) if method else "",
        fee=_fee(charge, intent.currency),
        refunded=from_minor(charge.amount_refunded, intent.currency) if charge else Decimal(0),
        is_disputed=bool(charge.disputed) if charge else False,
        paid_at=datetime.fromtimestamp(charge.created, UTC) if charge else None,
        saved=_saved(intent, method),
        slip=_slip(intent),
        payer=_payer(charge),
        problem=str(intent.last_payment_error.message or "")[:300] if intent.last_payment_error else "",
    )


def reading_of_session(session: Any) -> Reading:
    """A hosted page, with the payment behind it, where somebody has tried."""
    marks = session.metadata or {}
    intent = _inner(session.payment_intent)
    inner = reading_of_intent(intent) if intent else None
    paid = session.payment_status == "paid"
    if paid:
        state = State.PAID
    elif session.status == "expired":
        state = State.EXPIRED
    elif session.status == "open":
        state = State.OPEN
    else:
        # Complete and unpaid: a slip that waits, or one that was never paid.
        state = inner.state if inner and inner.state is not State.PAID else State.PROCESSING
    return Reading(
        number=session.id,
        payment=inner.payment if inner else "",
        state=state,
        amount=from_minor(session.amount_total or 0, session.currency or ""),
        currency=(session.currency or "").upper(),
        is_live=bool(session.livemode),
        reference=_mark(marks, "reference") or str(session.client_reference_id or ""),
        isp=_mark(marks, "isp"),
        method=inner.method if inner else "",
        fee=inner.fee if inner else Decimal(0),
        refunded=inner.refunded if inner else Decimal(0),
        is_disputed=inner.is_disputed if inner else False,
        paid_at=inner.paid_at if inner else None,
        saved=inner.saved if inner else None,
        slip=inner.slip if inner else "",
        payer=inner.payer if inner and inner.payer else str(session.customer_email or ""),
        problem=inner.problem if inner else "",
    )


def _inner(value: Any) -> Any:
    """What was expanded; nothing, where only an id came."""
    return None if value is None or isinstance(value, str) else value


def _mark(marks: Any, name: str) -> str:
    return str(marks[name]) if name in marks else ""


def _fee(charge: Any, currency: str) -> Decimal:
    """What Stripe keeps, in the currency of the payment; nothing, if it is booked in another one."""
    entry = _inner(charge.balance_transaction) if charge else None
    if not entry or entry.currency != currency:
        return Decimal(0)
    return from_minor(entry.fee, currency)


def _saved(intent: Any, method: Any) -> Saved | None:
    if intent.status != "succeeded" or not method or method.type != "card" or not intent.setup_future_usage:
        return None
    card = method.card
    customer = intent.customer if isinstance(intent.customer, str) else getattr(intent.customer, "id", "")
    if not customer:
        return None
    until = f"{card.exp_month:02d}/{card.exp_year}"
    return Saved(method.id, customer, str(card.brand), str(card.last4), until)


def _slip(intent: Any) -> str:
    """The address of a voucher for a shop, or of what to enter at a bank."""
    action = intent.next_action
    if not action:
        return ""
    details = getattr(action, str(action.type), None)
    address = getattr(details, "hosted_voucher_url", "") or getattr(details, "hosted_instructions_url", "")
    return str(address or "")


def _payer(charge: Any) -> str:
    details = charge.billing_details if charge else None
    return str((details.email or details.name or "") if details else "")[:200]
