"""PDFs: what stands on them, in whose language and look, and that no text of a customer is taken for a command."""

import io
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from billing.models import BillingSettings, InvoiceLine
from billing.papers import of_invoice, of_statement, payment_codes, render
from billing.services import invoices
from billing.statements import statement
from company.models import Branding, Profile
from core import uploads
from payments.services import payments
from tenants.directory import IspRef
from tests.factories.subscribers import InvoiceGroupFactory, ServiceFactory, SubscriberFactory

DAY = date(2026, 3, 1)
HOSTILE = '#panic("x") $a^2$ *b* _c_ <label> @ref `raw` \\ // /* "q" #{1+1} [z] = h - i #sys.inputs ~ \u202e'


def ref_of(isp, **values):
    said = {"country": "MX", "language": "es", "currency": "MXN", "timezone": "America/Mexico_City", **values}
    return IspRef(isp.pk, isp.uuid, isp.slug, isp.schema_name, isp.name, is_suspended=False, **said)


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def issue(person, **more):
    service = ServiceFactory(subscriber=person)
    lines = [
        invoices.Line(
            text="Hogar 100",
            unit_price=Decimal("499.00"),
            tax_rate=Decimal(16),
            kind=InvoiceLine.Kind.SERVICE,
            service=service,
            period_from=DAY,
            period_to=date(2026, 3, 31),
        ),
        invoices.Line(text="Router", unit_price=Decimal("100.00"), quantity=Decimal(2)),
    ]
    said = {"currency": "MXN", **more}
    return invoices.issue_invoice(by=None, subscriber=person, lines=said.pop("lines", lines), on=DAY, **said)


def logo():
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "#d6336c").save(picture, "PNG")
    return uploads.store(SimpleUploadedFile("logo.png", picture.getvalue(), "image/png"), kinds=uploads.PICTURES)


def test_an_invoice_says_all_that_it_has_to_in_the_language_of_the_isp(in_isp):
    Profile.objects.create(
        pk=1, legal_name="WispMega S.A. de C.V.", tax_id="WME010101AB1", address="Av. Juárez 5\nPuebla", phone="+52 222"
    )
    Branding.objects.create(pk=1, colour="#d6336c", logo=logo())
    group = InvoiceGroupFactory(number_prefix="A-", legal_name="Mega Empresas S.A.", footer="Gracias por su pago.")
    person = SubscriberFactory(group=group, first_name="Ana", last_name="Núñez", tax_id="NUAA800101")
    invoice = issue(person)
    paper = of_invoice(invoice, isp=ref_of(in_isp))
    assert paper.file_name == "Factura-A-000001.pdf"
    assert set(paper.pictures) == {"logo.png", "qr.svg"}
    text = text_of(render(paper))
    for part in ("Factura", "A-000001", "Mega Empresas S.A.", "WME010101AB1", "Av. Juárez 5", "Ana Núñez", "NUAA800101",
                 "Hogar 100", "1 mar 2026 – 31 mar 2026", "16 %", "$630.17", "$68.83", "$699.00",
                 "Gracias por su pago.", "11 mar 2026", "Router"):  # fmt: skip
        assert part in text, part
    english = text_of(render(of_invoice(invoice, isp=ref_of(in_isp, language="en", country="US"))))
    assert "Invoice" in english
    assert "Mar 1, 2026" in english


def test_no_text_is_taken_for_a_command(in_isp):
    Profile.objects.create(pk=1, legal_name=HOSTILE[:60], address=HOSTILE)
    person = SubscriberFactory(first_name=HOSTILE[:40], last_name="L", address=HOSTILE[:90])
    invoice = issue(person, lines=[invoices.Line(text=HOSTILE, unit_price=Decimal(5))], note=HOSTILE)
    text = text_of(render(of_invoice(invoice, isp=ref_of(in_isp))))
    for part in ('#panic("x")', "$a^2$", "*b*", "_c_", "<label>", "@ref", "`raw`", "//", "#{1+1}", "#sys.inputs"):
        assert part in text, part
    # The control: in the source of a template the same text is a command.
    import typst

    with pytest.raises(typst.TypstError, match="panicked"):
        typst.compile(HOSTILE.encode())


def test_a_credit_note_names_its_invoice_and_asks_for_nothing(in_isp):
    invoice = issue(SubscriberFactory())
    note = invoices.credit_invoice(by=None, invoice=invoice, on=DAY, reason="Corte", amount=Decimal(50))
    paper = of_invoice(note, isp=ref_of(in_isp))
    text = text_of(render(paper))
    assert "Nota de crédito" in text
    assert invoice.number in text
    assert "qr.svg" not in paper.pictures
    assert "Pagar esta factura" not in text


def test_the_code_leads_to_the_invoice_or_is_an_order_for_the_bank(in_isp):
    invoice = issue(SubscriberFactory(), currency="CZK")
    code = payment_codes.code_of(invoice, isp=ref_of(in_isp), iban="")
    assert (code.iban, code.reference) == ("", "")
    iban = "CZ6508000000192000145399"
    invoice.seller["name"] = "Síť*Plzeň s.r.o."
    assert payment_codes.spayd(invoice, iban, "1") == (
        "SPD*1.0*ACC:CZ6508000000192000145399*AM:699.00*CC:CZK*DT:20260311*X-VS:1*MSG:SITPLZEN S.R.O. 000001"
    )
    BillingSettings.objects.create(pk=1, iban=iban)
    text = text_of(render(of_invoice(invoice, isp=ref_of(in_isp, country="CZ", currency="CZK"))))
    assert iban in text
    assert payment_codes.reference_of("FV-2026-000123") == "2026000123"
    invoice.currency = "EUR"
    assert payment_codes.code_of(invoice, isp=ref_of(in_isp), iban="DE89370400440532013000").iban


def test_a_statement_begins_with_the_balance_before_and_ends_with_the_one_after(in_isp):
    person = SubscriberFactory()
    issue(person)
    said = {"by": None, "subscriber": person, "currency": "MXN", "source": "desk"}
    payments.register_payment(amount=Decimal(200), on=date(2026, 3, 5), **said)
    payments.register_payment(amount=Decimal(600), on=date(2026, 4, 5), **said)
    found = statement(person, first=date(2026, 3, 2), last=date(2026, 3, 31))
    assert (found.opening, found.closing) == (699, 499)
    assert [row.after for row in found.rows()] == [499]
    later = statement(person, first=date(2026, 4, 1), last=date(2026, 4, 30))
    assert (later.opening, later.closing) == (499, -101)
    text = text_of(render(of_statement(later, isp=ref_of(in_isp))))
    assert "Estado de cuenta" in text
    assert "$600.00" in text
    assert "A su favor" in text


def test_an_invoice_of_many_lines_goes_over_several_pages(in_isp):
    lines = [invoices.Line(text=f"Línea {n}", unit_price=Decimal(n)) for n in range(1, 91)]
    pdf = render(of_invoice(issue(SubscriberFactory(), lines=lines), isp=ref_of(in_isp)))
    assert len(pypdfium2.PdfDocument(pdf)) > 1
    assert "Línea 90" in text_of(pdf)
