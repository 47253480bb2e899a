"""How subscribers pay, and what they have paid."""

from payments.models.gateways import Checkout, GatewayAccount, GatewayEvent, Refund, SavedMethod, StrayPayment
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment

__all__ = [
    "Checkout",
    "GatewayAccount",
    "GatewayEvent",
    "Payment",
    "PaymentMethod",
    "Refund",
    "SavedMethod",
    "StrayPayment",
]
