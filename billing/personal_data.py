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
    GroupBilling,
    Invoice,
    InvoiceLine,
    InvoiceSeries,
    LedgerEntry,
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
    kept={"text": BOOKS},
    because=BOOKS,
)
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
