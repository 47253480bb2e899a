"""Keys of a gateway, refunds, and payments that fit nothing."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from payments.gateways.base import Gateway, Keys
from subscribers.models import Subscriber


class KeysForm(Form):
    """What staff paste. It is never shown again, so the fields are always empty."""

    def __init__(self, *args: Any, kind: type[Gateway], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in kind.fields:
            looks = {"autocomplete": "off", "spellcheck": "false", "class": "form-control"}
            self.fields[field.name] = forms.CharField(
                label=field.title, help_text=field.help_text, max_length=300, widget=forms.PasswordInput(looks)
            )

    @property
    def keys(self) -> Keys:
        """Once the form is valid."""
        data = self.cleaned_data
        return Keys(data["secret"].strip(), data.get("webhook_secret", "").strip())


class RefundForm(Form):
    """How much goes back, and why."""

    amount = forms.DecimalField(label=_("Amount"), max_digits=14, decimal_places=2)
    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("It stands in the subscriber's ledger, where they can read it.")
    )
    key = forms.UUIDField(widget=forms.HiddenInput)  # the form that is sent twice pays back once

    def __init__(self, *args: Any, left: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = left

    def clean_amount(self) -> Decimal:
        amount = self.cleaned_data["amount"]
        if not 0 < amount <= self.left:
            raise forms.ValidationError(_("Enter an amount above zero, and at most what is left of the payment."))
        return amount


class AssignForm(Form):
    """Whose payment it is."""

    number = forms.IntegerField(label=_("Subscriber number"), min_value=1, max_value=2**31 - 1)

    def clean_number(self) -> int:
        number = self.cleaned_data["number"]
        self.subscriber = Subscriber.objects.filter(number=number).first()
        if self.subscriber is None:
            raise forms.ValidationError(_("There is no subscriber with this number."))
        return number


class ReturnForm(Form):
    """Why a decision about a payment that fits nothing is taken back."""

    reason = forms.CharField(label=_("Why it goes back"), max_length=300)


class EndCardForm(Form):
    """Why a saved card is charged no more."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("The subscriber reads it in the message that tells them.")
    )


class DismissForm(Form):
    """Why it is nobody's."""

    note = forms.CharField(label=_("Why it is put aside"), max_length=300)
