"""How subscribers pay, and what they have paid."""

from payments.models.closings import CashClosing, CashClosingLine
from payments.models.gateways import Checkout, GatewayAccount, GatewayEvent, Refund, SavedMethod, StrayPayment
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment, PaymentQuerySet

__all__ = [
    "CashClosing",
    "CashClosingLine",
    "Checkout",
    "GatewayAccount",
    "GatewayEvent",
    "Payment",
    "PaymentMethod",
    "PaymentQuerySet",
    "Refund",
    "SavedMethod",
    "StrayPayment",
]
