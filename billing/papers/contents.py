"""What stands on a paper: read from the database, in the ISP's language and look, as plain texts."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from billing.models import BillingSettings, Invoice
from billing.papers import payment_codes
from billing.services.invoices import buyer_of, seller_of
from billing.statements import Statement
from company.models import Branding, InvoiceGroup
from core.models import StoredFile
from core.templatetags.ui import ink_on, phone, reader_locale, text_on
from tenants.directory import IspRef

# Where letters are written on the American format.
LETTER = {"US", "CA", "MX", "CO", "CL", "VE", "PR", "GT", "HN", "SV", "NI", "CR", "PA", "DO", "PH"}


@dataclass(frozen=True)
class Paper:
    """A template's name, the texts for it, and its pictures by file name."""

    template: str
    title: str
    data: dict[str, Any]
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """What a browser calls the file."""
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in self.title) + ".pdf"


class Words:
    """Money and dates as the ISP's customers write them."""

    def __init__(self, isp: IspRef, currency: str) -> None:
        self.currency, self.locale = currency, reader_locale(isp.country)

    def money(self, amount: Decimal) -> str:
        return format_currency(amount, self.currency, locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, "medium", locale=self.locale)

    def number(self, number: Decimal) -> str:
        return format_decimal(number.normalize() + 0, locale=self.locale)

    def per_cent(self, rate: Decimal) -> str:
        return f"{self.number(rate)} %"

    def period(self, first: date | None, last: date | None) -> str:
        return f"{self.day(first)} – {self.day(last)}" if first and last else ""


def frame(isp: IspRef, *, title: str, heading: str, sub: str, seller: dict[str, str], logo: StoredFile | None,
           branding: Branding, pictures: dict[str, bytes]) -> dict[str, Any]:  # fmt: skip
    said = (phone(seller.get("phone", "")), seller.get("email"), seller.get("website"))
    contact = " · ".join(part for part in said if part)
    return {
        "title": title,
        "heading": heading,
        "sub": sub,
        "lang": isp.language,
        "paper": "us-letter" if isp.country.upper() in LETTER else "a4",
        "colour": branding.colour,
        "text_colour": text_on(branding.colour),
        "ink": ink_on(branding.colour, "#ffffff"),
        "brand": seller.get("name") or isp.name,
        "logo": _picture(logo, pictures),
        "seller": {
            "name": seller.get("name") or isp.name,
            "lines": [
                *_lines(seller.get("address", "")),
                *([f"{_('Tax ID')}: {seller['tax_id']}"] if seller.get("tax_id") else []),
            ],
        },
        "footer": "\n".join(part for part in (seller.get("footer", ""), contact) if part),
        "labels": {
            "seller": pgettext("on an invoice", "From"),
            "buyer": pgettext("on an invoice", "To"),
            "taxes": capfirst(_("tax")),
        },
    }


KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp"}


def _picture(logo: StoredFile | None, pictures: dict[str, bytes]) -> str | None:
    """The logo as a file beside the template; None where there is none, or one that cannot be drawn."""
    if logo is None:
        return None
    try:
        content = Path(logo.absolute_path).read_bytes()
    except OSError:
        return None
    kind = next((name for mark, name in KINDS.items() if content.startswith(mark)), "")
    if not kind:
        return None
    pictures[f"logo.{kind}"] = content
    return f"logo.{kind}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def looks(group: InvoiceGroup | None) -> tuple[Branding, StoredFile | None]:
    """Colour and logo, which may be the group's own. Two queries at most."""
    branding = Branding.objects.select_related("logo").filter(pk=1).first() or Branding(pk=1)
    return branding, (group.logo if group and group.logo_id else branding.logo)


def buyer_lines(buyer: dict[str, str]) -> dict[str, Any]:
    lines = _lines(buyer.get("address", "").replace(" · ", "\n"))
    if buyer.get("tax_id"):
        lines.append(f"{_('Tax ID')}: {buyer['tax_id']}")
    lines.append(f"{_('Subscriber number')}: {buyer.get('number', '')}")
    return {"name": buyer.get("name", ""), "lines": lines}


