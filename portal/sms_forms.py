"""What subscribers type to send an SMS, and for their directory of numbers."""

import json
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from company.phones import BadPhone
from core.forms import Form
from messaging import sms
from subscribers.models import Contact, SmsRules


class PhoneField(forms.CharField):
    """A number that an SMS can reach, in E.164."""

    def __init__(self, *, country: str, abroad: bool, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}), **kwargs)
        self.country, self.abroad = country, abroad
        self.widget.attrs["class"] = "form-control"

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        try:
            return sms.mobile(typed, country=self.country, abroad=self.abroad) if typed else ""
        except BadPhone as error:
            raise forms.ValidationError(str(error)) from error


class SmsForm(Form):
    """Whom, and what."""

    contact = forms.ModelChoiceField(
        queryset=None,
        label=_("From your directory"),
        required=False,
        to_field_name="uuid",
        empty_label=_("none of them"),
    )
    text = forms.CharField(label=_("Text"), max_length=1600, widget=forms.Textarea({"rows": 4, "data-sms": ""}))
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    field_order = ["contact", "to", "text", "key"]

    def __init__(self, *args: Any, contacts: Any, rules: SmsRules, country: str, spelling: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules, self.country = rules, country
        self.fields["contact"].queryset = contacts
        self.fields["to"] = PhoneField(
            country=country, abroad=rules.allows_abroad, label=_("Or another mobile number"), required=False
        )
        self.fields["text"].widget.attrs["data-most"] = rules.segments
        self.fields["text"].widget.attrs["data-instead"] = json.dumps(sms.instead(spelling))
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "to" not in self.errors and not values.get("to") and not values.get("contact"):
            self.add_error("to", _("Choose somebody of your directory, or enter a mobile number."))
        if (contact := values.get("contact")) and not self.rules.allows_abroad:
            # It may have been written down while other countries were allowed.
            try:
                sms.mobile(contact.phone, country=self.country, abroad=False)
            except BadPhone as error:
                self.add_error("contact", str(error))
        if values.get("to") and values.get("contact"):
            self.add_error("to", _("Choose one of the two: somebody of your directory, or another number."))
        return values

    @property
    def number(self) -> str:
        """Once the form is valid."""
        contact: Contact | None = self.cleaned_data["contact"]
        return contact.phone if contact else str(self.cleaned_data["to"])


class ContactForm(Form):
    """One entry of the directory."""

    name = forms.CharField(label=_("Name"), max_length=80)

    def __init__(self, *args: Any, rules: SmsRules, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"] = PhoneField(country=country, abroad=rules.allows_abroad, label=_("Mobile number"))
