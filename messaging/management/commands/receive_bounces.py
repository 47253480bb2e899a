"""`manage.py receive_bounces [--host ADDRESS] [--port N] [--check]`."""

import asyncio
import signal
import smtplib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from messaging.returns.addresses import complaints_address
from messaging.returns.encryption import Certificate
from messaging.returns.server import Server


class Command(BaseCommand):
    help = "Takes the mails that come back to addresses of BOUNCE_DOMAIN, by SMTP, until it is told to end."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default 127.0.0.1)")
        parser.add_argument("--port", type=int, default=2525, help="port to listen at (default 2525)")
        parser.add_argument("--check", action="store_true", help="ask whether one runs there, and end")

    def handle(self, *args: Any, host: str, port: int, check: bool, **options: Any) -> None:
        if not settings.BOUNCE_DOMAIN:
            raise CommandError("BOUNCE_DOMAIN is not set, so no mail comes back here.", returncode=2)
        if check:
            self._ask(host, port)
            return
        certificate = _certificate()
        if certificate is None:
            self.stdout.write("STARTTLS is not offered: BOUNCE_CERTIFICATE and BOUNCE_KEY are not set.")
        self.stdout.write(f"Mails come back to {settings.BOUNCE_DOMAIN}, at {host}:{port}.")
        self.stdout.write(f"Complaints of providers can be sent to {complaints_address()}.")
        try:
            asyncio.run(_serve(host, port, certificate))
        except OSError as error:
            raise CommandError(f"Cannot listen at {host}:{port}: {error.strerror}.", returncode=2) from error

    def _ask(self, host: str, port: int) -> None:
        """By the address of complaints, which it must take, without a mail."""
        try:
            with smtplib.SMTP(host, port, timeout=10) as there:
                there.ehlo()
                is_offered = there.has_extn("starttls")
                if is_offered:
                    there.starttls()  # whoever it says it is: this asks whether it speaks TLS at all
                    there.ehlo()
                there.mail("")
                code, _ = there.rcpt(complaints_address())
        except (OSError, smtplib.SMTPException) as error:
            raise CommandError(f"Nobody answers at {host}:{port}: {type(error).__name__}.", returncode=1) from error
        if code != 250:
            raise CommandError(f"What answers at {host}:{port} does not take our mails: {code}.", returncode=1)
        self.stdout.write("It takes mails, encrypted where the sender can." if is_offered else "It takes mails.")


def _certificate() -> Certificate | None:
    """As the settings name it. Raises CommandError."""
    files = [settings.BOUNCE_CERTIFICATE, settings.BOUNCE_KEY]
    if not any(files):
        return None
    if not all(files):
        raise CommandError("Set both BOUNCE_CERTIFICATE and BOUNCE_KEY, or neither.", returncode=2)
    try:
        return Certificate(Path(files[0]), Path(files[1]))
    except OSError as error:
        reason = error.strerror if error.filename else getattr(error, "reason", "") or type(error).__name__
        raise CommandError(f"The certificate cannot be used ({reason}).", returncode=2) from error


async def _serve(host: str, port: int, certificate: Certificate | None) -> None:
    server, end = Server(host=host, port=port, certificate=certificate), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    await server.start()
    await end.wait()
    await server.stop()
