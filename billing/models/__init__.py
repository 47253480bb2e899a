"""Invoices, the ledger, suspension for debt, and how an ISP bills."""

from billing.models.invoices import Invoice, InvoiceLine, InvoiceSeries
from billing.models.ledger import Account, Allocation, LedgerEntry
from billing.models.notices import ListToken, NoticeKind, NoticeSource, NoticeText
from billing.models.reliefs import Grace, Instalment, InstalmentPlan, Promise, SuspensionException
from billing.models.reminders import ReminderRule, SentNotice
from billing.models.settings import BillingSettings
from billing.models.suspension import (
    Holiday,
    PlannedCut,
    Suspension,
    SuspensionRule,
    SuspensionRun,
    SuspensionSettings,
)

__all__ = [
    "Account",
    "Allocation",
    "BillingSettings",
    "Grace",
    "Holiday",
    "Instalment",
    "InstalmentPlan",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "LedgerEntry",
    "ListToken",
    "NoticeKind",
    "NoticeSource",
    "NoticeText",
    "PlannedCut",
    "Promise",
    "ReminderRule",
    "SentNotice",
    "Suspension",
    "SuspensionException",
    "SuspensionRule",
    "SuspensionRun",
    "SuspensionSettings",
]
