"""How subscribers pay, what they have paid, and what the bank says of it."""

from payments.models.closings import CashClosing, CashClosingLine
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment, PaymentQuerySet
from payments.models.statements import Appearance, BankAccount, BankLine, Match, Statement, TableLayout

__all__ = [
    "Appearance",
    "BankAccount",
    "BankLine",
    "CashClosing",
    "CashClosingLine",
    "Match",
    "Payment",
    "PaymentMethod",
    "PaymentQuerySet",
    "Statement",
    "TableLayout",
]
