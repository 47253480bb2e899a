"""The QR code of an invoice: what a bank's app reads where one standard holds, else the address of the invoice."""

import io
import re
import unicodedata
from dataclasses import dataclass

import segno
from segno import helpers

from billing.models import Invoice
from domains.links import portal_url
from tenants.directory import IspRef


@dataclass(frozen=True)
class Code:
    """`iban` and `reference` are set where it is an order for a bank."""

    symbol: segno.QRCode
    iban: str = ""
    reference: str = ""

    def drawing(self) -> bytes:
        """As SVG."""
        out = io.BytesIO()
        self.symbol.save(out, kind="svg", border=1, scale=4)
        return out.getvalue()


def reference_of(number: str) -> str:
    """The last ten digits of an invoice's number, which banks carry along as the variable symbol."""
    return re.sub(r"\D", "", number)[-10:].lstrip("0") or "0"


def code_of(invoice: Invoice, *, isp: IspRef, iban: str) -> Code:
    """The code for what is open of an invoice. Loads the entry."""
    if iban and invoice.currency == "CZK":
        reference = reference_of(invoice.number)
        return Code(segno.make(spayd(invoice, iban, reference), error="m", micro=False), iban, reference)
    if iban and invoice.currency == "EUR":
        name = (invoice.seller.get("name") or isp.name)[:70]
        return Code(
            helpers.make_epc_qr(name, iban, invoice.open, text=invoice.number, encoding="utf-8"), iban, invoice.number
        )
    return Code(segno.make(portal_url(isp, f"/invoices/{invoice.uuid}/"), error="m", micro=False))


def spayd(invoice: Invoice, iban: str, reference: str) -> str:
    """The Czech short payment descriptor, "QR Platba". Asterisks part its fields, so none may be in a text."""
    plain = unicodedata.normalize("NFKD", f"{invoice.seller.get('name', '')} {invoice.number}")
    message = re.sub(r"[^A-Z0-9 $%+\-./:]", "", plain.encode("ascii", "ignore").decode().upper())
    fields = {
        "ACC": iban.replace(" ", ""),
        "AM": f"{invoice.open:.2f}",
        "CC": invoice.currency,
        "DT": invoice.due_on.strftime("%Y%m%d"),
        "X-VS": reference,
        "MSG": message.strip()[:60],
    }
    return "*".join(["SPD", "1.0", *(f"{name}:{value}" for name, value in fields.items())])
