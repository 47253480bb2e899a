"""A mail server that takes everything and brings it back later, and what servers of several kinds then write."""

import smtplib
from dataclasses import dataclass, field
from email.utils import formatdate, make_msgid

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from lab.processes import free_port

SERVER = "mx.mail.example"


@dataclass
class Taken:
    """A mail that it said yes to."""

    sender: str  # of the envelope
    to: str
    content: bytes


@dataclass
class ReturningServer:
    """Takes mails; `give_back` sends a report to the envelope's sender, at the port of who takes them there."""

    back_to: int = 0
    taken: list[Taken] = field(default_factory=list)

    def start(self) -> None:
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(Taken(str(envelope.mail_from), envelope.rcpt_tos[0], bytes(envelope.content or b"")))
        return "250 2.0.0 Queued"

    def give_back(self, taken: Taken, report: bytes) -> None:
        """By SMTP, from nobody. Raises what smtplib raises."""
        with smtplib.SMTP("127.0.0.1", self.back_to, timeout=10) as there:
            there.sendmail("", [taken.sender], report)


def headers_of(content: bytes) -> bytes:
    """The headers of a mail, without its text."""
    return content.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"


def delivery_report(
    content: bytes,
    *,
    final: str,
    original: str = "",
    status: str = "5.1.1",
    action: str = "failed",
    said: str = "smtp; 550 5.1.1 <%(to)s>: Recipient address rejected: User unknown",
    words: str = "I'm sorry to have to inform you that your message could not be delivered.",
    whole: bool = False,
) -> bytes:
    """RFC 3464, as Postfix writes it; with the headers of what comes back, or all of it (`whole`)."""
    name = f"Original-Recipient: rfc822;{original}\n" if original else ""
    kind, back = ("message/rfc822", content) if whole else ("text/rfc822-headers", headers_of(content))
    diagnostic = f"Diagnostic-Code: {said % {'to': final}}\n" if said else ""
    head = (
        f"Date: {formatdate()}\nFrom: MAILER-DAEMON@{SERVER} (Mail Delivery System)\n"
        "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        f"Message-Id: {make_msgid(domain=SERVER)}\n"
        'Content-Type: multipart/report; report-type=delivery-status;\n boundary="4Yx/mx"\n\n'
        "This is a MIME-encapsulated message.\n\n--4Yx/mx\nContent-Description: Notification\n"
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{words}\n\n"
        "--4Yx/mx\nContent-Description: Delivery report\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; {SERVER}\nX-Postfix-Queue-ID: 4Yx\nArrival-Date: {formatdate()}\n\n"
        f"Final-Recipient: rfc822; {final}\n{name}Action: {action}\nStatus: {status}\n"
        f"Remote-MTA: dns; {SERVER}\n{diagnostic}\n--4Yx/mx\nContent-Type: {kind}\n\n"
    )
    return (head.encode() + back + b"\n--4Yx/mx--\n").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def complaint(content: bytes, *, kind: str = "abuse", envelope_sender: str = "") -> bytes:
    """RFC 5965, as a provider of mailboxes writes it."""
    sender = f"Original-Mail-From: <{envelope_sender}>\n" if envelope_sender else ""
    head = (
        f"Date: {formatdate()}\nFrom: <feedback@provider.example>\nSubject: FW: a message\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="arf"\n\n'
        "--arf\nContent-Type: text/plain; charset=us-ascii\n\nThis is an email abuse report.\n\n"
        "--arf\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nUser-Agent: Provider-Feedback/1.0\nVersion: 1\n{sender}\n"
        "--arf\nContent-Type: message/rfc822\n\n"
    )
    return (head.encode() + content.replace(b"\r\n", b"\n") + b"\n--arf--\n").replace(b"\n", b"\r\n")


def out_of_office(to: str) -> bytes:
    """What a person's mailbox answers while they are away."""
    return (
        f"From: {to}\r\nSubject: Fuera de la oficina\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Vuelvo el lunes. Mi extensión es la 550 5.1.1, no such user.\r\n"
    ).encode()


def old_report(content: bytes, to: str) -> bytes:
    """As qmail writes it, with no MIME at all."""
    return (
        f"From: MAILER-DAEMON@{SERVER}\nTo: somebody\nSubject: failure notice\n\n"
        f"Hi. This is the qmail-send program at {SERVER}.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        f"This is a permanent error; I've given up. Sorry it didn't work out.\n\n<{to}>:\n"
        "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n"
    ).encode() + content


def page_report(content: bytes, to: str, *, said: str = "550 5.1.10 Recipient not found") -> bytes:
    """HTML and nothing else, as odd servers write it."""
    return (
        f"From: Postmaster <postmaster@{SERVER}>\nSubject: Undeliverable: x\nMIME-Version: 1.0\n"
        "Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
        f"<html><body><p>Su mensaje no lleg\xf3 a <a href='mailto:{to}'>{to}</a></p><p>{said}</p><pre>"
    ).encode("latin-1") + headers_of(content)
