"""Invoices, the ledger, suspension for debt, and how an ISP bills."""

from billing.models.discounts import Discount
from billing.models.invoices import Invoice, InvoiceLine, InvoiceSeries, InvoiceState
from billing.models.ledger import Account, Allocation, LedgerEntry
from billing.models.notices import ListToken, NoticeKind, NoticeSource, NoticeText
from billing.models.reliefs import Grace, Instalment, InstalmentPlan, Promise, SuspensionException
from billing.models.reminders import ReminderRule, SentNotice
from billing.models.runs import BillingRun, BillingRunRow, LeftOut, Oddity
from billing.models.settings import BillingSettings, GroupBilling
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
    "BillingRun",
    "BillingRunRow",
    "BillingSettings",
    "Discount",
    "Grace",
    "GroupBilling",
    "Holiday",
    "Instalment",
    "InstalmentPlan",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "InvoiceState",
    "LedgerEntry",
    "LeftOut",
    "ListToken",
    "NoticeKind",
    "NoticeSource",
    "NoticeText",
    "Oddity",
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
