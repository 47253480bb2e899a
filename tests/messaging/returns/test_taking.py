"""What a report does to the mail that it speaks of, to its address, and to nobody else."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from lab import returns as lab
from messaging.channels.base import Fate, Taken
from messaging.models import EarlyEvent, Message, StoppedAddress
from messaging.outbox import fates
from messaging.outbox.carriers import Carrier, Outcome, carrier_of
from messaging.outbox.results import write_down
from messaging.returns import reports
from messaging.returns.addresses import Returned
from messaging.returns.reports import Report
from messaging.services import release_address, resend, write_message
from messaging.services.returned import HEEDED, NobodysAnyMore, OffTheAir, take_report, take_return
from tenants.models import IspSuspension

GONE = Report(Fate.BOUNCED, "550 5.1.1 User unknown")
FULL = Report(Fate.FAILED, "552 5.2.2 Mailbox full")
SPAM = Report(Fate.COMPLAINED, "abuse: Provider")


def sent(to="ana@mail.example", **fields) -> Message:
    """A mail that the platform's server took."""
    uuid = fields.setdefault("uuid", uuid4())
    values = {"state": "sent", "channel": "platform_smtp", "sent_at": timezone.now(), "number_there": str(uuid)}
    return Message.objects.create(to=to, subject="Su factura", text="x", **values | fields)


def take(message: Message, report: Report, *, number: str = "", at=None) -> Message:
    take_return(number=number or message.number_there, report=report, at=at or timezone.now())
    message.refresh_from_db()
    return message


def test_two_mails_that_found_nobody_stop_the_address(in_isp):
    first, second = sent(), sent("Ana@Mail.example")
    take(first, GONE)
    assert (first.state, first.error) == ("failed", "NoSuchAddress: “550 5.1.1 User unknown”")
    assert first.returned_at is not None
    assert not StoppedAddress.objects.exists()
    take(second, GONE)
    stopped = StoppedAddress.objects.get()
    assert (stopped.address, stopped.reason, stopped.said) == ("ana@mail.example", "bounce", "“550 5.1.1 User unknown”")
    assert stopped.message == second
    assert write_message(medium="email", to="ana@mail.example", text="x").state == "stopped"
    assert AuditEntry.objects.filter(verb="messaging.address.stopped").count() == 1


def test_the_same_report_twice_is_one(in_isp):
    message = sent()
    for _time in range(3):
        take(message, GONE)
    assert message.state == "failed"
    assert not StoppedAddress.objects.exists()


def test_one_that_was_refused_at_once_and_one_that_came_back_are_two(in_isp):
    sent(state="failed", error="NoSuchAddress: 550 5.1.1 no", channel="", number_there="")
    take(sent(), GONE)
    assert StoppedAddress.objects.filter(address="ana@mail.example").exists()


def test_other_refusals_end_the_mail_alone_with_the_servers_words(in_isp):
    for _time in range(3):
        message = take(sent(), FULL)
    assert (message.state, message.error) == ("failed", "“552 5.2.2 Mailbox full”")
    assert not StoppedAddress.objects.exists()


def test_a_complaint_stops_the_address_at_once_and_the_mail_stays_as_it_was(in_isp):
    message = take(sent(), SPAM)
    assert (message.state, message.error) == ("sent", "")
    assert message.returned_at is not None
    assert StoppedAddress.objects.get().reason == "complaint"
    waiting = write_message(medium="email", to="ana@mail.example", text="x", has_secret=True)
    assert (waiting.state, waiting.error) == ("stopped", "Stopped:complaint")


def test_a_report_that_comes_before_the_mail_is_written_down_as_sent(in_isp):
    message = sent(state="sending", channel="", number_there="", attempts=1)
    take(message, GONE, number=str(message.uuid))
    assert message.state == "sending"
    carrier = carrier_of("email")
    write_down(carrier, [Outcome(pk=message.pk, attempt=1, to=message.to, taken=Taken(str(message.uuid)))])
    fates.match_early(channel=carrier.name)
    message.refresh_from_db()
    assert (message.state, message.error) == ("failed", "NoSuchAddress: “550 5.1.1 User unknown”")
    assert not EarlyEvent.objects.exists()


def test_a_report_of_an_earlier_round_says_nothing_of_the_later_one(in_isp, owner):
    message = take(sent(), FULL)
    resend(by=owner, mail=message)
    message.refresh_from_db()
    assert (message.round, message.returned_at) == (1, None)
    number = f"{message.uuid}.1"
    Message.objects.filter(pk=message.pk).update(state="sent", channel="platform_smtp", number_there=number)
    take(message, GONE, number=str(message.uuid))
    fates.match_early(channel="platform_smtp")
    message.refresh_from_db()
    assert message.state == "sent"
    # A complaint is one whichever round it speaks of; and the report of this round counts.
    assert take(message, FULL, number=number).state == "failed"
    take(message, SPAM, number=str(message.uuid))
    assert StoppedAddress.objects.get().message == message


