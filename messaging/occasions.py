"""What mails of an ISP are about, in words for staff: one row for each template."""

from typing import Any

from django.utils.translation import gettext_lazy as _

OCCASIONS: dict[str, Any] = {
    "portal/auto_login": _("link that signs in"),
    "portal/forgotten": _("forgotten password"),
    "portal/invitation": _("invitation to the portal"),
    "portal/set_password": _("choosing a password"),
    "payments/card_agreed": _("card that pays by itself"),
    "payments/card_ended": _("card is not charged any more"),
    "payments/card_refused": _("card was refused"),
    "portal/sms": _("SMS from the portal"),
    "channels/test": _("test message"),
    "preinstall/new_request": _("new install request, to you"),
    "preinstall/received": _("install request received"),
    "preinstall/installation_planned": _("visit planned"),
    "preinstall/installation_moved": _("visit moved"),
    "preinstall/installation_cancelled": _("visit cancelled"),
    "subscribers/personal_request": _("answer about personal data"),
    "subscribers/profile_approved": _("change of own data approved"),
    "subscribers/profile_refused": _("change of own data refused"),
    "subscribers/erased": _("data erased"),
}


def name_of(occasion: str) -> Any:
    """What a mail is about; nothing for mails from before this was written down, and for templates that are gone."""
    return OCCASIONS.get(occasion, "")
