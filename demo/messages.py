"""Words of the companies of the demo: a reminder of their own, and which consent is the one to news."""

from datetime import timedelta

from django.utils import timezone

from core.scope import public_scope
from demo.companies import Company
from messaging.channels.words import word_of
from messaging.models import Medium, Message, ReceivedMessage, StoppedAddress
from messaging.services import texts
from subscribers.models import ConsentDocument, Subscriber
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
    _stop_an_address(company)
    _hear_answers(company)
    if document := ConsentDocument.objects.order_by("position", "pk").first():
        consents.change_document(by=owner, document=document, values={"is_for_news": True})


def _stop_an_address(company: Company) -> None:
    """A customer whose mailbox is gone: a receipt came back, and nothing more is sent there."""
    person = Subscriber.objects.exclude(email="").order_by("-number").first()
    if person is None:
        return
    subject = {"es": "Recibo de su pago"}.get(company.language, "Receipt of your payment")
    said = "NoSuchAddress: 550 5.1.1 The email account does not exist"
    mail = Message.objects.create(
        to=person.email,
        subject=subject,
        text=f"{subject}.\n",
        state=Message.State.FAILED,
        attempts=1,
        error=said,
        occasion="payments/receipt",
        subscriber_key=person.pk,
    )
    StoppedAddress.objects.create(
        medium=Medium.EMAIL,
        address=person.email.lower(),
        reason=StoppedAddress.Reason.BOUNCE,
        said=said.partition(": ")[2],
        message=mail,
    )


ANSWERS = {
    "es": ["Buenas tardes, ya pagué ayer en el OXXO, ¿mando el recibo?", "Mañana después de las 4 por favor", "Alta"],
    "en": ["Good afternoon, I paid yesterday at the shop. Shall I send the receipt?", "After 4 pm please", "Start"],
}


def _hear_answers(company: Company) -> None:
    """What a few customers wrote back, one of them that messages are wanted again."""
    now = timezone.now()
    people = Subscriber.objects.exclude(mobile="").order_by("number")[:3]
    for place, (person, text) in enumerate(zip(people, ANSWERS.get(company.language, ANSWERS["en"]), strict=False)):
        at = now - timedelta(hours=3 + 17 * place)
        ReceivedMessage.objects.create(
            medium=Medium.SMS,
            channel="twilio",
            number_there=f"SM-demo-{place}",
            sender=person.mobile,
            text=text,
            word=word_of(text) or "",
            at=at,
            received_at=at,
        )
