"""What this app holds about customers."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.personal_data import BOOKS
from core.personal import STAFF, TECHNICAL, not_personal, personal
from payments.models import (
    Appearance,
    BankAccount,
    BankLine,
    CashClosing,
    CashClosingLine,
    Match,
    Payment,
    PaymentMethod,
    Statement,
    TableLayout,
)
from subscribers.subject import Subject

not_personal(PaymentMethod, because="how the ISP can be paid")
not_personal(CashClosing, because="sums of a day, with the member of staff who counted")
not_personal(CashClosingLine, because="sums of a day")
personal(
    Payment,
    title=_("Payments"),
    rows="subscriber",
    exported=("number", "on", "amount", "currency", "reference", "comment", "at"),
    hidden=("key", "by_kind", "by_name"),
    blanked=("comment",),
    kept={"reference": BOOKS, "currency": TECHNICAL, "key": TECHNICAL, "by_kind": TECHNICAL, "by_name": STAFF},
    because=BOOKS,
)

not_personal(BankAccount, TableLayout, because="the ISP's own accounts, and how its bank lays tables out")
not_personal(Appearance, because="in which files a bank line stands")
personal(
    Match,
    title=_("Bank lines booked for the customer"),
    rows="subscriber",
    exported=("amount", "at", "undone_at"),
    hidden=("reasons", "by_name", "undone_by_name", "undone_why"),
    blanked=("undone_why",),
    kept={"reasons": TECHNICAL, "by_name": STAFF, "undone_by_name": STAFF},
    because=BOOKS,
)
# Who paid, and what was written, is what the bank says of the ISP's own account.
OF_THE_BANK = _("A statement of the bank belongs to the books, and law demands that those are kept for years.")


def lines_of(subject: Subject) -> QuerySet[BankLine]:
    """Those of which a part was booked for the customer, also where that was undone."""
    return BankLine.objects.order_by().filter(pk__in=Match.objects.filter(subscriber=subject.pk).values("line"))


def statements_of(subject: Subject) -> QuerySet[Statement]:
    return Statement.objects.order_by().filter(appearances__line__in=lines_of(subject)).distinct()


personal(
    BankLine,
    title=_("Movements on the ISP's bank accounts"),
    rows=lines_of,
    exported=("booked_on", "amount", "currency", "name", "payer_account", "reference", "text", "bank_id"),
    hidden=("fingerprint", "suggestions", "note", "decided_by_name"),
    blanked=("note",),
    kept={
        **dict.fromkeys(("name", "payer_account", "reference", "text", "bank_id"), OF_THE_BANK),
        **dict.fromkeys(("currency", "fingerprint", "suggestions"), TECHNICAL),
        "decided_by_name": STAFF,
    },
    because=OF_THE_BANK,
    shared=True,
)
personal(
    Statement,
    title=_("Statements of the bank"),
    rows=statements_of,
    exported=("created_at",),
    # The file holds other customers, too.
    hidden=(
        *("file", "file_name", "sha256", "found_account", "currency", "counts", "table", "mapping", "trouble"),
        "by_name",
    ),
    kept={
        "file": OF_THE_BANK,
        **dict.fromkeys(
            ("file_name", "sha256", "found_account", "currency", "counts", "table", "mapping", "trouble"), TECHNICAL
        ),
        "by_name": STAFF,
    },
    because=OF_THE_BANK,
    shared=True,
)
