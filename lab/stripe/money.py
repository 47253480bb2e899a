"""What happens to money: a try with a card or a voucher, its end, a refund, a dispute."""

import time
from typing import Any

from lab.stripe.books import Ledger, Problem, Row
from lab.stripe.webhooks import Bell

FEE_PERCENT = 4
DECLINES = {
    "4000000000000002": ("generic_decline", "Your card was declined."),
    "4000000000009995": ("insufficient_funds", "Your card has insufficient funds."),
    "4000000000000069": ("expired_card", "Your card has expired."),
}
DECLINES_LATER = "4000000000000341"  # can be saved, and is declined when it is charged later
VOUCHERS = {"MX": "oxxo", "BR": "boleto"}
VOUCHER_DAYS = 3
WAITS = {"customer_balance": "display_bank_transfer_instructions"}  # what to do next, where it is no slip for a shop


class Till:
    """Moves money in one account's ledger and rings its bell."""

    def __init__(self, ledger: Ledger, bell: Bell) -> None:
        self.ledger = ledger
        self.bell = bell

    def ring(self, kind: str, row: Row) -> None:
        self.bell.ring(self.ledger, kind, row)

    def card(self, number: str, month: int, year: int, customer: str | None = None) -> Row:
        """A payment method of a card."""
        brand = {"4": "visa", "5": "mastercard", "3": "amex"}.get(number[:1], "unknown")
        card = {"brand": brand, "last4": number[-4:], "exp_month": month, "exp_year": year}
        row = self.ledger.add("payment_method", type="card", card=card, customer=customer, metadata={})
        row["_number"] = number
        return row

    def intent(self, *, amount: int, currency: str, customer: str | None, **fields: Any) -> Row:
        """A payment that waits for its means."""
        return self.ledger.add(
            "payment_intent",
            amount=amount,
            amount_received=0,
            currency=currency,
            customer=customer,
            status="requires_payment_method",
            payment_method=None,
            latest_charge=None,
            last_payment_error=None,
            next_action=None,
            **{"metadata": {}, "description": None, "setup_future_usage": None, "payment_method_types": ["card"]}
            | fields,
        )

    def pay(self, intent: Row, method: Row, *, off_session: bool = False) -> bool:
        """Charge a card, and say whether it was taken."""
        number = method.get("_number", "")
        decline = DECLINES.get(number)
        if number == DECLINES_LATER and off_session:
            decline = DECLINES["4000000000000002"]
        if decline:
            code, message = decline
            charge = self._charge(intent, method, status="failed", paid=False)
            intent.update(
                status="requires_payment_method",
                latest_charge=charge["id"],
                last_payment_error={
                    "type": "card_error",
                    "code": "card_declined",
                    "decline_code": code,
                    "message": message,
                },
            )
            self.ring("payment_intent.payment_failed", intent)
            return False
        self._settle(intent, method)
        return True

    def hand_out_voucher(self, intent: Row, kind: str) -> None:
        """A slip that is paid at a shop within days."""
        method = self.ledger.add("payment_method", type=kind, customer=None, metadata={})
        intent.update(
            status="requires_action",
            payment_method=method["id"],
            payment_method_types=[kind],
            next_action={
                "type": (name := WAITS.get(kind, f"{kind}_display_details")),
                name: {
                    "expires_after": int(time.time()) + VOUCHER_DAYS * 86400,
                    "number": str(int(intent["id"][3:15], 16)).zfill(14)[:14],
                    f"hosted_{'instructions' if kind in WAITS else 'voucher'}_url": (
                        f"{self.bell.base}/voucher/{intent['id']}"
                    ),
                },
            },
        )

    def end_voucher(self, intent: Row, *, paid: bool) -> None:
        """The slip was paid, or was never brought to a shop."""
        if intent["status"] != "requires_action":
            return
        method = self.ledger.rows[intent["payment_method"]]
        session = next(iter(self.ledger.find("checkout.session", payment_intent=intent["id"])), None)
        intent["next_action"] = None
        if paid:
            self._settle(intent, method)
        else:
            intent.update(status="requires_payment_method", payment_method=None)
            self.ring("payment_intent.payment_failed", intent)
        if session:
            session["payment_status"] = "paid" if paid else "unpaid"
            self.ring(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)

    def _settle(self, intent: Row, method: Row) -> None:
        charge = self._charge(intent, method, status="succeeded", paid=True)
        fee = intent["amount"] * FEE_PERCENT // 100
        entry = self.ledger.add(
            "balance_transaction",
            amount=intent["amount"],
            fee=fee,
            net=intent["amount"] - fee,
            currency=intent["currency"],
            source=charge["id"],
            type="charge",
        )
        charge["balance_transaction"] = entry["id"]
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            payment_method=method["id"],
            latest_charge=charge["id"],
            last_payment_error=None,
        )
        if intent["setup_future_usage"] and method["type"] == "card":
            method["customer"] = intent["customer"]
        self.ring("charge.succeeded", charge)
        self.ring("payment_intent.succeeded", intent)

    def _charge(self, intent: Row, method: Row, *, status: str, paid: bool) -> Row:
        kind = method["type"]
        return self.ledger.add(
            "charge",
            amount=intent["amount"],
            amount_refunded=0,
            currency=intent["currency"],
            status=status,
            paid=paid,
            refunded=False,
            disputed=False,
            payment_intent=intent["id"],
            payment_method=method["id"],
            payment_method_details={"type": kind, kind: method.get(kind, {})},
            balance_transaction=None,
            billing_details={"email": intent.get("_email"), "name": None},
            metadata=intent["metadata"],
        )

    def refund(self, intent: Row, amount: int | None, metadata: dict[str, str]) -> Row:
        """Give money back, at most what is left of it."""
        if intent["status"] != "succeeded":
            raise Problem(400, "This PaymentIntent does not have a successful charge to refund.")
        charge = self.ledger.rows[intent["latest_charge"]]
        left = charge["amount"] - charge["amount_refunded"]
        if left <= 0:
            raise Problem(400, "Charge has already been refunded.", code="charge_already_refunded")
        amount = left if amount is None else amount
        if amount > left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise Problem(400, message, code="refund_exceeds_charge", param="amount")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        row = self.ledger.add(
            "refund",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            status="succeeded",
            metadata=metadata,
        )
        self.ring("charge.refunded", charge)
        return row

    def dispute(self, intent: Row) -> Row:
        """The holder of the card says that it was not them."""
        charge = self.ledger.rows[intent["latest_charge"]]
        charge["disputed"] = True
        row = self.ledger.add(
            "dispute",
            amount=charge["amount"],
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            status="needs_response",
            reason="fraudulent",
        )
        self.ring("charge.dispute.created", row)
        return row
