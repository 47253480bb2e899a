"""The mail server of the installation, for every ISP that has none of its own."""

from typing import Any

from django.conf import settings
from django.core.mail import get_connection
from django.utils.translation import gettext_lazy as _

from messaging.channels.base import Away, SetupRefused
from messaging.channels.reasons import Reason
from messaging.channels.smtp import SmtpChannel, reason_of
from messaging.returns.addresses import Returned


class PlatformSmtp(SmtpChannel):
    """As set for the installation. An ISP types nothing; it may prove a sender domain of its own."""

    name = "platform_smtp"
    title = _("Mail server of the platform")
    needs_account = False
    at_once = 12

    def connect(self) -> Any:
        """The connection that the settings name."""
        return get_connection()

    def envelope_sender(self, mine: Returned) -> str:
        """An address of the mail's own, where the installation has a domain for them."""
        return mine.address if settings.BOUNCE_DOMAIN else ""

    def confidential(self) -> list[str]:
        """The installation's password, and the key that signs for a sender domain."""
        return [settings.EMAIL_HOST_PASSWORD, str(self.setup.values.get("dkim_key") or "")]

    def check(self) -> str:
        """Whether the installation can send at all."""
        if not settings.EMAIL_HOST:
            raise SetupRefused(Reason("no_mail_server"))
        try:
            self._opened()
        except OSError as error:
            raise Away(reason_of(error)) from error
        finally:
            self.close()
        return str(settings.DEFAULT_FROM_EMAIL)


CHANNEL = PlatformSmtp
