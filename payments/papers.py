"""The receipt of a payment as PDF, in the ISP's language and look."""

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.papers import Paper
from billing.papers.contents import Words, buyer_lines, frame, looks
from billing.services.invoices import buyer_of, seller_of
from company.models import InvoiceGroup
from payments.models import Payment
from payments.services.receipts import shares_of
from tenants.directory import IspRef


def of_receipt(payment: Payment, *, isp: IspRef) -> Paper:
    """What the printable receipt says. Loads what it needs."""
    with translation.override(isp.language):
        words, pictures, who = Words(isp, payment.currency), {}, payment.subscriber
        group = InvoiceGroup.objects.of(who.group_id)
        branding, logo = looks(group)
        data = frame(
            isp,
            title=f"{_('Receipt')} {payment.number}",
            heading=_("Receipt"),
            sub=str(payment.number),
            seller=seller_of(group),
            logo=logo,
            branding=branding,
            pictures=pictures,
        )
        method = payment.method.shown_name if payment.method else capfirst(payment.get_source_display())
        facts = [[_("Date"), words.day(payment.on)], [_("Payment method"), method]]
        if payment.reference:
            facts.append([_("Reference"), payment.reference])
        data |= {
            "buyer": buyer_lines(buyer_of(who)),
            "facts": facts,
            "void": _void(payment, words),
            "columns": [_("It was used for:").rstrip(":"), capfirst(_("amount"))],
            "lines": _lines(payment, words),
            "sums": _sums(payment, words),
            "total": [_("Paid in all"), words.money(payment.handed_over)],
        }
        return Paper("receipt", data["title"], data, pictures)


def _void(payment: Payment, words: Words) -> str:
    if payment.is_taken_back:
        return _("This payment was taken back. The receipt is not valid any more.")
    return f"{_('Of this payment went back:')} {words.money(payment.taken_back)}" if payment.taken_back else ""


def _lines(payment: Payment, words: Words) -> list[list[str]]:
    lines = [[share.title, words.money(share.amount)] for share in shares_of(payment)]
    if payment.credit_left:
        lines.append([_("Left over as credit"), words.money(payment.credit_left)])
    return lines


def _sums(payment: Payment, words: Words) -> list[list[str]]:
    if not payment.fee:
        return []
    return [[_("Amount"), words.money(payment.amount)], [_("Fee"), words.money(payment.fee)]]
