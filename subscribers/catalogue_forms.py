"""Forms of tariffs, zones and routers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from subscribers.models import Router, Tariff, Zone


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
        fields = ("name",)
        labels = {"name": _("Name")}


class RouterForm(ModelForm):
    class Meta:
        model = Router
        fields = ("name", "address", "zone", "notes")
        labels = {"name": _("Name")}
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}
