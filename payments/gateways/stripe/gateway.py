"""Stripe with the ISP's own keys: hosted Checkout by redirect, refunds, charges of saved cards, signed events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import stripe
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
    Saved,
    State,
)
from payments.gateways.minor import to_minor
from payments.gateways.stripe.calls import client, in_our_words
from payments.gateways.stripe.readings import EXPANDED_INTENT, EXPANDED_SESSION, reading_of_intent, reading_of_session

STRIPE_ITSELF = "https://api.stripe.com"
EVENTS = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.closed",
]
REFUND_STATES = {"succeeded": State.PAID, "failed": State.FAILED, "canceled": State.FAILED}
# How a payer sends money by bank, by currency: in Mexico by SPEI, to an account number of their own.
TRANSFERS = {"MXN": "mx_bank_transfer"}
READABLE = ("cs_", "pi_")


def hosted_origins() -> list[str]:
    """Where Stripe's pages are: with its API, if that is not Stripe's own."""
    base = settings.STRIPE_API_BASE
    if base == STRIPE_ITSELF:
        return ["https://checkout.stripe.com"]
    parts = urlsplit(base)
    return [f"{parts.scheme}://{parts.netloc}"]


class StripeGateway(Gateway):
    name = "stripe"
    title = "Stripe"
    can_save = True
    transfer_currencies = frozenset(TRANSFERS)
    fields = [
        Field(
            "secret",
            _("Secret key"),
            _("In Stripe: Developers, API keys. It begins with sk_live_ (or rk_live_; sk_test_ to try it out)."),
        )
    ]
    hosts = staticmethod(hosted_origins)

    def check_keys(self) -> Holder:
        with in_our_words():
            account = client(self.keys.secret).v1.accounts.retrieve_current()
        profile = account.business_profile
        shown = account.settings.dashboard.display_name if account.settings else ""
        return Holder(
            account=account.id,
            name=str((profile.name if profile else "") or shown or account.id),
            country=account.country or "",
            currency=(account.default_currency or "").upper(),
            is_live="_live_" in self.keys.secret,
            can_charge=bool(account.charges_enabled),
        )

    def register_webhook(self, address: str) -> Endpoint:
        endpoints = client(self.keys.secret).v1.webhook_endpoints
        with in_our_words():
            for known in endpoints.list({"limit": 100}).auto_paging_iter():
                if known.url == address:
                    endpoints.delete(known.id)
            made = endpoints.create({"url": address, "enabled_events": EVENTS, "description": "Lastmile"})  # type: ignore[typeddict-item]
        return Endpoint(made.id, made.secret or "")

    def verify_event(self, body: bytes, headers: Mapping[str, str]) -> Doorbell:
        try:
            event = stripe.Webhook.construct_event(body, headers.get("Stripe-Signature", ""), self.keys.webhook_secret)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Forged(str(error)[:200]) from error
        return Doorbell(
            event=str(event.id),
            kind=str(event.type),
            about=_about(event.data.object),
            is_live=bool(event.livemode),
            at=datetime.fromtimestamp(event.created, UTC),
        )

    def begin(self, order: Order) -> Begun:
        marks = {"reference": order.reference, "isp": order.isp}
        price = {
            "currency": order.currency.lower(),
            "unit_amount": _minor(order),
            "product_data": {"name": order.title},
        }
        intent: dict[str, Any] = {"metadata": marks, "description": order.title}
        params: dict[str, Any] = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "client_reference_id": order.reference,
            "metadata": marks,
            "payment_intent_data": intent,
            "success_url": order.paid_url,
            "cancel_url": order.back_url,
            "locale": order.language if order.language in {"en", "es", "pt", "cs", "it", "ru"} else "auto",
        }
        if order.email:
            params["customer_email"] = order.email
        if order.saves:
            params["customer_creation"] = "always"
            intent["setup_future_usage"] = "off_session"
        if order.transfers and order.currency in TRANSFERS:
            # A customer that is there takes the place of what would be typed in.
            params.pop("customer_email", None)
            params.pop("customer_creation", None)
            params["customer"] = self._customer(order)
            transfer = {"funding_type": "bank_transfer", "bank_transfer": {"type": TRANSFERS[order.currency]}}
            params["payment_method_options"] = {"customer_balance": transfer}
        if order.lasts_until:
            params["expires_at"] = int(order.lasts_until.timestamp())
        with in_our_words():
            session = client(self.keys.secret).v1.checkout.sessions.create(
                params,  # type: ignore[arg-type]
                {"idempotency_key": order.key},
            )
        return Begun(session.id, session.url or "")

    def _customer(self, order: Order) -> str:
        """Stripe's customer of a payer, one for all their orders: transfers go to an account number of theirs.

        The search learns of a new one within a minute; until then the key finds it.
        """
        customers = client(self.keys.secret).v1.customers
        marks = {"payer": order.payer, "isp": order.isp}
        query = " AND ".join(f"metadata['{name}']:'{value}'" for name, value in marks.items())
        with in_our_words():
            if found := customers.search({"query": query, "limit": 1}).data:
                return found[0].id
            said: dict[str, Any] = {"metadata": marks} | ({"email": order.email} if order.email else {})
            key = f"lastmile-customer-{order.isp}-{order.payer}"
            return customers.create(said, {"idempotency_key": key}).id  # type: ignore[arg-type]

    def read(self, number: str, *, reference: str = "") -> Reading:
        api = client(self.keys.secret).v1
        with in_our_words():
            if number.startswith("cs_"):
                return reading_of_session(api.checkout.sessions.retrieve(number, {"expand": EXPANDED_SESSION}))
            if number.startswith("pi_"):
                return reading_of_intent(api.payment_intents.retrieve(number, {"expand": EXPANDED_INTENT}))
        raise NotThere(f"{number} is no payment.")

    def cancel(self, number: str) -> None:
        if not number.startswith("cs_"):
            raise Refused("Only a hosted page can be cancelled.")
        with in_our_words():
            client(self.keys.secret).v1.checkout.sessions.expire(number)

    def refund(self, payment: str, *, amount: Decimal, currency: str, reference: str, key: str) -> Returned:
        try:
            units = to_minor(amount, currency)
        except ValueError as error:
            raise Refused(str(error)) from error
        with in_our_words():
            refund = client(self.keys.secret).v1.refunds.create(
                {"payment_intent": payment, "amount": units, "metadata": {"reference": reference}},
                {"idempotency_key": key},
            )
        return Returned(refund.id, REFUND_STATES.get(refund.status or "", State.PROCESSING))

    def charge_saved(self, order: Order, saved: Saved) -> Begun:
        with in_our_words():
            intent = client(self.keys.secret).v1.payment_intents.create(
                {
                    "amount": _minor(order),
                    "currency": order.currency.lower(),
                    "customer": saved.customer,
                    "payment_method": saved.number,
                    "off_session": True,
                    "confirm": True,
                    "description": order.title,
                    "metadata": {"reference": order.reference, "isp": order.isp},
                },
                {"idempotency_key": order.key},
            )
        return Begun(intent.id)

    def forget_saved(self, saved: Saved) -> None:
        try:
            with in_our_words():
                client(self.keys.secret).v1.payment_methods.detach(saved.number)
        except (NotThere, Refused):
            return


def _minor(order: Order) -> int:
    try:
        return to_minor(order.amount, order.currency)
    except ValueError as error:
        raise Refused(str(error)) from error


def _about(row: Any) -> str:
    """The payment that the object of an event belongs to."""
    number = str(getattr(row, "id", "") or "")
    if number.startswith(READABLE):
        return number
    intent = getattr(row, "payment_intent", None)
    return str(getattr(intent, "id", intent) or "")


GATEWAY = StripeGateway
