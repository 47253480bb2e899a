"""What templates of the money inbox need: reasons and refusals in words, amounts in any currency."""

from decimal import Decimal
from typing import Any

from babel.numbers import format_currency
from django import template
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.templatetags.ui import reader_locale
from payments.statements import sentence

register = template.Library()

REASONS: dict[str, Any] = {
    "invoice": _("Invoice %(number)s is named."),
    "subscriber": _("Subscriber number %(number)s is named."),
    "service": _("Service number %(number)s is named."),
    "report": _("A payment report of this amount waits, paid on %(on)s."),
    "paid": _("Payment %(number)s of this amount is booked already, of %(on)s: this is probably that money."),
    "payer": _("This account has paid for this customer before."),
    "near": _("“%(typed)s” is nearly %(meant)s."),
    "zeros": _("“%(typed)s” is %(meant)s without its zeros."),
    "name": _("The payer has the customer's name."),
    "only": _("Nobody else has an open invoice of this amount."),
    "sum_invoice": _("The amount is exactly what is open of it."),
    "sum_balance": _("The amount is exactly what the customer owes."),
    "sum_one": _("The amount is exactly what is open of one invoice."),
    "sum_several": _("The amount is exactly that of the %(count)s oldest invoices together."),
    "sum_less": _("%(difference)s less than what is open: a fee of the bank?"),
    "sum_more": _("%(difference)s more than what is open."),
    "settled": _("The customer owes nothing now: it would be credit."),
}


@register.filter
def reason(kept: dict[str, Any]) -> str:
    """A reason of a suggestion in the reader's language."""
    text, details = REASONS.get(str(kept.get("code", ""))), dict(kept.get("with", {}))
    if day := parse_date(str(details.get("on", ""))):
        details["on"] = date_format(day, "SHORT_DATE_FORMAT")
    try:
        return str(text) % details if text else ""
    except (KeyError, TypeError, ValueError):
        return str(text)


@register.filter
def refusal(trouble: dict[str, Any]) -> str:
    """Why a statement was not taken."""
    return sentence(trouble)


@register.simple_tag(takes_context=True)
def money_in(context: Any, amount: Decimal | None, currency: str) -> str:
    """An amount in a currency that need not be the ISP's, written as its country writes it."""
    if amount is None:
        return "–"
    isp = context.get("isp")
    return format_currency(
        amount, currency or (isp.currency if isp else "XXX"), locale=reader_locale(isp.country if isp else "")
    )
