"""How subscribers pay, and what they have paid."""

from payments.models.closings import CashClosing, CashClosingLine
from payments.models.gateways import Checkout, GatewayAccount, GatewayEvent, Refund, SavedMethod, StrayPayment
from payments.models.lookup import BalanceLink, BalanceSettings, LookupKind
from payments.models.methods import PaymentMethod
from payments.models.payments import Payment, PaymentQuerySet
from payments.models.reports import PaymentReport, VoucherDraft
from payments.models.settings import PaymentSettings

__all__ = [
    "BalanceLink",
    "BalanceSettings",
    "CashClosing",
    "CashClosingLine",
    "Checkout",
    "GatewayAccount",
    "GatewayEvent",
    "LookupKind",
    "Payment",
    "PaymentMethod",
    "PaymentQuerySet",
    "PaymentReport",
    "PaymentSettings",
    "Refund",
    "SavedMethod",
    "StrayPayment",
    "VoucherDraft",
]
