"""What the channels that speak SMTP have in common: one connection for many mails, and what the answers mean."""

import re
import smtplib
import socket
import ssl
from abc import abstractmethod
from contextlib import suppress
from typing import Any, ClassVar
from uuid import UUID

import dkim
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import EmailMessage

from core.mail import Unwritable, envelope
from messaging.channels.base import Away, Channel, NoSuchAddress, Parcel, Refused, SetupRefused, Taken
from messaging.channels.outside import NotOutside
from messaging.channels.reasons import Reason, said
from messaging.returns.addresses import HEADER, Returned, number_of

# RFC 3463: 5.1.1 no such mailbox, 5.1.2 no such domain, 5.1.3 bad syntax, 5.1.10 null MX, 5.2.1 mailbox disabled.
GONE = re.compile(r"^5\.(1\.(1|2|3|10)|2\.1)\b")
SIGNED = [
    *(b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type"),
    *(b"list-unsubscribe", b"list-unsubscribe-post"),
]
HAPPENED: list[tuple[type[Exception], str]] = [
    (NotOutside, "not_outside"),
    (smtplib.SMTPServerDisconnected, "hung_up"),
    (smtplib.SMTPNotSupportedError, "no_starttls"),
    (ssl.SSLCertVerificationError, "bad_certificate"),
    (ssl.SSLError, "no_tls_here"),
    (socket.gaierror, "no_such_server"),
    (TimeoutError, "no_answer_in_time"),
    (ConnectionRefusedError, "nobody_answers"),
    (ConnectionError, "hung_up"),
]
ONE_CLICK = "List-Unsubscribe=One-Click"  # RFC 8058


class SmtpChannel(Channel):
    """A mail server. A dropped connection is made anew, once for each mail."""

    medium: ClassVar[str] = "email"
    bounces_to_stop: ClassVar[int] = 2  # servers say "no such mailbox" in a bad hour, too
    _connection: Any = None

    @abstractmethod
    def connect(self) -> Any:
        """A connection of Django's, not opened yet."""

    def send(self, parcel: Parcel) -> Taken:
        """Hand over one mail."""
        values = self.setup.values
        key = values.get("dkim_key")
        mail = SignedMail if key else EmailMultiAlternatives
        try:
            message = envelope(
                key=number_of(parcel.key, parcel.round),
                scope=str(values.get("scope", "")),
                to=parcel.to,
                subject=parcel.subject,
                text=parcel.text,
                html=parcel.html,
                sender=str(values.get("sender", "")),
                from_name=parcel.from_name,
                reply_to=parcel.reply_to,
                make=mail,
            )
            if url := str(parcel.data.get("unsubscribe", "")):
                message.extra_headers |= {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": ONE_CLICK}
            if mine := self._returned(parcel):
                message.extra_headers[HEADER] = mine.key
                if sender := self.envelope_sender(mine):
                    # Whom others see stays as it was: only the envelope names another address.
                    message.extra_headers["From"] = message.from_email
                    message.from_email = sender
            if isinstance(message, SignedMail):
                message.sign(domain=values["dkim_domain"], selector=values["dkim_selector"], key=values["dkim_key"])
        except Unwritable as error:
            raise Refused(Reason("not_writable")) from error
        self._hand_over(message)
        return Taken(number=number_of(parcel.key, parcel.round))

    def envelope_sender(self, mine: Returned) -> str:
        """The address that a mail comes back to; empty where that is the sender that people see."""
        return ""

    def _returned(self, parcel: Parcel) -> Returned | None:
        isp_id = self.setup.isp_id
        return Returned(isp_id, UUID(parcel.key), parcel.round) if isp_id else None

    def _hand_over(self, message: EmailMessage) -> None:
        is_fresh = self._connection is None
        try:
            self._opened().send_messages([message])
        except smtplib.SMTPServerDisconnected as error:
            self.close()
            if is_fresh:
                raise Away(reason_of(error)) from error
            self._hand_over(message)  # It was kept from an earlier mail, and the server tired of it.
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
            raise _meaning(error) from error  # about this mail: the session goes on
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise _meaning(error) from error

    def _opened(self) -> Any:
        if self._connection is None:
            connection = self.connect()
            self._connection = connection
            try:
                connection.open()
            except BaseException:
                self.close()  # The server may have been there and refused the login.
                raise
        return self._connection

    def close(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError, smtplib.SMTPException):
                connection.close()


class SignedMail(EmailMultiAlternatives):
    """A mail whose DKIM signature (RFC 6376) says that the domain of its sender stands for it."""

    _signed: Any = None

    def sign(self, *, domain: str, selector: str, key: str) -> None:
        """Sign it as it is now."""
        message = super().message()
        headers = {name.lower().encode() for name, _ in message.items()}
        signature = dkim.sign(
            message.as_bytes(linesep="\r\n"),
            selector.encode(),
            domain.encode(),
            key.encode(),
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if name in headers],
        )
        name, _, value = signature.decode().partition(": ")
        message[name] = " ".join(value.split())
        self._signed = message

    def message(self) -> Any:
        """The signed mail, the same each time."""
        return self._signed or super().message()


def _meaning(error: Exception) -> Exception:
    """What a failed attempt means, in our words."""
    unusable = smtplib.SMTPAuthenticationError | ssl.SSLCertVerificationError | smtplib.SMTPNotSupportedError
    if isinstance(error, NotOutside | unusable):
        return SetupRefused(reason_of(error))
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        if all(code >= 500 for code, _ in answers):
            texts = [_text(text) for _, text in answers]
            kind = NoSuchAddress if all(GONE.match(text) for text in texts) else Refused
            return kind("; ".join(f"{code} {text}" for (code, _), text in zip(answers, texts, strict=True)))
        return Away(reason_of(error))
    if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code in (530, 535, 550, 553):
        return SetupRefused(reason_of(error))
    if isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= 500:
        return Refused(reason_of(error))
    return Away(reason_of(error))


def _text(text: Any) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


def reason_of(error: Exception) -> Reason:
    """What the server said; of what it said nothing of, what happened."""
    if isinstance(error, smtplib.SMTPResponseException):
        return said(f"{error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return said("; ".join(f"{code} {_text(text)}" for code, text in error.recipients.values()))
    code = next((code for kind, code in HAPPENED if isinstance(error, kind)), "")
    return Reason(code) if code else Reason("call_failed", {"kind": type(error).__name__})