def of_invoice(invoice: Invoice, *, isp: IspRef) -> Paper:
    """An invoice or credit note as PDF shows it. Loads what it needs."""
    with translation.override(isp.language):
        words, pictures = Words(isp, invoice.currency), {}
        is_note = invoice.kind == Invoice.Kind.CREDIT_NOTE
        heading = _("Credit note") if is_note else _("Invoice")
        branding, logo = looks(invoice.group)
        data = frame(
            isp,
            title=f"{heading} {invoice.number}",
            heading=heading,
            sub=invoice.number,
            seller=invoice.seller,
            logo=logo,
            branding=branding,
            pictures=pictures,
        )
        facts = [[_("Date"), words.day(invoice.issued_on)]]
        if is_note and invoice.credits:
            facts.append([_("For invoice"), invoice.credits.number])
        elif not is_note:
            facts.append([_("Due date"), words.day(invoice.due_on)])
        data |= {
            "buyer": buyer_lines(invoice.buyer),
            "facts": facts,
            "columns": [_("Description"), _("Quantity"), _("Price"), capfirst(_("tax")), capfirst(_("amount"))],
            "note": invoice.note,
            **_amounts(invoice, words),
            **_payment(invoice, isp, words, pictures),
        }
        return Paper("invoice", data["title"], data, pictures)


def _amounts(invoice: Invoice, words: Words) -> dict[str, Any]:
    lines, by_rate = [], defaultdict(lambda: [Decimal(0), Decimal(0)])
    for line in invoice.lines.all():
        by_rate[line.tax_rate][0] += line.net
        by_rate[line.tax_rate][1] += line.tax
        lines.append(
            {
                "text": line.text,
                "period": words.period(line.period_from, line.period_to),
                "quantity": words.number(line.quantity),
                "price": words.money(line.unit_price),
                "tax": words.per_cent(line.tax_rate),
                "amount": words.money(line.amount),
            }
        )
    has_tax = any(rate for rate in by_rate)
    sums = [[_("Without tax"), words.money(invoice.net)], [capfirst(_("tax")), words.money(invoice.tax)]]
    return {
        "lines": lines,
        "tax_columns": [_("Rate"), _("Without tax"), capfirst(_("tax"))] if has_tax else [],
        "taxes": [
            [words.per_cent(rate), words.money(net), words.money(tax)] for rate, (net, tax) in sorted(by_rate.items())
        ]
        if has_tax
        else [],
        "sums": sums if has_tax else [],
        "total": [_("Total"), words.money(invoice.total)],
    }


def _payment(invoice: Invoice, isp: IspRef, words: Words, pictures: dict[str, bytes]) -> dict[str, Any]:
    """How what is still open can be paid."""
    nothing: dict[str, Any] = {"qr": None, "pay": [], "pay_title": "", "pay_hint": ""}
    if invoice.kind == Invoice.Kind.CREDIT_NOTE or not invoice.open:
        return nothing
    code = payment_codes.code_of(invoice, isp=isp, iban=BillingSettings.load().iban)
    pictures["qr.svg"] = code.drawing()
    pay = [[_("To pay"), words.money(invoice.open)], [_("Until"), words.day(invoice.due_on)]]
    if code.iban:
        pay += [["IBAN", code.iban], [_("Reference"), code.reference]]
    hint = _("Scan it with the app of your bank.") if code.iban else _("Scan it with your phone to see and pay it.")
    return {"qr": "qr.svg", "pay": pay, "pay_title": _("Pay this invoice"), "pay_hint": hint}


def of_statement(statement: Statement, *, isp: IspRef) -> Paper:
    """A statement of account as PDF shows it. Loads what it needs."""
    with translation.override(isp.language):
        words, pictures, who = Words(isp, isp.currency), {}, statement.subscriber
        group = InvoiceGroup.objects.of(who.group_id)
        branding, logo = looks(group)
        period = words.period(statement.first, statement.last)
        title = f"{_('Statement of account')} {who.number} {statement.first} {statement.last}"
        data = frame(
            isp,
            title=title,
            heading=_("Statement of account"),
            sub=period,
            seller=seller_of(group),
            logo=logo,
            branding=branding,
            pictures=pictures,
        )
        closing = statement.closing
        data |= {
            "buyer": buyer_lines(buyer_of(who)),
            "facts": [[_("Balance before"), words.money(statement.opening)]],
            "columns": [_("Date"), _("Entry"), _("Owed"), _("Paid"), _("Balance")],
            "lines": [
                {
                    "on": words.day(row.on),
                    "kind": capfirst(row.get_kind_display()),
                    "text": row.text,
                    "debit": words.money(row.amount) if row.amount > 0 else "",
                    "credit": words.money(-row.amount) if row.amount < 0 else "",
                    "balance": words.money(row.after),  # type: ignore[attr-defined]
                }
                for row in statement.rows()
            ],
            "nothing": _("No entries in this time."),
            "total": [_("In your favour") if closing < 0 else _("To pay"), words.money(abs(closing))],
        }
        return Paper("statement", title, data, pictures)
