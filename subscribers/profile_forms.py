"""The subscriber's own data in the portal, and the rules that open them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Form, ModelForm
from core.templatetags.ui import phone
from subscribers.models import FieldAccess, ProfileChange, ProfileField, Subscriber
from subscribers.models.profile import NEVER_EDITED
from subscribers.person_forms import PersonMixin

EDITED = (FieldAccess.APPROVAL, FieldAccess.EDITABLE)


class OwnDataForm(PersonMixin, ModelForm):
    """The fields that the ISP has opened. What waits for approval stands there as it was asked for."""

    class Meta:
        model = Subscriber
        fields = [field.value for field in ProfileField if field not in NEVER_EDITED]

    def __init__(self, *args: Any, access: dict[str, str], waiting: ProfileChange | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in list(self.fields):
            if access[name] not in EDITED:
                del self.fields[name]
                continue
            if access[name] == FieldAccess.APPROVAL:
                self.fields[name].help_text = _("We look at it before it counts.")
            if waiting and name in waiting.wanted:
                self.initial[name] = waiting.wanted[name][1]
            if name in {"mobile", "second_mobile"}:
                self.initial[name] = phone(self.initial.get(name) or "")
                self.fields[name].widget.attrs |= {"inputmode": "tel", "autocomplete": "tel"}

    def _post_clean(self) -> None:
        """The row is not touched: what was typed becomes a change, at once or later, and never the row itself."""

    @property
    def values(self) -> dict[str, str]:
        """What was typed, of the open fields."""
        return {name: self.cleaned_data[name] for name in self.fields}


def _access(field: ProfileField) -> forms.ChoiceField:
    choices = [each for each in FieldAccess.choices if field not in NEVER_EDITED or each[0] not in EDITED]
    return forms.ChoiceField(label=field.label, choices=choices, widget=forms.RadioSelect)


class ProfileRulesForm(Form):
    """What the portal does with each field; the form's fields are named after them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields |= {field.value: _access(field) for field in ProfileField}


class RefusalForm(Form):
    """Why a change is not made; the subscriber reads it."""

    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The subscriber reads it."))
