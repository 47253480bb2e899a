"""Invoices, the ledger, and how an ISP bills."""

from billing.models.discounts import Discount
from billing.models.invoices import Invoice, InvoiceLine, InvoiceSeries, InvoiceState
from billing.models.ledger import Account, Allocation, LedgerEntry
from billing.models.runs import BillingRun, BillingRunRow, LeftOut, Oddity
from billing.models.settings import BillingSettings, GroupBilling

__all__ = [
    "Account",
    "Allocation",
    "BillingRun",
    "BillingRunRow",
    "BillingSettings",
    "Discount",
    "GroupBilling",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "InvoiceState",
    "LedgerEntry",
    "LeftOut",
    "Oddity",
]
