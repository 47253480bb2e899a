"""How subscribers pay, what they have paid, and what the bank says of it."""

from payments.models.checkouts import Checkout, Refund, StrayPayment
from payments.models.closings import CashClosing, CashClosingLine
from payments.models.gateways import GatewayAccount, GatewayEvent, SavedMethod
from payments.models.lookup import BalanceLink, BalanceSettings, LookupKind
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment, PaymentQuerySet
from payments.models.reports import PaymentReport, VoucherDraft
from payments.models.settings import PaymentSettings
from payments.models.statements import Appearance, BankAccount, BankLine, Match, Statement, TableLayout

__all__ = [
    "Appearance",
    "BalanceLink",
    "BalanceSettings",
    "BankAccount",
    "BankLine",
    "CashClosing",
    "CashClosingLine",
    "Checkout",
    "GatewayAccount",
    "GatewayEvent",
    "LookupKind",
    "Match",
    "Payment",
    "PaymentMethod",
    "PaymentQuerySet",
    "PaymentReport",
    "PaymentSettings",
    "Refund",
    "SavedMethod",
    "Statement",
    "StrayPayment",
    "TableLayout",
    "VoucherDraft",
]
