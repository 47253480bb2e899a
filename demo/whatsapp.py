"""WhatsApp of the demo: a Meta of its own for each ISP, with approved texts that have a header and a button to pay."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone, translation

from core.scope import isp_scope, public_scope
from dashboard.message_samples import context_for
from dashboard.services import sendings
from domains.links import portal_url
from lab.meta import Meta, template
from messaging.approved_texts import Shelf
from messaging.models import ChannelAccount, Medium, Message
from messaging.occasions import EVENTS
from messaging.reader import Reader
from messaging.services import approvals, texts
from messaging.services.channel_accounts import connect_channel
from messaging.texts import language_for, words_for
from subscribers.models import Sending, Subscriber
from tenants.directory import IspRef, reference
from tenants.models import ISP, StaffUser

REMINDER = "billing/reminder"
DUE = {
    "es": ("factura_por_pagar", "Por pagar: {{1}}", "Ver y pagar", "Ya pagué", "Responda BAJA para no recibir más"),
    "en": ("bill_to_pay", "To pay: {{1}}", "See and pay", "I have paid", "Answer STOP to get no more of these"),
}
WORDS = {
    "es": "Hola, {{1}}:\n\nle recordamos que debe *{{2}}*, con vencimiento el {{3}}. Gracias por su pago puntual.",
    "en": "Hello {{1}},\n\nthis is to remind you of *{{2}}*, due on {{3}}. Thank you for paying in time.",
}
SAID = {
    "header:1": "{{ invoices }}",
    "body:1": "{{ name }}",
    "body:2": "{{ total }}",
    "body:3": "{{ due_on }}",
    "url:0": "{{ link }}",
}
BALANCE = {
    "es": ("saldo_del_cliente", "Hola, {{1}}: su saldo con {{2}} es de *{{3}}*.", "Pagar en línea"),
    "en": ("your_balance", "Hello {{1}}, your balance with {{2}} is *{{3}}*.", "Pay online"),
}
OWED = {"body:1": "{{ name }}", "body:2": "{{ company }}", "body:3": "{{ balance }}", "url:0": "{{ pay_url }}"}


def connect_whatsapp(metas: dict[str, Meta]) -> None:
    """Give each ISP whose texts we write a Meta, by the number of its phone, and connect those that are not yet."""
    with public_scope():
        isps = [reference(isp) for isp in ISP.objects.with_state().order_by("pk")]
    for isp in isps:
        if isp.is_suspended:
            continue
        number = str(100_000 + isp.pk)
        with isp_scope(isp):
            language = language_for(isp.language)
            metas[number] = Meta(_rows(isp, language), isp.name)
            with transaction.atomic():
                is_connected = ChannelAccount.objects.filter(channel="whatsapp").exists()
            if not is_connected:
                _connect(isp, number, language)


def _rows(isp: IspRef, language: str) -> list[dict[str, Any]]:
    """What Meta has of an ISP: two good ones, and of each kind that cannot be sent one."""
    code = f"es_{isp.country}" if language == "es" else "en_US"
    base = portal_url(isp, "/{{1}}")
    name, header, pay, paid, footer = DUE[language]
    button = {"type": "URL", "text": pay, "url": base}
    body = {"type": "BODY", "text": WORDS[language]}
    due = [
        {"type": "HEADER", "format": "TEXT", "text": header},
        body,
        {"type": "FOOTER", "text": footer},
        {"type": "BUTTONS", "buttons": [button, {"type": "QUICK_REPLY", "text": paid}]},
    ]
    other, said, online = BALANCE[language]
    elsewhere = {**button, "url": "https://pay.example/{{1}}"}
    return [
        template(name, code, *due),
        template(
            other, code, {"type": "BODY", "text": said}, {"type": "BUTTONS", "buttons": [{**button, "text": online}]}
        ),
        template("hello_world", "en_US", {"type": "BODY", "text": "Hello World"}),
        template(f"{name}_pdf", code, {"type": "HEADER", "format": "DOCUMENT"}, body),
        template(f"{name}_2", code, body, {"type": "BUTTONS", "buttons": [elsewhere]}),
        template(f"{name}_3", code, body, status="PAUSED", category="MARKETING"),
    ]


def _connect(isp: IspRef, number: str, language: str) -> None:
    typed = {"phone": number, "business": number, "token": f"isp{isp.uuid}", "app_secret": "demo"}
    account = connect_channel(by=None, channel="whatsapp", values=typed, at=timezone.now())
    approvals.fetch_templates(account=account, at=timezone.now())
    with public_scope():
        owner = StaffUser.objects.get(email=f"owner@{isp.slug}.example")
    with transaction.atomic():
        ChannelAccount.objects.filter(pk=account.pk).update(price="0.15" if isp.currency == "MXN" else "20")
        keys = {each.row.name: each.key for each in Shelf().all}
        what = {"event": REMINDER, "group": None, "language": language, "medium": Medium.WHATSAPP.value}
        key = keys[DUE[language][0]]
        texts.save_text(by=owner, **what, subject="", text=_read(key, SAID), approved=key, holes=SAID)
        _remind(isp)
        key = keys[BALANCE[language][0]]
        words = {"text": _read(key, OWED), "approved": key, "holes": OWED}
        sendings.draft(by=owner, values={"medium": Medium.WHATSAPP, "kind": Sending.Kind.SERVICE, **words})


def _read(key: str, holes: dict[str, str]) -> str:
    return Shelf().by_key[key].said(holes).plain


def _remind(isp: IspRef) -> None:
    """A few customers who were reminded so two days ago."""
    event, sent_at = EVENTS[REMINDER], timezone.now() - timedelta(days=2, hours=3)
    for person in Subscriber.objects.exclude(mobile="").order_by("number")[:3]:
        with translation.override(isp.language):
            context = context_for(event, person, Reader(isp))
        words = words_for(event, Medium.WHATSAPP, language=isp.language, context=context)
        message = Message.objects.create(
            medium=Medium.WHATSAPP,
            to=person.mobile,
            text=words.text,
            data=dict(words.data),
            language=isp.language,
            state=Message.State.DELIVERED,
            channel="whatsapp",
            occasion=REMINDER,
            kind=event.kind,
            subscriber_key=person.pk,
            attempts=1,
            segments=1,
            sent_at=sent_at,
            delivered_at=sent_at + timedelta(seconds=4),
        )
        Message.objects.filter(pk=message.pk).update(created_at=sent_at)
