"""The prospect's form, and what staff fill in."""

import re
import unicodedata
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from company.models import DocumentKind, DocumentRule
from core.forms import Form, ModelForm
from core.uploads import DOCUMENTS
from preinstall.models import DraftUpload, InstallRequest, State

SUSPICIOUS = re.compile(r"[<>@:/\\{}]|www\.", re.I)  # in a name: an address to click on, or markup
HINTS = {
    DocumentKind.ID_FRONT: _("The side with the photo."),
    DocumentKind.ID_BACK: _("The other side of the same ID."),
    DocumentKind.PROOF_OF_ADDRESS: _("For example a bill for electricity or water, not older than three months."),
    DocumentKind.COUPON: _("If you have one."),
}
AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
    "address": "street-address",
    "district": "address-level3",
    "city": "address-level2",
    "postcode": "postal-code",
    "mobile": "tel",
    "second_mobile": "off",
    "id_number": "off",
    "comments": "off",
}


def one_line(text: str) -> str:
    """A text without control characters and with single spaces."""
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    return " ".join("".join(c for c in text if unicodedata.category(c) != "Cf").split())


class DocumentField(forms.FileField):
    """A document: chosen now, or received already while the form was being filled in."""

    def __init__(self, *, kind: DocumentKind, received: DraftUpload | None, **kwargs: Any) -> None:
        super().__init__(label=kind.label, help_text=HINTS[kind], **kwargs)
        self.received = received
        self.widget.attrs["accept"] = ",".join([*sorted(DOCUMENTS), ".pdf", ".png", ".jpg", ".jpeg"])

    def clean(self, data: Any, initial: Any = None) -> Any:
        """The file itself was checked when it was kept as a draft."""
        if self.required and self.received is None:
            raise ValidationError(_("Please add this document."), code="required")
        return None


class RequestForm(ModelForm):
    """What a prospect tells us. Build it with the documents asked for and those received so far."""

    mobile = forms.CharField(label=_("Mobile"), max_length=40, widget=forms.TextInput(attrs={"type": "tel"}))
    second_mobile = forms.CharField(
        label=_("Second mobile"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )

    class Meta:
        model = InstallRequest
        fields = [
            "first_name",
            "last_name",
            "id_number",
            "mobile",
            "second_mobile",
            "email",
            "address",
            "district",
            "city",
            "postcode",
            "comments",
        ]
        widgets = {"comments": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "id_number": _("As it stands on your official ID."),
            "email": _("We send you a confirmation if you give one."),
            "address": _("Street, number, and what helps to find the house."),
            "comments": _("For example when you can be reached."),
        }

    def __init__(
        self,
        *args: Any,
        country: str,
        demands: dict[DocumentKind, str],
        received: dict[str, DraftUpload],
        document_errors: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.country, self.document_errors = country, document_errors or {}
        for name, value in AUTOCOMPLETE.items():
            self.fields[name].widget.attrs["autocomplete"] = value
        for name in ("mobile", "second_mobile"):
            self.fields[name].widget.attrs["inputmode"] = "tel"
        self.fields["email"].widget.attrs["inputmode"] = "email"
        for kind, demand in demands.items():
            if demand != DocumentRule.Demand.HIDDEN:
                self.fields[kind.value] = DocumentField(
                    kind=kind, received=received.get(kind.value), required=demand == DocumentRule.Demand.REQUIRED
                )
                self.fields[kind.value].widget.attrs["class"] = "form-control"

    @property
    def data_fields(self) -> list[forms.BoundField]:
        """What is typed."""
        return [self[name] for name in self.fields if name in self.Meta.fields]

    @property
    def document_fields(self) -> list[forms.BoundField]:
        """What is uploaded."""
        return [self[name] for name in self.fields if name not in self.Meta.fields]

    def _clean_fields(self) -> None:
        super()._clean_fields()
        for name, message in self.document_errors.items():
            if name in self.fields:
                self._errors.pop(name, None)
                self.add_error(name, message)

    def _name(self, field: str) -> str:
        value = one_line(self.cleaned_data[field])
        if SUSPICIOUS.search(value) or not any(c.isalpha() for c in value):
            raise ValidationError(_("Please write only the name."))
        return value

    def clean_first_name(self) -> str:
        return self._name("first_name")

    def clean_last_name(self) -> str:
        return self._name("last_name")

    def clean_id_number(self) -> str:
        return one_line(self.cleaned_data["id_number"])

    def clean_address(self) -> str:
        return one_line(self.cleaned_data["address"])

    def clean_district(self) -> str:
        return one_line(self.cleaned_data["district"])

    def clean_city(self) -> str:
        return one_line(self.cleaned_data["city"])

    def clean_postcode(self) -> str:
        return one_line(self.cleaned_data["postcode"]).upper()

    def clean_mobile(self) -> str:
        return self._phone("mobile")

    def clean_second_mobile(self) -> str:
        second = self._phone("second_mobile")
        return "" if second == self.cleaned_data.get("mobile") else second

    def _phone(self, field: str) -> str:
        """A number of the ISP's country, or of another one if it begins with +, as E.164."""
        text = self.cleaned_data[field]
        if not text:
            return ""
        try:
            number = phonenumbers.parse(text, self.country)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            sample = phonenumbers.example_number_for_type(self.country, phonenumbers.PhoneNumberType.MOBILE)
            shown = phonenumbers.format_number(sample, phonenumbers.PhoneNumberFormat.NATIONAL) if sample else ""
            raise ValidationError(
                _("This is not a phone number. Write it with its area code, for example %(sample)s."),
                params={"sample": shown},
            )
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class CommentForm(Form):
    """A note of staff."""

    text = forms.CharField(
        label=_("Comment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}), help_text=_("Only staff see it.")
    )


class StateForm(Form):
    """What staff decide. A rejection needs a reason."""

    to = forms.ChoiceField(
        choices=[choice for choice in State.choices if choice[0] not in {State.NEW, State.ACTIVATED}],
        widget=forms.HiddenInput,
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["reason"] = one_line(data.get("reason", ""))
        if data.get("to") == State.REJECTED and not data["reason"]:
            self.add_error("reason", _("Please say why; the reason stays in the history."))
        return data
