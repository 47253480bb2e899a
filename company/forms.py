"""Forms of the company settings."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import RegexValidator
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from company import chat_vendors, phones, tax_ids
from company.models import Branding, DocumentKind, DocumentRule, PortalSettings, Profile
from core.forms import Form, ModelForm
from core.templatetags.ui import phone
from domains.hosts import shown

LOGO_LIMIT = 2 * 1024 * 1024  # bytes


class ProfileForm(ModelForm):
    """Name and contact. Phones are read as numbers of the ISP's country."""

    website = forms.URLField(label=_("Website"), required=False, assume_scheme="https", max_length=200)

    class Meta:
        model = Profile
        fields = [
            "display_name",
            "legal_name",
            "tax_id",
            "email",
            "phone",
            "whatsapp",
            "website",
            "address",
            "opening_hours",
        ]
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        self.country = country
        super().__init__(*args, **kwargs)
        for name in ("phone", "whatsapp"):
            self.initial[name] = phone(self.initial.get(name, ""))
            self.fields[name].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
            self.fields[name].help_text = _("For example %(example)s.") % {"example": phones.example(country)}
        self.fields["tax_id"].help_text = tax_ids.company_name_of(country)

    def clean_phone(self) -> str:
        return self._number("phone", may_be_short=True)

    def clean_whatsapp(self) -> str:
        return self._number("whatsapp", may_be_short=False)

    def _number(self, name: str, *, may_be_short: bool) -> str:
        try:
            number = phones.stored(self.cleaned_data[name], country=self.country, may_be_short=may_be_short)
        except phones.BadPhone as error:
            raise forms.ValidationError(str(error)) from error
        if len(number) > 40:
            raise forms.ValidationError(_("This is too long for a phone number."))
        return number

    def clean_website(self) -> str:
        website = self.cleaned_data["website"]
        if website and not website.lower().startswith("https://"):
            raise forms.ValidationError(_("The address has to begin with https://."))
        return website


class BrandingForm(ModelForm):
    """Colour, greeting, and a new logo. Whether the file is a picture is found out when it is stored."""

    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg,image/png,image/jpeg"}),
        help_text=_("PNG or JPEG, up to 2 MB. A transparent background looks best."),
    )

    class Meta:
        model = Branding
        fields = ["colour", "welcome"]

    def clean_colour(self) -> str:
        return self.cleaned_data["colour"].lower()

    def clean_logo(self) -> UploadedFile | None:
        logo = self.cleaned_data["logo"]
        if logo and logo.size > LOGO_LIMIT:
            raise forms.ValidationError(
                _("This file has %(size)s; at most %(limit)s are possible.")
                % {"size": filesizeformat(logo.size), "limit": filesizeformat(LOGO_LIMIT)}
            )
        return logo

    @property
    def values(self) -> dict[str, Any]:
        """The cleaned fields without the file."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}


class PortalForm(ModelForm):
    """The switches, and what links carry."""

    class Meta:
        model = PortalSettings
        fields = ["accepts_requests", "shows_services", "shows_payment_methods", "shows_contact", "identifier"]
        widgets = {"identifier": forms.RadioSelect}
        help_texts = {
            "accepts_requests": _("When off, the form says that no requests are taken at the moment."),
            "shows_services": _("Subscribers see their tariff, speed and price on the start page."),
            "shows_payment_methods": _("Subscribers see how they can pay."),
            "shows_contact": _("Subscribers see your phone, WhatsApp, e-mail, address and opening hours."),
        }


def _demand(kind: DocumentKind) -> forms.ChoiceField:
    return forms.ChoiceField(label=kind.label, choices=DocumentRule.Demand.choices, widget=forms.RadioSelect)


class DocumentRulesForm(Form):
    """What a prospect has to give; the fields are named after the kinds of document."""

    id_front = _demand(DocumentKind.ID_FRONT)
    id_back = _demand(DocumentKind.ID_BACK)
    proof_of_address = _demand(DocumentKind.PROOF_OF_ADDRESS)
    coupon = _demand(DocumentKind.COUPON)


KEY = RegexValidator(r"^[A-Za-z0-9_-]{30,100}$", _("This is not a whole key. Copy it again from Google."))


class CaptchaKeysForm(Form):
    """A pair of keys for one of the ISP's hosts. The secret one is never shown again."""

    domain = forms.CharField(
        label=_("Domain"), widget=forms.Select, help_text=_("The keys also hold for everything below the domain.")
    )
    site_key = forms.CharField(label=_("Site key"), validators=[KEY], widget=forms.TextInput({"autocomplete": "off"}))
    secret_key = forms.CharField(
        label=_("Secret key"),
        validators=[KEY],
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("It is kept encrypted and never shown again."),
    )

    def __init__(self, *args: Any, domains: list[str], **kwargs: Any) -> None:
        self.domains = domains
        super().__init__(*args, **kwargs)
        self.fields["domain"].widget.choices = [(domain, shown(domain)) for domain in domains]

    def clean_domain(self) -> str:
        domain = self.cleaned_data["domain"]
        if domain not in self.domains:
            raise forms.ValidationError(_("This is not a domain of your portal."))
        return domain

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("site_key") and data.get("site_key") == data.get("secret_key"):
            self.add_error("secret_key", _("This is the site key again. The secret key is the other one."))
        return data


class ChatForm(Form):
    """The script that a chat vendor gives to its customers."""

    script = forms.CharField(
        label=_("Script of your chat"),
        max_length=chat_vendors.LONGEST,
        widget=forms.Textarea(attrs={"rows": 9, "spellcheck": "false", "class": "font-monospace"}),
        help_text=_("Paste it as the vendor shows it, whole."),
    )

    def clean_script(self) -> chat_vendors.Chat:
        """What was recognised, in place of the text."""
        try:
            return chat_vendors.recognise(self.cleaned_data["script"])
        except chat_vendors.BadScript as error:
            raise forms.ValidationError(str(error)) from error
