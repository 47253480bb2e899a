"""What this app holds about customers, and what stands against an erasure."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import (
    Account,
    Allocation,
    BillingRun,
    BillingRunRow,
    BillingSettings,
    Discount,
    Grace,
    GroupBilling,
    Holiday,
    Instalment,
    InstalmentPlan,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    LedgerEntry,
    ListToken,
    NoticeSource,
    NoticeText,
    PlannedCut,
    Promise,
    ReminderRule,
    SentNotice,
    Suspension,
    SuspensionException,
    SuspensionRule,
    SuspensionRun,
    SuspensionSettings,
)
from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
from subscribers.subject import Subject

BOOKS = _("Tax and accounting law demand that the books are kept for years.")

personal(
    LedgerEntry,
    title=_("Entries of the ledger"),
    rows="subscriber",
    exported=("on", "kind", "amount", "text", "at"),
    hidden=("by_kind", "by_name"),
    kept={"text": BOOKS, "by_kind": TECHNICAL, "by_name": STAFF},
    because=BOOKS,
)
personal(Account, title=_("Balance"), rows="subscriber", exported=("balance",), because=BOOKS)
personal(
    Invoice,
    title=_("Invoices"),
    rows="subscriber",
    exported=("number", "kind", "issued_on", "due_on", "currency", "net", "tax", "total", "buyer", "seller", "note"),
    hidden=("by_kind", "by_name"),
    kept={
        "number": BOOKS,
        "currency": TECHNICAL,
        "buyer": BOOKS,
        "seller": TECHNICAL,
        "note": BOOKS,
        "by_kind": TECHNICAL,
        "by_name": STAFF,
    },
    because=BOOKS,
)
personal(
    InvoiceLine,
    title=_("Lines of invoices"),
    rows="invoice__subscriber",
    exported=("text", "quantity", "unit_price", "tax_rate", "amount", "period_from", "period_to"),
    hidden=("adjusts",),
    kept={"text": BOOKS, "adjusts": TECHNICAL},
    because=BOOKS,
)
personal(
    Suspension,
    title=_("Suspensions for debt"),
    rows="subscriber",
    exported=("at", "debts", "owed", "currency", "snapshot", "ended_at", "ended_why"),
    hidden=("by_kind", "by_name"),
    deleted=True,
)
personal(
    PlannedCut,
    title=_("Lists for suspensions"),
    rows="subscriber",
    exported=("owed", "since", "hold", "excluded_because", "outcome"),
    hidden=("excluded_by",),
    deleted=True,
)
personal(
    SuspensionException,
    title=_("Exceptions from suspension"),
    rows="subscriber",
    exported=("reason", "until", "at", "ended_at"),
    hidden=("by_kind", "by_name"),
    deleted=True,
)
personal(
    Promise,
    title=_("Promises to pay"),
    rows="subscriber",
    exported=("amount", "until", "at", "ended_at"),
    hidden=("by_kind", "by_name"),
    deleted=True,
)
personal(
    InstalmentPlan,
    title=_("Payment in instalments"),
    rows="subscriber",
    exported=("state", "total", "note", "at", "ended_at"),
    hidden=("by_kind", "by_name"),
    deleted=True,
)
personal(
    Instalment,
    title=_("Instalments"),
    rows="plan__subscriber",
    exported=("due_on", "amount"),
    deleted=True,
)
personal(
    Grace,
    title=_("Time given to pay"),
    rows="subscriber",
    exported=("reason", "until", "at", "ended_at", "ended_why"),
    hidden=("key", "by_kind", "by_name"),
    deleted=True,
)
personal(SentNotice, title=_("Reminders that were sent"), rows="subscriber", exported=("at",), deleted=True)
not_personal(SuspensionRule, SuspensionSettings, ReminderRule, Holiday, because="when debts have consequences")
not_personal(SuspensionRun, because="what staff did with many: the rule, and when")
not_personal(NoticeText, NoticeSource, ListToken, because="pages of the ISP, and its routers")
not_personal(Allocation, because="which entry of a ledger settles which other one")
not_personal(InvoiceSeries, because="the last numbers of documents")
not_personal(BillingSettings, GroupBilling, because="how the ISP bills")
not_personal(BillingRun, BillingRunRow, because="what a run would bill; the invoices themselves are in the copy")
personal(
    Discount,
    title=_("Discounts"),
    rows="service__subscriber",
    exported=("percent", "amount", "starts_on", "ends_on", "reason"),
    hidden=("by_kind", "by_name"),
    kept={"reason": BOOKS, "by_kind": TECHNICAL, "by_name": STAFF},
    because=BOOKS,
)


@obstacle
def balance(subject: Subject) -> list[Any]:
    """Nobody is erased who owes something, or is owed something."""
    account = Account.objects.filter(subscriber=subject.pk).select_for_update().first()
    if account is None or not account.balance:
        return []
    return [
        gettext("There is a debt that is still open.")
        if account.balance > 0
        else gettext("The customer has credit that has to be paid back first.")
    ]
