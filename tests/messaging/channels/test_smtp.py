"""The channels that speak SMTP, with a real server."""

import dkim
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.scope import isp_scope
from messaging.channels.base import Away, NoSuchAddress, Parcel, Refused, Setup, SetupRefused
from messaging.channels.own_smtp.channel import OwnSmtp
from messaging.channels.platform_smtp.channel import PlatformSmtp
from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.outbox import turns
from messaging.services import write_message
from tests.messaging.test_delivery import free_port


class Server:
    """Counts sessions, keeps mails as bytes, and answers as a test sets it."""

    def __init__(self) -> None:
        self.sessions, self.taken = 0, []
        self.answers = {"RCPT": "250 OK", "MAIL": "250 OK"}

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.answers["MAIL"].startswith("250"):
            envelope.mail_from = address
        return self.answers["MAIL"]

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.answers["RCPT"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["RCPT"]

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append(envelope.content)
        return "250 OK"


def login(server, session, envelope, mechanism, data) -> AuthResult:
    is_right = isinstance(data, LoginPassword) and data.password == b"right"
    return AuthResult(success=is_right, handled=is_right)  # else the server says 535 itself


@pytest.fixture
def server(settings):
    handler = Server()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    handler.port = settings.EMAIL_PORT
    controller = Controller(
        handler, hostname="127.0.0.1", port=handler.port, authenticator=login, auth_require_tls=False
    )
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def own(server, monkeypatch):
    monkeypatch.setattr(OwnSmtp, "ports", (*OwnSmtp.ports, server.port))

    def make(**values) -> OwnSmtp:
        typed = {"host": "127.0.0.1", "port": str(server.port), "security": "none", "sender": "facturas@wispmega.mx"}
        return OwnSmtp(Setup("1", typed | values))

    return make


@pytest.fixture
def platform(server):
    opened = []

    def make(**values) -> PlatformSmtp:
        opened.append(PlatformSmtp(Setup("1", values)))
        return opened[-1]

    yield make
    for channel in opened:
        channel.close()


PARCEL = Parcel(key="k1", to="ana@mail.example", text="Hola, Núñez.\n", subject="Su factura", from_name="WispMega")


def test_many_mails_go_in_one_session_of_each_thread(in_isp, server):
    for number in range(60):
        write_message(medium="email", to=f"c{number}@mail.example", text="x", subject="x")
    while turns.take_turn(isp_id=in_isp.pk, medium="email") is not None:
        pass
    assert len(server.taken) == 60
    assert server.sessions <= 2 * PlatformSmtp.at_once


def test_a_session_that_the_server_ended_meanwhile_is_begun_anew(server, platform):
    channel = platform()
    channel.send(PARCEL)
    channel._connection.connection.sock.shutdown(2)
    channel.send(PARCEL)
    assert (len(server.taken), server.sessions) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("550 5.1.1 no such user", NoSuchAddress),
        ("550 5.7.1 not you", Refused),
        ("550 no", Refused),
        ("451 4.7.1 greylisted", Away),
    ],
)
def test_what_a_server_says_of_an_address_and_the_session_goes_on(server, platform, answer, problem):
    channel = platform()
    server.answers["RCPT"] = answer
    with pytest.raises(problem) as told:
        channel.send(PARCEL)
    assert type(told.value) is problem
    assert answer[:3] in str(told.value)
    server.answers["RCPT"] = "250 OK"
    channel.send(PARCEL)
    assert (len(server.taken), server.sessions) == (1, 1)


def test_an_address_is_stopped_when_it_did_not_exist_twice(in_isp, server):
    server.answers["RCPT"] = "550 5.1.1 no such user"
    for stopped in (0, 1):
        write_message(medium="email", to="Nobody@mail.example", text="x", subject="x")
        turns.take_turn(isp_id=in_isp.pk, medium="email")
        assert StoppedAddress.objects.filter(address="nobody@mail.example").count() == stopped
    assert write_message(medium="email", to="nobody@mail.example", text="x").state == "stopped"


@pytest.mark.filterwarnings("ignore:Session.login_data is deprecated")
def test_an_own_server_is_tried_by_a_login_and_as_the_sender(own, server):
    assert own(user="u", password="right").check() == "facturas@wispmega.mx"
    with pytest.raises(SetupRefused) as told:
        own(user="u", password="wrong").check()
    assert told.value.field == "password"
    server.answers["MAIL"] = "553 not your address"
    with pytest.raises(SetupRefused) as told:
        own(user="u", password="right").check()
    assert (told.value.field, told.value.reason.said) == ("sender", "553 not your address")
    assert server.taken == []


@pytest.mark.parametrize(
    ("values", "problem", "field"),
    [
        ({"security": "starttls"}, SetupRefused, "security"),
        ({"security": "tls"}, SetupRefused, "security"),
        ({"host": "nobody.invalid"}, SetupRefused, "host"),
        ({"port": "1"}, Away, None),
    ],
)
def test_what_is_wrong_with_a_server_is_said_at_its_field(own, values, problem, field):
    with pytest.raises(problem) as told:
        own(**values).check()
    assert getattr(told.value, "field", None) == field


def test_an_own_server_is_on_the_public_internet(own, server, settings):
    settings.CHANNEL_NETWORKS = []
    with pytest.raises(SetupRefused) as told:
        own().check()
    assert told.value.field == "host"
    with pytest.raises(SetupRefused):
        own().send(PARCEL)
    assert server.sessions == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"port": "6379"}, "port"),
        ({"port": "x"}, "port"),
        ({"security": "none", "user": "u"}, "security"),
        ({"sender": "a@b\nBcc: c@d.example"}, "sender"),
    ],
)
def test_mistakes_are_found_before_anything_is_called(values, field):
    typed = {"host": "x", "port": "587", "security": "tls", "user": "", "sender": "a@wispmega.mx"}
    assert OwnSmtp.mistakes(typed) == {}
    assert list(OwnSmtp.mistakes(typed | values)) == [field]


def test_an_isp_with_an_own_server_writes_as_itself_and_another_one_does_not(isp, other_isp, server):
    typed = {"host": "127.0.0.1", "port": str(server.port), "security": "none", "sender": "facturas@wispmega.mx"}
    for each in (isp, other_isp):
        with isp_scope(each):
            if each is isp:
                ChannelAccount.objects.create(channel="own_smtp", medium="email", values=typed)
            write_message(medium="email", to="ana@mail.example", text="x", subject="x", from_name="Us")
            turns.take_turn(isp_id=each.pk, medium="email")
            assert Message.objects.get().channel == ("own_smtp" if each is isp else "platform_smtp")
    first, second = server.taken
    assert b"From: Us <facturas@wispmega.mx>" in first
    assert b"@wispmega.mx>" in first.partition(b"Message-ID:")[2].splitlines()[0]
    assert b"no-reply@" in second.partition(b"From: ")[2].splitlines()[0]


def test_a_signature_holds_and_breaks_with_the_text(server, platform):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    values = {"sender": "a@wispmega.mx", "dkim_domain": "wispmega.mx", "dkim_selector": "lm1", "dkim_key": private}
    platform(**values).send(PARCEL)
    [mail] = server.taken
    asked = []

    def dns(name, timeout=5):
        import base64

        asked.append(name)
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    assert dkim.verify(mail, dnsfunc=dns)
    assert asked == [b"lm1._domainkey.wispmega.mx."]
    assert not dkim.verify(mail.replace(b"factura", b"fortuna"), dnsfunc=dns)