def test_a_mail_that_arrived_all_the_same_stays_so(in_isp):
    sent(state="failed", error="NoSuchAddress: 550 5.1.1 no")
    message = take(sent(state="delivered"), GONE)
    assert message.state == "delivered"
    assert not StoppedAddress.objects.exists()


def test_a_mail_that_is_deleted_or_was_never_here_is_nobodys(in_isp):
    message = sent()
    Message.objects.filter(pk=message.pk).delete()
    assert take_return(number=message.number_there, report=SPAM, at=timezone.now()) is False
    assert take_return(number="nonsense", report=SPAM, at=timezone.now()) is False
    assert not StoppedAddress.objects.exists()
    assert not EarlyEvent.objects.exists()


def test_an_address_of_a_mail_from_long_ago_moves_nothing(in_isp):
    message = sent()
    take(message, SPAM, at=timezone.now() + HEEDED + timedelta(days=1))
    assert message.returned_at is None
    assert not StoppedAddress.objects.exists()


def test_a_text_message_cannot_come_back_as_a_mail(in_isp):
    message = sent("+525512345678", medium="sms", channel="twilio")
    assert take_return(number=str(message.uuid), report=SPAM, at=timezone.now()) is False


def test_who_was_forwarded_to_is_nobodys_business_here(in_isp):
    """The report names somebody else; stopped is the address that the mails went to."""
    for _time in range(2):
        message = sent("ventas@cliente.example")
        key = Returned(in_isp.pk, message.uuid).key
        content = f"Message-ID: <{message.uuid}@x>\r\nX-Lastmile-Return: {key}\r\n\r\nx".encode()
        raw = lab.delivery_report(content, final="victim@other.example", original="someone@third.example")
        report = reports.read(raw)
        assert report.fate == Fate.BOUNCED
        take(message, report)
    assert list(StoppedAddress.objects.values_list("address", flat=True)) == ["ventas@cliente.example"]


def test_an_address_that_is_written_to_again_is_stopped_again_by_the_next_one(in_isp, owner):
    take(sent(), SPAM)
    release_address(by=owner, stopped=StoppedAddress.objects.get())
    assert write_message(medium="email", to="ana@mail.example", text="x").state == "waiting"
    take(sent(), SPAM)
    assert StoppedAddress.objects.count() == 1


def test_a_report_reaches_the_isp_of_its_key_and_no_other(isp, other_isp):
    uuid = uuid4()
    for each in (isp, other_isp):
        with isp_scope(each):
            sent("same@mail.example", uuid=uuid)
    assert take_report(of=[Returned(isp.pk, uuid)], report=SPAM, at=timezone.now()) == 1
    with isp_scope(isp):
        assert StoppedAddress.objects.count() == 1
    with isp_scope(other_isp):
        assert StoppedAddress.objects.count() == 0
        assert Message.objects.get(uuid=uuid).returned_at is None


def test_of_an_isp_that_is_off_the_air_or_gone_nothing_is_written(isp, somebody):
    with isp_scope(isp):
        message = sent()
    with public_scope():
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=somebody)
    with pytest.raises(OffTheAir):
        take_report(of=[Returned(isp.pk, message.uuid)], report=SPAM, at=timezone.now())
    with pytest.raises(NobodysAnyMore):
        take_report(of=[Returned(2**31, message.uuid)], report=SPAM, at=timezone.now())
    with isp_scope(isp):
        assert not StoppedAddress.objects.exists()


def test_an_isp_that_is_off_the_air_takes_nothing_from_the_others_in_a_report(isp, other_isp, somebody):
    uuid = uuid4()
    for each in (isp, other_isp):
        with isp_scope(each):
            sent("same@mail.example", uuid=uuid)
    with public_scope():
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=somebody)
    keys = [Returned(isp.pk, uuid), Returned(other_isp.pk, uuid), Returned(2**31, uuid)]
    for _time in range(2):  # it comes again, and that changes nothing
        with pytest.raises(OffTheAir):
            take_report(of=keys, report=SPAM, at=timezone.now())
    with isp_scope(other_isp):
        assert StoppedAddress.objects.count() == 1


@pytest.mark.parametrize("channel", ["fake"])
def test_a_carrier_that_says_so_once_is_believed_at_once(in_isp, fake, channel):
    """Of others than mail servers one word is enough, as before."""
    message = sent("+525512345678", medium="sms", channel=channel, number_there="there-1")
    assert isinstance(carrier_of("email"), Carrier)
    fates.take(channel=channel, medium="sms", told=[fates.Event("there-1", Fate.BOUNCED, "30005")])
    message.refresh_from_db()
    assert (message.state, message.error) == ("failed", "“30005”")
    assert StoppedAddress.objects.get().address == "+525512345678"
