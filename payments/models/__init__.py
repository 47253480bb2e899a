"""How subscribers pay, what they have paid, and what the bank says of it."""

from payments.models.methods import PaymentMethod
from payments.models.payments import Payment
from payments.models.statements import Appearance, BankAccount, BankLine, Match, Statement, TableLayout

__all__ = [
    "Appearance",
    "BankAccount",
    "BankLine",
    "Match",
    "Payment",
    "PaymentMethod",
    "Statement",
    "TableLayout",
]
