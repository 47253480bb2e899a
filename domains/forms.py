"""The form in which an ISP names a domain of its own."""

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from domains.models import Surface


class ClaimForm(Form):
    """A host however it is typed or copied; the verb says what is wrong with it."""

    host = forms.CharField(
        label=_("Domain"),
        help_text=_("Best a name below your own, such as clientes.your-company.com. Copy it from anywhere."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}),
    )
    surface = forms.ChoiceField(
        label=_("What it shows"),
        choices=[
            (Surface.PORTAL.value, _("The portal, for your subscribers")),
            (Surface.DASHBOARD.value, _("The dashboard, for your staff")),
        ],
        initial=Surface.PORTAL.value,
    )
