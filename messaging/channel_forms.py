"""What staff type about a channel: keys, limits, and to whom a test goes."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from company.phones import BadPhone
from core.forms import Form, ModelForm
from messaging import sms
from messaging.approved import Filled, Template
from messaging.channels.base import Channel, Field
from messaging.channels.kept import TYPE_AGAIN, keep
from messaging.models import ChannelAccount, Medium


class ChannelForm(Form):
    """The fields of a channel. What is secret is never shown again: an empty field leaves it as it is, as long as what
    it is sent to stays the same."""

    def __init__(self, *args: Any, kind: type[Channel], account: ChannelAccount | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.stored: dict[str, Any] = dict(account.setup().values) if account else {}
        for field in kind.fields:
            if not field.is_made:
                value = "" if field.is_secret else self.stored.get(field.name, field.initial)
                self.fields[field.name] = _field(field, value, is_set=bool(self.stored.get(field.name)))
        for bound in self.fields.values():
            css = "form-select" if isinstance(bound.widget, forms.Select) else "form-control"
            bound.widget.attrs["class"] = css

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            for name, text in self.kind.mistakes({**self.blank_secrets, **values}).items():
                self.add_error(name if name in self.fields else None, text)
            for name in keep(self.kind, stored=self.stored, typed=values).asked:
                self.add_error(name, TYPE_AGAIN)
        return values

    @property
    def blank_secrets(self) -> dict[str, str]:
        return {field.name: "" for field in self.kind.fields if field.is_secret}

    @property
    def values(self) -> dict[str, str]:
        """Once the form is valid."""
        return {name: value.strip() for name, value in self.cleaned_data.items()}


def _field(field: Field, value: str, *, is_set: bool) -> forms.Field:
    common: dict[str, Any] = {"label": field.title, "help_text": field.help_text}
    if field.choices:
        return forms.ChoiceField(**common, choices=field.choices, initial=value, required=field.is_required)
    looks = {"autocomplete": "off", "spellcheck": "false"}
    if field.is_secret:
        common["required"] = field.is_required and not is_set
        if is_set:
            common["help_text"] = _("It is set. Leave it empty to keep it.")
        return forms.CharField(**common, max_length=2000, widget=forms.PasswordInput(looks))
    widget = forms.Textarea({**looks, "rows": 4}) if field.is_long else forms.TextInput(looks)
    most = 4000 if field.is_long else 500
    return forms.CharField(**common, initial=value, required=field.is_required, max_length=most, widget=widget)


class LimitsForm(ModelForm):
    """Price, rate and spelling."""

    class Meta:
        model = ChannelAccount
        fields = ["price", "rate", "rate_per", "spelling"]
        help_texts = {"rate": _("0: as fast as the carrier takes them.")}

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"].min_value = 0
        self.fields["price"].widget.attrs["min"] = 0
        is_sms = self.instance.medium == Medium.SMS
        self.fields["price"].help_text = (
            _("In %(currency)s, of one segment of an SMS.") if is_sms else _("In %(currency)s, of one message.")
        ) % {"currency": currency}
        self.fields["price"].label = _("Price")
        if not is_sms:
            del self.fields["spelling"]

    def clean_price(self) -> Any:
        price = self.cleaned_data["price"]
        if price < 0:
            raise forms.ValidationError(_("A price is not below zero."))
        return price


class TestForm(Form):
    """To whom a test message goes: to oneself."""

    to = forms.CharField(label=_("To"), max_length=254)
    template = forms.ChoiceField(label=_("Approved text"))

    def __init__(self, *args: Any, account: ChannelAccount, country: str, mine: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account, self.country = account, country
        if account.medium == Medium.EMAIL:
            self.fields["to"] = forms.EmailField(label=_("To"), initial=mine)
            self.fields["to"].widget.attrs["class"] = "form-control"
        else:
            self.fields["to"].label = _("Your mobile number")
            self.fields["to"].widget.input_type = "tel"
        texts = [Template.of(row) for row in account.approved]
        self.texts = {each.key: each for each in texts if each.is_approved and not each.holes and not each.row.obstacle}
        if account.kind is not None and account.kind.has_templates:
            self.fields["template"].choices = [(key, each.title) for key, each in self.texts.items()]
        else:
            del self.fields["template"]

    def clean_to(self) -> str:
        to: str = self.cleaned_data["to"]
        if self.account.medium == Medium.EMAIL:
            return to
        try:
            return sms.mobile(to, country=self.country)
        except BadPhone as error:
            raise forms.ValidationError(str(error)) from error

    @property
    def approved(self) -> Filled | None:
        """Once the form is valid: the approved text that goes, where one does."""
        template = self.texts.get(self.cleaned_data.get("template", ""))
        return template.filled_with({}) if template else None
