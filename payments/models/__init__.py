"""How subscribers pay, and what they have paid."""

from payments.models.methods import PaymentMethod
from payments.models.payments import Payment

__all__ = ["Payment", "PaymentMethod"]
