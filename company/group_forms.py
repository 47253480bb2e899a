"""The form of an invoice group."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from company import phones, tax_ids
from company.forms import LOGO_LIMIT
from company.models import InvoiceGroup
from core.forms import ModelForm
from core.templatetags.ui import phone


class InvoiceGroupForm(ModelForm):
    """A sub-brand. Phones and tax numbers are read as those of the ISP's country."""

    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https", max_length=200)
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg,image/png,image/jpeg"}),
        help_text=_("PNG or JPEG, up to 2 MB. Empty: the company's own."),
    )

    class Meta:
        model = InvoiceGroup
        fields = (
            "name",
            "legal_name",
            "tax_id",
            "email",
            "phone",
            "website",
            "address",
            "number_prefix",
            "footer",
        )
        labels = {"name": _("Name")}
        help_texts = {"name": _("Your staff see it; subscribers see the legal name.")}
        widgets = {"address": forms.Textarea(attrs={"rows": 3}), "footer": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        self.country = country
        super().__init__(*args, **kwargs)
        self.initial["phone"] = phone(self.initial.get("phone", ""))
        self.fields["phone"].widget.attrs["inputmode"] = "tel"
        self.initial["tax_id"] = tax_ids.shown(self.initial.get("tax_id", ""), country)
        if name := tax_ids.company_name_of(country):
            self.fields["tax_id"].label = name

    def clean_phone(self) -> str:
        try:
            return phones.stored(self.cleaned_data["phone"], country=self.country)
        except phones.BadPhone as error:
            raise forms.ValidationError(str(error)) from error

    def clean_tax_id(self) -> str:
        try:
            return tax_ids.stored(self.cleaned_data["tax_id"], country=self.country)
        except tax_ids.BadTaxId as error:
            raise forms.ValidationError(str(error)) from error

    def clean_logo(self) -> UploadedFile | None:
        logo = self.cleaned_data["logo"]
        if logo and logo.size > LOGO_LIMIT:
            raise forms.ValidationError(_("This file is larger than 2 MB."))
        return logo

    @property
    def values(self) -> dict[str, Any]:
        """The cleaned fields without the file."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
