"""The receipt as PDF: what stands on it, in whose language and look, and who gets it."""

from decimal import Decimal

import pypdfium2

from billing.models import LedgerEntry
from billing.papers import render
from company.models import Branding, Profile
from core.scope import isp_scope
from payments.papers import of_receipt
from payments.services.payments import take_back_payment
from tenants.roles import Role
from tests.billing.test_papers import HOSTILE, logo, ref_of, text_of
from tests.dashboard.settings_pages import staff_client
from tests.dashboard.settings_pages import text_of as page_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.payments import DAY, bill, pay
from tests.factories.subscribers import InvoiceGroupFactory, SubscriberFactory


def test_a_receipt_says_all_that_it_has_to_in_the_language_and_look_of_the_isp(in_isp):
    Profile.objects.create(pk=1, legal_name="WispMega S.A.", tax_id="WME010101AB1", address="Av. Juárez 5\nPuebla")
    Branding.objects.create(pk=1, colour="#d6336c", logo=logo())
    person = SubscriberFactory(group=InvoiceGroupFactory(footer="Gracias."), first_name="Ana", last_name="Núñez")
    invoice = bill(person, "499")
    method = PaymentMethodFactory(name="Efectivo")
    payment = pay(person, "520.50", fee=Decimal("10"), reference="OX-77", method=method)
    paper = of_receipt(payment, isp=ref_of(in_isp))
    assert paper.file_name == f"Recibo-{payment.number}.pdf"
    assert (set(paper.pictures), paper.data["colour"]) == ({"logo.png"}, "#d6336c")
    text = text_of(render(paper))
    for part in ("Recibo", "WME010101AB1", "Ana Núñez", "1 mar 2026", "Efectivo", "OX-77", invoice.number, "$499.00",
                 "$21.50", "$520.50", "$10.00", "$530.50", "Gracias."):  # fmt: skip
        assert part in text, part
    english = text_of(render(of_receipt(payment, isp=ref_of(in_isp, language="en", country="US"))))
    assert "Receipt" in english
    assert "Mar 1, 2026" in english


def test_one_of_a_payment_that_was_taken_back_says_so(in_isp):
    payment = pay(SubscriberFactory(), "100")
    kind = LedgerEntry.Kind.TAKEN_BACK
    take_back_payment(by=None, payment=payment, kind=kind, on=DAY, reason="x", amount=Decimal(40))
    payment.refresh_from_db()
    said = of_receipt(payment, isp=ref_of(in_isp, language="en")).data
    assert "$40.00" in said["void"]
    take_back_payment(by=None, payment=payment, kind=kind, on=DAY, reason="x")
    payment.refresh_from_db()
    said = of_receipt(payment, isp=ref_of(in_isp, language="en")).data
    assert "not valid" in text_of(render(of_receipt(payment, isp=ref_of(in_isp, language="en"))))
    assert said["lines"] == []


def test_what_people_write_is_never_a_command(in_isp):
    person = SubscriberFactory(first_name=HOSTILE[:50])
    payment = pay(person, "100", reference=HOSTILE[:110])
    assert render(of_receipt(payment, isp=ref_of(in_isp))).startswith(b"%PDF")


def test_staff_reach_it_from_the_receipt_to_print(isp):
    with isp_scope(isp):
        payment = pay(SubscriberFactory(), "100")
    client = staff_client(isp, Role.BILLING)
    address = f"/wispmega/payments/{payment.number}/receipt/"
    assert f'href="{address}pdf/"' in page_of(client.get(address))
    answer = client.get(f"{address}pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert len(pypdfium2.PdfDocument(answer.content)) == 1
