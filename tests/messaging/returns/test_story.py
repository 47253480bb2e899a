"""A mail goes out over SMTP, is taken, and comes back over SMTP; what became of it stands in the ISP's books."""

import smtplib
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from lab import returns as lab
from messaging.channels.platform_smtp.channel import PlatformSmtp
from messaging.models import ChannelAccount, EarlyEvent, Message, StoppedAddress
from messaging.outbox import turns
from messaging.returns.addresses import HEADER, Returned, complaints_address, takes
from tenants.models import ISP, Closing, Deletion


@pytest.fixture
def here(committed, serve, elsewhere, settings):
    """WispMega, whose mails go to the server elsewhere, and who takes what comes back."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", elsewhere.port
    elsewhere.back_to = serve().port
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    yield isp
    with isp_scope(isp), transaction.atomic():
        for model in (StoppedAddress, EarlyEvent, Message, AuditEntry):
            model.objects.all().delete()


def send(isp, to: str) -> Message:
    with isp_scope(isp):
        with transaction.atomic():
            message = Message.objects.create(to=to, subject="Su factura", text="Hola.", from_name="WispMega")
        turns.take_turn(isp_id=isp.pk, medium="email")
    return message


def test_two_mails_come_back_and_the_address_is_stopped(here, elsewhere):
    messages = [send(here, "Nadie@Mail.example") for _time in range(2)]
    for message, taken in zip(messages, elsewhere.taken, strict=True):
        assert takes(taken.sender) == Returned(here.pk, message.uuid)
        elsewhere.give_back(taken, lab.delivery_report(taken.content, final=taken.to))
    with isp_scope(here), transaction.atomic():
        assert {row.state for row in Message.objects.all()} == {"failed"}
        stopped = StoppedAddress.objects.get()
        assert (stopped.address, stopped.reason) == ("nadie@mail.example", "bounce")
        assert "User unknown" in stopped.said


def test_a_complaint_and_an_answer_from_the_beach(here, elsewhere):
    for to in ("ana@mail.example", "luis@mail.example"):
        send(here, to)
    angry, away = elsewhere.taken
    elsewhere.give_back(angry, lab.complaint(angry.content))
    elsewhere.give_back(away, lab.out_of_office(away.to))
    with isp_scope(here), transaction.atomic():
        assert list(StoppedAddress.objects.values_list("address", "reason")) == [("ana@mail.example", "complaint")]
        assert {row.state for row in Message.objects.all()} == {"sent"}


def test_nobody_can_say_that_another_mail_came_back(here, elsewhere):
    send(here, "ana@mail.example")
    taken = elsewhere.taken[0]
    local, _, domain = taken.sender.partition("@")
    forged = lab.Taken(f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}", taken.to, taken.content)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        elsewhere.give_back(forged, lab.complaint(taken.content))
    with isp_scope(here), transaction.atomic():
        assert not StoppedAddress.objects.exists()


@pytest.fixture
def closed(here):
    """WispMega is off the air, for thirty days until it is deleted."""
    with public_scope(), transaction.atomic():
        closing = Closing.objects.create(isp=here, reason="x", ends_at=timezone.now() + timedelta(days=30))
    yield closing
    with public_scope(), transaction.atomic():
        Deletion.objects.filter(isp_id=here.pk).delete()
        closing.delete()


def test_what_comes_back_to_an_isp_that_is_off_the_air_comes_again_when_it_is_back(here, elsewhere, closed):
    with isp_scope(here), transaction.atomic():
        message = Message.objects.create(to="ana@mail.example", subject="x", text="x", state="sent", channel="x")
    mine = Returned(here.pk, message.uuid)
    back = lab.Taken(mine.address, message.to, f"X-Lastmile-Return: {mine.key}\r\n\r\nHola.\r\n".encode())
    report = lab.complaint(back.content)
    for sender in (mine.address, complaints_address()):
        with pytest.raises(smtplib.SMTPDataError) as told:
            elsewhere.give_back(replace(back, sender=sender), report)
        assert (told.value.smtp_code, told.value.smtp_error[:5]) == (451, b"4.2.1")
    with public_scope(), transaction.atomic():
        Closing.objects.filter(pk=closed.pk).update(cancelled_at=timezone.now())
    elsewhere.give_back(back, report)
    with isp_scope(here), transaction.atomic():
        assert StoppedAddress.objects.get().address == "ana@mail.example"


def test_what_comes_back_to_an_isp_that_is_gone_for_good_is_refused_for_good(here, elsewhere, closed):
    with public_scope(), transaction.atomic():
        Deletion.objects.create(isp_id=here.pk, uuid=here.uuid, slug=here.slug, schema_name=here.schema_name)
    number = "6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d"
    for mine in (Returned(here.pk, UUID(number)), Returned(2**31, UUID(number))):
        back = lab.Taken(mine.address, "ana@mail.example", f"X-Lastmile-Return: {mine.key}\r\n\r\nx\r\n".encode())
        with pytest.raises(smtplib.SMTPDataError) as told:
            elsewhere.give_back(back, lab.complaint(back.content))
        assert (told.value.smtp_code, told.value.smtp_error[:5]) == (550, b"5.1.1")
        # A provider that is refused might send no complaints to anybody any more.
        elsewhere.give_back(replace(back, sender=complaints_address()), lab.complaint(back.content))


def test_people_see_the_sender_that_they_saw_before(here, elsewhere, settings):
    send(here, "ana@mail.example")
    settings.BOUNCE_DOMAIN = ""
    send(here, "ana@mail.example")
    with_own, without = (message_from_bytes(each.content, policy=policy.default) for each in elsewhere.taken)
    assert with_own["From"] == without["From"] == "WispMega <no-reply@localhost>"
    assert elsewhere.taken[1].sender == "no-reply@localhost"
    assert "bounces.lastmile.example" not in elsewhere.taken[0].content.decode()
    assert with_own[HEADER] == elsewhere.taken[0].sender.partition("@")[0]


def test_an_isps_own_server_gets_the_sender_that_it_knows(in_isp, settings):
    """Many servers refuse other senders than the login's; what comes back there is known by its headers."""
    from messaging.channels.own_smtp.channel import OwnSmtp

    settings.BOUNCE_DOMAIN = "bounces.lastmile.example"
    mine = Returned(in_isp.pk, "6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d")
    account = ChannelAccount.objects.create(channel="own_smtp", medium="email", values={"sender": "a@b.mx"})
    assert OwnSmtp(account.setup()).envelope_sender(mine) == ""
    assert account.setup().isp_id == in_isp.pk
    assert PlatformSmtp(account.setup()).setup.isp_id == in_isp.pk
