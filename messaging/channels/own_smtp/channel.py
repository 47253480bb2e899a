"""The ISP's own mail server, with its own login."""

import io
import smtplib
import socket
import ssl
from collections.abc import Mapping
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.channels.base import Away, Field, SetupRefused
from messaging.channels.outside import NotOutside, Timely, connected
from messaging.channels.smtp import SmtpChannel, reason_of
from messaging.returns import mailboxes

TIMEOUT = 10  # seconds
PORTS = (25, 465, 587, 2525)  # those of mail servers; others lead elsewhere
IMAP_PORTS = (143, 993)
FIELDS = [
    Field("host", gettext_lazy("Mail server"), gettext_lazy("Its name, such as smtp.example.net.")),
    Field("port", gettext_lazy("Port"), gettext_lazy("Usually 587, or 465 for TLS from the beginning."), initial="587"),
    Field(
        "security",
        gettext_lazy("Encryption"),
        gettext_lazy("Without it no password is sent."),
        choices=[
            ("starttls", "STARTTLS"),
            ("tls", gettext_lazy("TLS from the beginning")),
            ("none", gettext_lazy("no encryption")),
        ],
        initial="starttls",
    ),
    Field("user", gettext_lazy("User name"), is_required=False),
    Field(
        "password",
        gettext_lazy("Password"),
        is_secret=True,
        is_required=False,
        goes_to=("host", "port", "user"),
    ),
    Field(
        "sender",
        gettext_lazy("Sender"),
        gettext_lazy("The address that your mails come from. The server must let this login use it."),
    ),
    Field(
        "imap_host",
        gettext_lazy("IMAP server"),
        gettext_lazy(
            "Of the sender's mailbox: mails that come back hours later are read there, and nothing in it is changed. "
            "Leave it empty to hear only of what your mail server refuses at once."
        ),
        is_required=False,
    ),
    Field(
        "imap_port",
        gettext_lazy("IMAP port"),
        gettext_lazy("Usually 993, or 143 for STARTTLS."),
        is_required=False,
        initial="993",
    ),
    Field(
        "imap_security",
        gettext_lazy("IMAP encryption"),
        is_required=False,
        choices=[("tls", gettext_lazy("TLS from the beginning")), ("starttls", "STARTTLS")],
        initial="tls",
    ),
    Field("imap_user", gettext_lazy("IMAP user name"), is_required=False),
    Field(
        "imap_password",
        gettext_lazy("IMAP password"),
        gettext_lazy("Many providers want a password for apps here."),
        is_secret=True,
        is_required=False,
        goes_to=("imap_host", "imap_port", "imap_user"),
    ),
    Field(
        "imap_folder",
        gettext_lazy("IMAP folder"),
        gettext_lazy("INBOX, unless your server puts such mails elsewhere."),
        is_required=False,
        initial="INBOX",
    ),
]


class OwnSmtp(SmtpChannel):
    """As the ISP has typed it. It reaches the public Internet only."""

    name = "own_smtp"
    title = gettext_lazy("Own mail server")
    about = gettext_lazy("Mails go out through your mail server, from your address. You need its name and a login.")
    fields = FIELDS
    at_once = 4  # small servers count connections
    reads_mailbox = True
    ports: ClassVar[tuple[int, ...]] = PORTS
    imap_ports: ClassVar[tuple[int, ...]] = IMAP_PORTS

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        """What is wrong with what was typed."""
        wrong = {}
        if not values.get("port", "").isdecimal() or int(values["port"]) not in cls.ports:
            wrong["port"] = _("Mail servers answer at one of these: %(ports)s.") % {
                "ports": ", ".join(map(str, cls.ports))
            }
        if values.get("security") == "none" and values.get("user"):
            wrong["security"] = _("A password is not sent without encryption.")
        try:
            validate_email(values.get("sender", ""))
        except ValidationError:
            wrong["sender"] = _("Enter an e-mail address.")
        return wrong | (cls._mistakes_of_mailbox(values) if values.get("imap_host") else {})

    @classmethod
    def _mistakes_of_mailbox(cls, values: Mapping[str, str]) -> dict[str, str]:
        wrong = {}
        if not values.get("imap_port", "").isdecimal() or int(values["imap_port"]) not in cls.imap_ports:
            wrong["imap_port"] = _("Mail servers answer at one of these: %(ports)s.") % {
                "ports": ", ".join(map(str, cls.imap_ports))
            }
        if not values.get("imap_user"):
            wrong["imap_user"] = _("A mailbox is read with a user name and a password.")
        for name in ("imap_host", "imap_user", "imap_password", "imap_folder"):
            if values.get(name) and not values[name].isprintable():
                wrong[name] = _("Enter one line without special characters.")
        return wrong

    def has_mailbox(self) -> bool:
        return bool(self.setup.values.get("imap_host"))

    def check_mailbox(self) -> None:
        if self.has_mailbox():
            mailboxes.check(self.setup.values)

    def connect(self) -> Any:
        """A connection with what was typed."""
        values = self.setup.values
        security = values.get("security", "starttls")
        return _Backend(
            host=str(values.get("host", "")),
            port=int(values.get("port") or 587),
            username=str(values.get("user", "")),
            password=str(values.get("password", "")),
            use_tls=security == "starttls",
            use_ssl=security == "tls",
            timeout=TIMEOUT,
        )

    def check(self) -> str:
        """Sign in, and ask whether this login may write as the sender. Nothing is sent."""
        sender = str(self.setup.values.get("sender", ""))
        try:
            server = self._opened().connection
            code, answer = server.mail(sender)
            server.rset()
        except NotOutside as error:
            raise SetupRefused(reason_of(error), "host") from error
        except smtplib.SMTPAuthenticationError as error:
            raise SetupRefused(reason_of(error), "password") from error
        except ssl.SSLCertVerificationError as error:
            raise SetupRefused(reason_of(error), "host") from error
        except ssl.SSLError as error:
            raise SetupRefused(reason_of(error), "security") from error
        except smtplib.SMTPNotSupportedError as error:
            raise SetupRefused(reason_of(error), "security") from error
        except socket.gaierror as error:
            raise SetupRefused(reason_of(error), "host") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Away(reason_of(error)) from error
        finally:
            self.close()
        if code >= 400:
            raise SetupRefused(_words(code, answer), "sender")
        return sender


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return f"{code} {text}"


class _Timed(smtplib.SMTP):
    """Waits so long for each answer, however small the pieces are in which it comes."""

    file: Any

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = io.BufferedReader(Timely(self.sock, TIMEOUT))
        self.file.raw.begin()
        return super().getreply()


class _Smtp(_Timed):
    """Connects to public addresses only."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return connected(host, port, timeout)


class _SmtpTls(_Timed, smtplib.SMTP_SSL):
    """The same with TLS from the beginning."""

    _host: str

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(connected(host, port, timeout), server_hostname=self._host)


class _Backend(EmailBackend):
    """Django's, which opens these connections."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """By the encryption that is set."""
        return _SmtpTls if self.use_ssl else _Smtp


CHANNEL = OwnSmtp
