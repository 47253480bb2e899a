"""What the companies of the demo wrote to many: done, paused half way, planned, and two drafts, one of them as SMS."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from core.scope import public_scope
from dashboard.sendings import Writer
from dashboard.services import sendings
from demo.companies import Company
from messaging.models import Message
from messaging.services import many
from subscribers.models import Sending, SendingLeftOut, Zone
from tenants.models import StaffUser

WORKS = {
    "es": ("Trabajos el domingo", "Hola {{ name }}:\n\nel domingo de 2 a 4 de la mañana mejoramos la red de su zona."),
    "en": ("Work on Sunday", "Hello {{ name }},\n\non Sunday from 2 to 4 in the morning we improve your network."),
}
OFFICE = {
    "es": ("Nueva oficina", "Hola {{ name }}:\n\n{{ company }} se muda el mes que viene. Su saldo: {{ balance }}."),
    "en": ("New office", "Hello {{ name }},\n\n{{ company }} moves next month. Your balance: {{ balance }}."),
}
HOLIDAYS = {
    "es": ("Horario de fiestas", "Hola {{ name }}:\n\nel 24 y el 31 atendemos hasta las 14:00. Felices fiestas."),
    "en": ("Holiday hours", "Hello {{ name }},\n\non the 24th and the 31st we are there until 2 p.m. Happy holidays."),
}
APP = {
    "es": ("Pague desde su celular", "Hola {{ name }}:\n\nvea y pague sus facturas en línea: {{ pay_url }}"),
    "en": ("Pay from your phone", "Hello {{ name }},\n\nsee and pay your bills online: {{ pay_url }}"),
}
SHORT = {
    "es": "{{ company }}: mañana habrá una interrupción de 10 minutos en su zona. Gracias por su comprensión.",
    "en": "{{ company }}: tomorrow your service will be down for 10 minutes – thank you for your patience 🙏",
}


def seed_sendings(company: Company) -> None:
    """Write them. Runs in the ISP's scope. What was sent is over, so that nothing of it leaves."""
    with public_scope():
        clerk = StaffUser.objects.get(email=f"owner@{company.slug}.example")
    zone = Zone.objects.order_by("pk").first()
    in_zone = {"audience": Sending.Audience.ZONE, "zone": zone}
    now = timezone.now()
    done = sendings.draft(by=clerk, values=in_zone | _words(WORKS, company))
    _write(done, done.total, at=now - timedelta(days=2), by=clerk.audit_label)
    paused = sendings.draft(by=clerk, values=_words(APP, company))
    _write(paused, paused.total // 3, at=now - timedelta(hours=3), by=clerk.audit_label)
    many.hold(paused.uuid)
    at = (timezone.localtime(timezone=ZoneInfo(company.timezone)) + timedelta(days=2)).replace(
        hour=9, minute=30, second=0, microsecond=0
    )
    planned = sendings.draft(by=clerk, values=_words(HOLIDAYS, company) | {"starts_at": at})
    Sending.objects.filter(pk=planned.pk).update(
        state=Sending.State.PLANNED, started_by=clerk.audit_label, promised_count=planned.total - 2, promised_price=0
    )
    sendings.draft(by=clerk, values=_words(OFFICE, company))
    sendings.draft(by=clerk, values=in_zone | {"medium": "sms", "text": SHORT[company.language]})


def _words(said: dict[str, tuple[str, str]], company: Company) -> dict[str, Any]:
    """In both languages."""
    subject, text = said[company.language]
    rest = {code: words for code, words in said.items() if code != company.language}
    others = {
        code: {"subject": words[0], "text": words[1], "approved": "", "holes": []} for code, words in rest.items()
    }
    return {"subject": subject, "text": text, "others": others}


def _write(row: Sending, position: int, *, at: Any, by: str) -> None:
    """Have it be that far, with its messages sent; short of its end it is paused, and the last ones wait."""
    writer = Writer(row)
    good, left_out = writer.sort_out(row.ids[:position])
    messages = list(writer.compose(good))
    is_done = position == row.total
    for n, each in enumerate(messages):
        if is_done or n < len(messages) - 4:
            each.state, each.sent_at, each.channel = Message.State.SENT, at, "platform_smtp"
    Message.objects.bulk_create(messages)
    Message.objects.of_sending(row.uuid).update(created_at=at)
    SendingLeftOut.objects.bulk_create(
        SendingLeftOut(sending=row, subscriber_id=key, reason=reason) for key, reason in left_out.items()
    )
    Sending.objects.filter(pk=row.pk).update(
        state=Sending.State.DONE if is_done else Sending.State.PAUSED,
        position=position,
        written=len(good),
        started_by=by,
        started_at=at,
        ended_at=at if is_done else None,
    )
