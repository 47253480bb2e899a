"""What the companies of the demo wrote to many: a sending that is done, and a draft."""

from datetime import timedelta

from django.utils import timezone

from core.scope import public_scope
from dashboard.sendings import Writer
from dashboard.services import sendings
from demo.companies import Company
from messaging.models import Message
from subscribers.models import Sending, SendingLeftOut, Zone
from tenants.models import StaffUser

WORDS = {
    "es": (
        ("Trabajos el domingo", "Hola {{ name }}:\n\nel domingo de 2 a 4 de la mañana mejoramos la red de su zona."),
        ("Nueva oficina", "Hola {{ name }}:\n\n{{ company }} se muda el mes que viene. Su saldo: {{ balance }}."),
    ),
    "en": (
        (
            "Work on Sunday",
            "Hello {{ name }},\n\non Sunday from 2 to 4 in the morning we improve your network.",
        ),
        ("New office", "Hello {{ name }},\n\n{{ company }} moves next month. Your balance: {{ balance }}."),
    ),
}


def seed_sendings(company: Company) -> None:
    """Write both. Runs in the ISP's scope. What was sent is over, so that nothing of it leaves."""
    with public_scope():
        clerk = StaffUser.objects.get(email=f"owner@{company.slug}.example")
    (subject, text), (later, later_text) = WORDS[company.language]
    zone = Zone.objects.order_by("pk").first()
    values = {"audience": Sending.Audience.ZONE, "zone": zone, "subject": subject, "text": text}
    done = sendings.draft(by=clerk, values=values)
    at = timezone.now() - timedelta(days=2)
    writer = Writer(done)
    good, left_out = writer.sort_out(done.ids)
    messages = list(writer.compose(good))
    for each in messages:
        each.state, each.sent_at, each.channel = Message.State.SENT, at, "platform_smtp"
    Message.objects.bulk_create(messages)
    Message.objects.of_sending(done.uuid).update(created_at=at)
    SendingLeftOut.objects.bulk_create(
        SendingLeftOut(sending=done, subscriber_id=key, reason=reason) for key, reason in left_out.items()
    )
    Sending.objects.filter(pk=done.pk).update(
        state=Sending.State.DONE,
        position=done.total,
        written=len(good),
        started_by=clerk.audit_label,
        started_at=at,
        ended_at=at,
    )
    sendings.draft(by=clerk, values={"subject": later, "text": later_text})
