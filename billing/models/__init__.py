"""Invoices, the ledger, and how an ISP bills."""

from billing.models.invoices import Invoice, InvoiceLine, InvoiceSeries
from billing.models.ledger import Account, Allocation, LedgerEntry
from billing.models.settings import BillingSettings

__all__ = ["Account", "Allocation", "BillingSettings", "Invoice", "InvoiceLine", "InvoiceSeries", "LedgerEntry"]
