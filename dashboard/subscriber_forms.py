"""Forms around the list of subscribers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from core.forms import Form
from subscribers.models import AutoLoginLink, SavedView, Tariff, Zone


class SaveViewForm(Form):
    """The name of a view, and who sees it."""

    name = forms.CharField(label=_("Name"), max_length=SavedView._meta.get_field("name").max_length)
    is_shared = forms.BooleanField(label=_("Show it to colleagues"), required=False)

    def __init__(self, *args: Any, may_share: bool, view_id: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.view_id = view_id
        if not may_share:
            del self.fields["is_shared"]

    @property
    def is_shared_now(self) -> bool:
        return bool(self.cleaned_data.get("is_shared"))


class ZoneForm(Form):
    zone = forms.ModelChoiceField(
        queryset=Zone.objects.all(), to_field_name="uuid", label=_("New zone"), empty_label=_("choose one")
    )


class TariffForm(Form):
    tariff = forms.ModelChoiceField(
        queryset=Tariff.objects.on_sale(), to_field_name="uuid", label=_("New tariff"), empty_label=_("choose one")
    )


class GroupForm(Form):
    group = forms.ModelChoiceField(
        queryset=InvoiceGroup.objects.all(),
        to_field_name="uuid",
        label=_("New invoice group"),
        empty_label=_("choose one"),
    )


class ReasonForm(Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=300, required=False, help_text=_("Stands in the history of each service.")
    )


class NothingForm(Form):
    """For an action that asks nothing."""


class LinksForm(Form):
    """What the links open, and for how long."""

    scope = forms.ChoiceField(
        label=_("The link opens"), choices=AutoLoginLink.Scope.choices, initial=AutoLoginLink.Scope.PAY
    )
    days = forms.TypedChoiceField(
        label=_("It works for"),
        coerce=int,
        initial=3,
        choices=[(1, _("1 day")), (3, _("3 days")), (7, _("7 days")), (30, _("30 days")), (180, _("6 months"))],
    )
