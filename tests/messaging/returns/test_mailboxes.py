"""An ISP's own mailbox, read by IMAP for what came back."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.lease import lease
from core.scope import isp_scope
from lab import returns as lab
from lab.imap import ImapLab
from messaging.channels.base import Away, SetupRefused
from messaging.channels.own_smtp.channel import OwnSmtp
from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.returns import mailboxes, reports
from messaging.returns.addresses import HEADER, Returned
from messaging.returns.mailboxes import Place
from messaging.services import own_mailboxes
from messaging.tasks import read_mailboxes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture
def mailbox(tmp_path, monkeypatch):
    server = ImapLab(tmp_path)
    server.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    monkeypatch.setattr(OwnSmtp, "imap_ports", (*OwnSmtp.imap_ports, server.port))
    monkeypatch.setattr(mailboxes, "TIMEOUT", 3.0)
    yield server
    server.stop()


@pytest.fixture
def typed(mailbox):
    return {
        "imap_host": "localhost",
        "imap_port": str(mailbox.port),
        "imap_security": "tls",
        "imap_user": mailbox.user,
        "imap_password": mailbox.password,
        "imap_folder": "INBOX",
    }


@pytest.fixture
def account(in_isp, typed):
    values = {"host": "127.0.0.1", "port": "587", "security": "tls", "sender": "facturas@wispmega.mx"}
    return ChannelAccount.objects.create(channel="own_smtp", medium="email", values=values | typed)


def sent(to="ana@mail.example", **fields) -> Message:
    uuid = fields.setdefault("uuid", uuid4())
    values = {"state": "sent", "channel": "own_smtp", "number_there": str(uuid), "sent_at": NOW}
    message = Message.objects.create(to=to, subject="x", text="x", **values | fields)
    Message.objects.filter(pk=message.pk).update(created_at=NOW)
    return message


def content(message, isp_id: int = 0) -> bytes:
    """As it left: with its Message-ID, and with our key if servers have put an ID of their own in its place."""
    if isp_id:
        return f"Message-ID: <1@amazonses.example>\r\n{HEADER}: {Returned(isp_id, message.uuid).key}\r\n\r\nx".encode()
    return f"Message-ID: <{message.uuid}@wispmega.mx>\r\n\r\nx".encode()


def read(account, at=NOW) -> ChannelAccount:
    own_mailboxes.read_mailbox(account=account, isp_id=1, at=at)
    account.refresh_from_db()
    return account


def test_reports_are_found_by_message_id_and_by_our_key_and_the_rest_is_left_alone(in_isp, account, mailbox):
    first, second, fine = sent(), sent(), sent("luis@mail.example")
    mailbox.deliver(b"From: Ana <ana@mail.example>\r\nSubject: Re: factura\r\n\r\n" + content(fine), on=TODAY)
    mailbox.deliver(lab.delivery_report(content(first), final=first.to), on=TODAY)
    mailbox.deliver(lab.delivery_report(content(second, in_isp.pk), final=second.to), on=TODAY)
    mailbox.deliver(lab.delivery_report(b"Message-ID: <of@somebody.else>\r\n\r\n", final="x@y.example"), on=TODAY)
    account = read(account)
    assert StoppedAddress.objects.get().address == "ana@mail.example"
    assert [Message.objects.get(pk=each.pk).state for each in (first, second, fine)] == ["failed", "failed", "sent"]
    assert account.mailbox == {"validity": 7, "uid": 4}
    assert (account.mailbox_problem, account.mailbox_read_at, account.last_event_at) == ("", NOW, NOW)
    # What a person wrote was not fetched, and nothing in the mailbox was changed or marked as read.
    assert mailbox.fetched() == ["2", "3", "4"]
    verbs = {" ".join(line.split()[: 2 if line.startswith("UID") else 1]) for line in mailbox.said}
    assert verbs <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"}
    assert not [line for line in mailbox.said if "FETCH" in line and "BODY.PEEK" not in line]


def test_the_next_look_begins_where_the_last_one_ended(account, mailbox):
    mailbox.deliver(lab.delivery_report(content(sent()), final="x"), on=TODAY)
    read(account)
    mailbox.said.clear()
    account = read(account, NOW + timedelta(minutes=5))
    assert mailbox.fetched() == []
    message = sent("other@mail.example")
    mailbox.deliver(lab.delivery_report(content(message), final="x", status="5.2.2", said=""), on=TODAY)
    account = read(account)
    message.refresh_from_db()
    assert (message.state, mailbox.fetched()) == ("failed", ["2"])


def test_a_folder_that_was_made_anew_is_read_from_a_few_days_back(account, mailbox):
    mailbox.deliver(lab.delivery_report(content(sent()), final="x"), on=TODAY, uid=500)
    read(account)
    mailbox.mails.clear()
    mailbox.validity = 8
    long_ago, lately = sent("a@mail.example"), sent("b@mail.example")
    mailbox.deliver(lab.delivery_report(content(long_ago), final="x"), on=TODAY - timedelta(days=30))
    mailbox.deliver(lab.delivery_report(content(lately), final="x"), on=TODAY - timedelta(days=1))
    account = read(account)
    assert account.mailbox == {"validity": 8, "uid": 2}
    assert [Message.objects.get(pk=each.pk).state for each in (long_ago, lately)] == ["sent", "failed"]


def test_a_full_mailbox_is_read_in_parts_and_a_look_has_an_end(account, mailbox, monkeypatch):
    monkeypatch.setattr(mailboxes, "AT_ONCE", 10)
    monkeypatch.setattr(mailboxes, "FETCHED", 2)
    monkeypatch.setattr(own_mailboxes, "LOOKS", 2)
    for _number in range(3):
        mailbox.deliver(lab.delivery_report(b"Message-ID: <x@y.z>\r\n", final="x"), on=TODAY)
    for _number in range(30):
        mailbox.deliver(b"From: Ana <ana@mail.example>\r\n\r\nHola", on=TODAY)
    assert read(account).mailbox["uid"] == 12  # two reports; then ten mails
    assert read(account).mailbox["uid"] == 32
    assert read(account).mailbox["uid"] == 33


def test_an_isp_reads_its_own_mails_only(isp, other_isp, typed, mailbox):
    """The same mail at both; a key of the other's is nothing here, and its books are never opened."""
    uuid = uuid4()
    with isp_scope(other_isp):
        sent(uuid=uuid)
    with isp_scope(isp):
        stranger = sent()
        account = ChannelAccount.objects.create(channel="own_smtp", medium="email", values=typed)
        foreign = content(Message(uuid=uuid), other_isp.pk)
        mailbox.deliver(lab.complaint(foreign), on=TODAY)
        mailbox.deliver(lab.complaint(content(Message(uuid=stranger.uuid), other_isp.pk)), on=TODAY)
        read(account)
        assert not StoppedAddress.objects.exists()
    with isp_scope(other_isp):
        assert not StoppedAddress.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"imap_password": "wrong"}, "imap_password"),
        ({"imap_password": "contraseña"}, "imap_password"),
        ({"imap_folder": "Devueltos"}, "imap_folder"),
        ({"imap_host": "nobody.invalid"}, "imap_host"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_else_stops(account, mailbox, values, field):
    account.values |= values
    account.save()
    with pytest.raises(SetupRefused) as told:
        mailboxes.check(account.setup().values)
    assert told.value.field == field
    account = read(account)
    assert account.mailbox_problem
    assert (account.light, account.problem) == ("yellow", "")
    account.values |= {"imap_password": "right", "imap_folder": "INBOX", "imap_host": "localhost"}
    account.save()
    assert read(account).light == "yellow"  # its keys were never tried here
    assert account.mailbox_problem == ""


def test_a_server_that_is_away_is_told_of_after_a_while(account, mailbox):
    read(account)
    account.values |= {"imap_port": "1"}
    account.save()
    assert read(account, NOW + timedelta(hours=5)).mailbox_problem == ""
    assert "Nobody answers" in read(account, NOW + timedelta(hours=7)).mailbox_why.text


def test_a_mailbox_is_on_the_public_internet(typed, mailbox, settings):
    settings.CHANNEL_NETWORKS = []
    with pytest.raises(SetupRefused) as told:
        mailboxes.check(typed)
    assert told.value.field == "imap_host"
    assert mailbox.said == []


def test_a_certificate_that_nobody_knows_is_not_trusted(typed, mailbox, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(SetupRefused) as told:
        mailboxes.check(typed)
    assert told.value.field == "imap_host"
    assert not [line for line in mailbox.said if "LOGIN" in line]


def test_starttls_before_the_password_or_not_at_all(typed, mailbox):
    mailbox.is_plain = True
    mailboxes.check(typed | {"imap_security": "starttls"})
    assert [line.split()[0] for line in mailbox.said] == ["CAPABILITY", "STARTTLS", "CAPABILITY", "LOGIN", "EXAMINE"]
    mailbox.said.clear()
    mailbox.fault = lambda command: b"* CAPABILITY IMAP4rev1\r\nBAD\r\n" if command == "STARTTLS" else None
    with pytest.raises((SetupRefused, Away)):
        mailboxes.check(typed | {"imap_security": "starttls"})
    assert not [line for line in mailbox.said if "LOGIN" in line]


@pytest.mark.parametrize(
    "flood",
    [
        b"* SEARCH " + b"1 " * 1_500_000,
        b"* 1 FETCH (BODY[] {999999999}\r\n",
        b"* OK x\r\n" * 300_000,
    ],
)
def test_a_server_that_says_too_much_is_hung_up_on(typed, mailbox, monkeypatch, flood):
    monkeypatch.setattr(mailboxes._Bounds, "_left", 2_000_000)
    mailbox.fault = lambda command: flood if "SEARCH" in command else None
    with pytest.raises(Away):
        mailboxes.look(typed, Place(), since=TODAY)


def test_a_server_that_drips_is_hung_up_on(typed, mailbox, monkeypatch):
    monkeypatch.setattr(mailboxes, "LONGEST", 0.0)
    with pytest.raises(Away, match="took too long"):
        mailboxes.look(typed, Place(), since=TODAY)


def test_one_process_reads_a_mailbox_at_a_time(account, mailbox):
    with lease("messaging.mailbox", 1):
        read(account)
    assert mailbox.said == []


def test_what_changed_meanwhile_is_not_overwritten(account, mailbox, monkeypatch):
    message = sent()
    mailbox.deliver(lab.delivery_report(content(message), final="x"), on=TODAY)
    before = ChannelAccount.objects.get(pk=account.pk)
    account.values |= {"imap_folder": "Otra"}
    account.save()
    own_mailboxes.read_mailbox(account=before, isp_id=1, at=NOW)
    account.refresh_from_db()
    assert account.mailbox == {}


def test_mailboxes_are_read_while_mails_may_come_back(account, in_isp, mailbox):
    read_mailboxes(isp_id=in_isp.pk)
    assert "LOGIN" in " ".join(mailbox.said)
    mailbox.said.clear()
    ChannelAccount.objects.update(is_on=False, last_sent_at=timezone.now() - timedelta(days=8))
    read_mailboxes(isp_id=in_isp.pk)
    assert mailbox.said == []
    ChannelAccount.objects.update(last_sent_at=timezone.now())
    read_mailboxes(isp_id=in_isp.pk)
    assert mailbox.said


def test_folders_are_named_as_imap_writes_them():
    assert mailboxes._folder("Correo devuelto") == "Correo devuelto"
    assert mailboxes._folder('Niños & "más"') == 'Ni&APE-os &- \\"m&AOE-s\\"'
    assert mailboxes._folder("台北") == "&U,BTFw-"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"imap_port": "25"}, "imap_port"),
        ({"imap_user": ""}, "imap_user"),
        ({"imap_folder": 'x"\r\nA1 DELETE x'}, "imap_folder"),
        ({"imap_password": "x\ny"}, "imap_password"),
    ],
)
def test_mistakes_are_found_before_anything_is_called(values, field):
    base = {"host": "x", "port": "587", "security": "tls", "user": "", "sender": "a@wispmega.mx"}
    typed = {"imap_host": "imap.x", "imap_port": "993", "imap_user": "u", "imap_password": "p", "imap_folder": "INBOX"}
    assert OwnSmtp.mistakes(base | typed) == {}
    assert list(OwnSmtp.mistakes(base | typed | values)) == [field]
    assert OwnSmtp.mistakes(base | typed | values | {"imap_host": ""}) == {}


def test_the_beginning_of_a_report_is_fetched_and_no_more(account, mailbox):
    message = sent()
    large = lab.delivery_report(content(message) + b"QUJD\r\n" * 500_000, final="x", whole=True)
    mailbox.deliver(large, on=TODAY)
    read(account)
    assert f"<0.{reports.READ}>" in mailbox.said[-1]
    message.refresh_from_db()
    assert message.state == "failed"
