"""Forms of notice pages and of the list for routers."""

import ipaddress

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import NoticeText
from core.forms import Form, ModelForm
from subscribers.models import Router

WIDEST = {4: 16, 6: 32}  # a shorter prefix would be half the Internet


class NoticeTextForm(ModelForm):
    """What one kind of notice page says."""

    class Meta:
        model = NoticeText
        fields = ["title", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {
            "title": _("Empty: our own words."),
            "text": _("Markdown: **bold**, lists, links. What is owed and the buttons stand below it."),
        }


class NoticeSourceForm(Form):
    """Where one's own routers reach us from."""

    network = forms.CharField(
        label=_("Public address or network of the router"),
        max_length=49,
        help_text=_("Such as 203.0.113.7 or 203.0.113.0/28: the address under which your router is seen from outside."),
    )
    router = forms.ModelChoiceField(
        label=_("Router"),
        queryset=Router.objects.filter(is_active=True),
        required=False,
        empty_label=_("any"),
        help_text=_("Choose it if several routers use the same private addresses."),
    )

    def clean_network(self) -> str:
        try:
            network = ipaddress.ip_network(self.cleaned_data["network"].strip(), strict=False)
        except ValueError:
            raise forms.ValidationError(_("This is neither an address nor a network.")) from None
        if network.prefixlen < WIDEST[network.version]:
            raise forms.ValidationError(_("This network is too large. Give your own addresses only."))
        if network.is_loopback or network.is_multicast or network.is_unspecified:
            raise forms.ValidationError(_("Nobody reaches us from there."))
        return str(network)


class ListAddressForm(Form):
    """Whose addresses a list holds."""

    router = forms.ModelChoiceField(
        label=_("Router"), queryset=Router.objects.all(), required=False, empty_label=_("all routers")
    )
