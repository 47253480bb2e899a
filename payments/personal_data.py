"""What this app holds about customers."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.personal_data import BOOKS
from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
from payments.models import (
    Appearance,
    BalanceLink,
    BalanceSettings,
    BankAccount,
    BankLine,
    CashClosing,
    CashClosingLine,
    Checkout,
    GatewayAccount,
    GatewayEvent,
    Match,
    Payment,
    PaymentMethod,
    PaymentReport,
    PaymentSettings,
    Refund,
    SavedMethod,
    Statement,
    StrayPayment,
    TableLayout,
    VoucherDraft,
)
from subscribers.subject import Subject

PROOF = _("Who charges a card has to be able to show that it was agreed to.")


def _end_and_blank(subject: Any, rows: QuerySet[Any]) -> None:
    """A card is not charged any more from now on; that the gateway forgets it follows."""
    rows.filter(ended_at=None).update(ended_at=timezone.now(), ended_how=SavedMethod.Ended.STAFF)
    rows.update(last4="", expires="", agreed_by_name="", ended_by_name="", ended_reason="")


not_personal(PaymentMethod, because="how the ISP can be paid")
not_personal(PaymentSettings, BalanceSettings, because="how the ISP takes payments")
not_personal(BalanceLink, because="keys of rows that somebody found, gone within the hour")
not_personal(VoucherDraft, because="files of forms that nobody has sent, gone after a day")
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
personal(
    PaymentReport,
    title=_("Payment reports"),
    rows="subscriber",
    exported=("at", "paid_on", "amount", "currency", "reference", "comment", "state", "reason", "voucher"),
    hidden=("voucher_digest", "language", "by_name"),
    blanked=("comment", "reason", "voucher"),
    kept={
        "reference": BOOKS,
        "currency": TECHNICAL,
        "state": TECHNICAL,
        "voucher_digest": TECHNICAL,
        "language": TECHNICAL,
        "by_name": STAFF,
    },
    because=BOOKS,
)
not_personal(GatewayAccount, because="the ISP's own account at a gateway")
not_personal(GatewayEvent, because="numbers of events at a gateway, which name nobody, and go after ninety days")
personal(
    SavedMethod,
    title=_("Saved cards"),
    rows="subscriber",
    exported=("brand", "last4", "expires", "terms", "agreed_at", "agreed_by_name", "ended_at", "ended_reason"),
    hidden=("number", "customer", "ended_by_name"),
    erase=_end_and_blank,
    blanked=("last4", "expires", "agreed_by_name", "ended_by_name", "ended_reason"),
    kept={"number": TECHNICAL, "customer": TECHNICAL, "brand": TECHNICAL, "terms": PROOF},
    because=PROOF,
)
personal(
    Checkout,
    title=_("Online payments"),
    rows="subscriber",
    exported=("amount", "currency", "title", "state", "way", "begun_at", "by_name"),
    hidden=("key", "number", "money", "address", "host", "language", "terms", "problem", "slip", "invoices", "by_kind"),
    blanked=("address", "slip", "by_name"),
    kept={
        "currency": TECHNICAL,
        "invoices": TECHNICAL,
        "title": BOOKS,
        "key": TECHNICAL,
        "number": BOOKS,
        "money": BOOKS,
        "host": TECHNICAL,
        "language": TECHNICAL,
        "terms": PROOF,
        "problem": TECHNICAL,
        "way": TECHNICAL,
        "by_kind": TECHNICAL,
    },
    because=BOOKS,
)
personal(
    Refund,
    title=_("Refunds"),
    rows="checkout__subscriber",
    exported=("amount", "reason", "state", "at"),
    hidden=("key", "number", "problem", "by_kind", "by_name"),
    blanked=("reason",),
    kept={"key": TECHNICAL, "number": BOOKS, "problem": TECHNICAL, "by_kind": TECHNICAL, "by_name": STAFF},
    because=BOOKS,
)
personal(
    StrayPayment,
    title=_("Payments that came without a name"),
    rows="payment__subscriber",
    exported=("amount", "currency", "payer", "paid_on"),
    hidden=("number", "note", "by_name"),
    blanked=("payer", "note"),
    kept={"number": BOOKS, "currency": TECHNICAL, "by_name": STAFF},
    because=BOOKS,
)


@obstacle
def money_on_its_way(subject: Subject) -> list[Any]:
    """Nobody is erased whose money is still coming, or going back."""
    coming = Checkout.objects.under_way().filter(subscriber=subject.pk).exists()
    going = Refund.objects.filter(checkout__subscriber=subject.pk, state__in=["begun", "processing"]).exists()
    return [gettext("An online payment or a refund is still under way.")] if coming or going else []


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
