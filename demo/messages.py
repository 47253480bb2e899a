"""Words of the companies of the demo: a reminder of their own, and which consent is the one to news."""

from core.scope import public_scope
from demo.companies import Company
from messaging.models import Medium
from messaging.services import texts
from subscribers.models import ConsentDocument
from subscribers.services import consents
from tenants.models import StaffUser

SPANISH = (
    "Hola, {{ name }}:\n\nle recordamos que {% if days_late %}**venció hace {{ days_late }} días**"
    "{% else %}pronto vence{% endif %} lo siguiente:\n\n{{ debts }}\n\n[Ver cómo pagar]({{ link }})\n\n"
    "¿Ya pagó? Entonces no tome en cuenta este mensaje.\n\n{{ company }}"
)
ENGLISH = (
    "Hello {{ name }},\n\nthis {% if days_late %}was **due {{ days_late }} days ago**{% else %}is due soon{% endif %}:"
    "\n\n{{ debts }}\n\n[See how to pay]({{ link }})\n\nYou have paid? Then never mind.\n\n{{ company }}"
)
REMINDER = {
    "es": ("{{ company }}: {{ total }} por pagar", SPANISH),
    "en": ("{{ company }}: {{ total }} to pay", ENGLISH),
}


def seed_messages(company: Company) -> None:
    """Write it down. Runs in the ISP's scope."""
    with public_scope():
        owner = StaffUser.objects.get(email=f"owner@{company.slug}.example")
    subject, text = REMINDER[company.language]
    what = {"event": "billing/reminder", "group": None, "language": company.language, "medium": Medium.EMAIL.value}
    texts.save_text(by=owner, **what, subject=subject, text=text.replace("**", "*"))
    texts.save_text(by=owner, **what, subject=subject, text=text)
    if document := ConsentDocument.objects.order_by("position", "pk").first():
        consents.change_document(by=owner, document=document, values={"is_for_news": True})
