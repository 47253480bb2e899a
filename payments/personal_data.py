"""What this app holds about customers."""

from django.utils.translation import gettext_lazy as _

from billing.personal_data import BOOKS
from core.personal import STAFF, TECHNICAL, not_personal, personal
from payments.models import (
    BalanceLink,
    BalanceSettings,
    CashClosing,
    CashClosingLine,
    Payment,
    PaymentMethod,
    PaymentReport,
    PaymentSettings,
    VoucherDraft,
)

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
