"""Words of the companies of the demo: a reminder of their own, and which consent is the one to news."""

from datetime import timedelta

from django.utils import timezone

from core.scope import public_scope
from demo.companies import Company
from messaging.channels.reasons import said
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
    """A customer whose mailbox is gone: two mails came back hours later, and nothing more is sent there."""
    person = Subscriber.objects.exclude(email="").order_by("-number").first()
    if person is None:
        return
    why = said("550 5.1.1 The email account that you tried to reach does not exist").kept
    spanish, english = ("Recibo de su pago", "Recordatorio de pago"), ("Receipt of your payment", "Reminder")
    subjects = spanish if company.language == "es" else english
    for subject, occasion, days in zip(subjects, ("payments/receipt", "billing/reminder"), (33, 2), strict=True):
        sent_at = timezone.now() - timedelta(days=days)
        mail = Message.objects.create(
            to=person.email,
            subject=subject,
            text=f"{subject}.\n",
            state=Message.State.FAILED,
            attempts=1,
            error=f"NoSuchAddress: {why}",
            occasion=occasion,
            subscriber_key=person.pk,
            channel="platform_smtp",
            sent_at=sent_at,
            returned_at=sent_at + timedelta(hours=5, minutes=12),
        )
        Message.objects.filter(pk=mail.pk).update(created_at=sent_at, number_there=str(mail.uuid))
    StoppedAddress.objects.create(
        medium=Medium.EMAIL,
        address=person.email.lower(),
        reason=StoppedAddress.Reason.BOUNCE,
        said=why,
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
