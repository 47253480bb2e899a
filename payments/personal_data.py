"""What this app holds about customers."""

from django.utils.translation import gettext_lazy as _

from billing.personal_data import BOOKS
from core.personal import STAFF, TECHNICAL, not_personal, personal
from payments.models import CashClosing, CashClosingLine, Payment, PaymentMethod

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
