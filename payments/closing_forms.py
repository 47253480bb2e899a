"""The form that closes a cash desk."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from payments.desk import DeskSum

COUNTED = "counted-"


class ClosingForm(Form):
    """What was counted of each method. A difference needs a reason; what was registered meanwhile shows in `seen`."""

    seen = forms.DecimalField(max_digits=14, decimal_places=2, widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason of the difference"),
        max_length=300,
        required=False,
        help_text=_("Needed only if the counted amounts differ."),
    )

    def __init__(self, *args: Any, sums: list[DeskSum], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sums = sums
        self.initial.setdefault("seen", sum((each.amount for each in sums), Decimal(0)))
        for each in sums:
            name = each.method.name if each.method else _("without a method")
            self.fields[COUNTED + each.key] = forms.DecimalField(
                label=_("Counted: %(method)s") % {"method": name},
                max_digits=12,
                decimal_places=2,
            )
            attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "form-control text-end"}
            self.fields[COUNTED + each.key].widget.attrs |= attrs

    @property
    def rows(self) -> list[tuple[DeskSum, Any]]:
        """Each sum with the field for what was counted."""
        return [(each, self[COUNTED + each.key]) for each in self.sums]

    @property
    def counted(self) -> dict[str, Decimal]:
        """What was counted, by method. Of a form that is valid."""
        return {each.key: self.cleaned_data[COUNTED + each.key] for each in self.sums}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        counted = {each.key: data.get(COUNTED + each.key) for each in self.sums}
        differs = any(counted[each.key] not in (None, each.amount) for each in self.sums)
        if differs and None not in counted.values() and not data.get("reason", "").strip():
            self.add_error("reason", _("The counted amounts differ. Say why, even if it is only “not found”."))
        return data
