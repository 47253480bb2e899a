"""What this app holds about customers, and what stands against an erasure."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Account, LedgerEntry
from core.personal import STAFF, TECHNICAL, obstacle, personal
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
