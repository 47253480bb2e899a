"""Forms about addresses: of whom mails come from, and who gets none."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import Form
from domains.hosts import BadHost, normalise, registrable
from messaging.models import Medium


class SenderForm(Form):
    """The address that mails of the ISP come from; `mailbox` and `host` once it is valid."""

    address = forms.CharField(
        label=gettext_lazy("Sender"),
        max_length=254,
        help_text=gettext_lazy(
            "An address of your own domain, such as facturas@your-company.com. Bounced mails come to it."
        ),
        widget=forms.EmailInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_address(self) -> str:
        """An address whose domain is somebody's."""
        mailbox, at, domain = self.cleaned_data["address"].strip().rpartition("@")
        if not at or not mailbox:
            raise ValidationError(_("Enter a whole address, such as facturas@your-company.com."))
        try:
            host = normalise(domain)
        except BadHost as error:
            raise ValidationError(str(error)) from error
        forms.EmailField().clean(f"{mailbox}@{host}")
        if len(mailbox) > 64:
            raise ValidationError(_("Enter an e-mail address."))
        if not registrable(host):
            raise ValidationError(_("This domain is open to everybody and belongs to nobody."))
        if host == settings.PLATFORM_DOMAIN or host.endswith(f".{settings.PLATFORM_DOMAIN}"):
            raise ValidationError(_("This is a name of the platform. Take one of your own domain."))
        self.cleaned_data |= {"mailbox": mailbox, "host": host}
        return f"{mailbox}@{host}"


class StopForm(Form):
    """An address that should be written to no more."""

    medium = forms.ChoiceField(
        label=gettext_lazy("By"), choices=[pair for pair in Medium.choices if pair[0] != Medium.PUSH]
    )
    address = forms.CharField(
        label=gettext_lazy("Address or phone"),
        max_length=254,
        help_text=gettext_lazy("A phone in full, such as +525512345678."),
    )

    def clean(self) -> dict[str, Any]:
        """The address without spaces around and, of a phone, within."""
        values = super().clean() or self.cleaned_data
        if "address" in values and values.get("medium") != Medium.EMAIL:
            values["address"] = "".join(values["address"].split())
        return values
