"""The form of the public balance page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import Form
from payments.models import BalanceSettings, LookupKind


class BalanceForm(Form):
    """Who one is, in one of the ways that the ISP takes."""

    kind = forms.ChoiceField(label=gettext_lazy("I know my"))
    value = forms.CharField(label=gettext_lazy("Number or name, in full"), max_length=120)
    phone = forms.RegexField(
        r"\A[0-9]{4}\Z",
        label=gettext_lazy("Last four digits of your mobile"),
        error_messages={"invalid": gettext_lazy("Write the last four digits.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": 4, "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, rules: BalanceSettings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.fields["kind"].choices = [(kind.value, str(kind.label).capitalize()) for kind in rules.kinds]  # type: ignore[attr-defined]
        self.fields["value"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        if len(rules.kinds) == 1:
            self.fields["kind"].required = False
            self.fields["kind"].widget = forms.HiddenInput()
            self.fields["value"].label = str(rules.kinds[0].label).capitalize()
        if not rules.asks_phone:
            del self.fields["phone"]

    def clean_kind(self) -> LookupKind:
        kinds = self.rules.kinds
        return LookupKind(self.cleaned_data["kind"] or kinds[0]) if kinds else LookupKind.SERVICE

    def clean_value(self) -> str:
        value = " ".join(self.cleaned_data["value"].split())
        if "\x00" in value or not value:
            raise ValidationError(_("Write it as it stands on your papers."))
        return value
