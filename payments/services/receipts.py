"""What subscribers are told about a payment."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext as _

from billing.models import Account, LedgerEntry
from billing.services.ledger import COUNTERING
from company.models import Profile
from core.scope import required
from messaging.services import notify
from payments.models import Payment, PaymentSettings
from subscribers.models import PortalUser, Subscriber
from subscribers.services.recipients import recipient_of
from tenants import directory
from tenants.directory import IspRef


@dataclass(frozen=True, slots=True)
class Share:
    """What of a payment settled one debt."""

    title: str
    due_on: date | None
    amount: Decimal
    left: Decimal  # of the debt


def shares_of(payment: Payment) -> list[Share]:
    """What a payment paid, in the order in which it did. One query."""
    spent = payment.entry.spent_on.exclude(debit__kind__in=COUNTERING).select_related("debit__invoice").order_by("pk")
    return [Share(title_of(each.debit), each.debit.due_on, each.amount, each.debit.open) for each in spent]


def title_of(debt: LedgerEntry) -> str:
    """A debt in a few words: its invoice, else its reason. Loads the invoice."""
    invoice = getattr(debt, "invoice", None)
    if invoice is not None:
        return _("Invoice %(number)s") % {"number": invoice.number}
    return debt.text or str(debt.get_kind_display()).capitalize()


def current_isp() -> IspRef:
    """The ISP of the open scope. Cached for seconds."""
    uuid = required().isp_uuid
    isp = directory.by_uuid(uuid) if uuid else None
    if isp is None:
        raise LookupError("There is no ISP.")
    return isp


def address_of(subscriber: Subscriber, *, user: PortalUser | None = None) -> str:
    """Where a subscriber hears about money: the login that asked, else the billing address, else the e-mail address."""
    return (user.email if user else "") or subscriber.billing_email or subscriber.email


def send_receipt(*, payment: Payment, user: PortalUser | None = None, language: str = "", asked: bool = False) -> bool:
    """Mail the receipt of a payment if the ISP wants that, or if it is `asked` for; say whether one is on its way."""
    if not (asked or PaymentSettings.load().confirms):
        return False
    isp, subscriber, profile = current_isp(), payment.subscriber, Profile.load()
    recipient = recipient_of(subscriber, isp=isp, email=address_of(subscriber, user=user), language=language)
    if not recipient.addresses:
        return False
    account = Account.objects.filter(subscriber=subscriber).first() or Account()
    language = language or isp.language
    with translation.override(language):
        shares = shares_of(payment)
    written = notify(
        event="payments/receipt",
        recipient=recipient,
        isp=isp,
        name=subscriber.full_name,
        payment=payment,
        shares=shares,
        account=account,
        total=payment.amount + payment.fee,
        company=profile.display_name or isp.name,
        profile=profile,
        from_name=profile.display_name or isp.name,
        reply_to=profile.email,
    )
    return bool(written)
