"""Forms of tariffs, zones and routers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from subscribers.models import Router, Tariff, Zone
from tenants.places import timezones


class TariffForm(ModelForm):
    """What is sold, and what subscribers see of it."""

    class Meta:
        model = Tariff
        fields = (
            "name",
            "download",
            "upload",
            "price",
            "tax_rate",
            "cycle",
            "portal_name",
            "description",
            "shows_speed",
            "shows_price",
        )
        labels = {"name": _("Name")}
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class ZoneForm(ModelForm):
    class Meta:
        model = Zone
        fields = ("name", "timezone")
        labels = {"name": _("Name")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model_field = self.fields["timezone"]
        self.fields["timezone"] = forms.ChoiceField(
            label=model_field.label,
            help_text=model_field.help_text,
            required=False,
            choices=[("", _("as in your company")), *timezones()],
            widget=forms.Select(attrs={"class": "form-select"}),
        )


class RouterForm(ModelForm):
    class Meta:
        model = Router
        fields = ("name", "address", "zone", "notes")
        labels = {"name": _("Name")}
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}
