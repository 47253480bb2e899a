"""Forms of what people want to hear of, and of how an ISP has its events told."""

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import Form, ModelForm
from messaging.events.base import NEVER_OFF, Event, Kind
from messaging.models import EventRule, Medium, QuietHours

Choice = tuple[str, str]
OPTIONAL = [kind for kind in Kind if kind not in NEVER_OFF]


class PreferencesForm(Form):
    """For each kind of message the media by which it is wanted."""

    def __init__(self, *args: Any, media: Sequence[Medium], unwanted: Collection[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.media_shown, self.before = media, set(unwanted)
        for kind in OPTIONAL:
            self.fields[kind.value] = forms.MultipleChoiceField(
                label=capfirst(str(kind.label)),
                required=False,
                choices=[(each.value, capfirst(str(each.label))) for each in media],
                widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
                initial=[each.value for each in media if (kind.value, each.value) not in self.before],
            )

    @property
    def unwanted(self) -> set[Choice]:
        """What is not wanted now; of media that were not shown, what was not wanted before."""
        shown = {each.value for each in self.media_shown}
        kept = {(kind, medium) for kind, medium in self.before if medium not in shown}
        wanted = {(kind.value, medium) for kind in OPTIONAL for medium in self.cleaned_data[kind.value]}
        return kept | {(kind.value, medium) for kind in OPTIONAL for medium in shown} - wanted


class QuietHoursForm(ModelForm):
    """When what is not urgent waits."""

    class Meta:
        model = QuietHours
        fields = ["begins", "ends", "holds_mail"]
        widgets = {name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M") for name in ("begins", "ends")}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if bool(values.get("begins")) != bool(values.get("ends")) and not self.errors:
            self.add_error("ends", _("Write both times, or none."))
        return values


class RuleForm(Form):
    """By which media an event is told, and in which order."""

    is_on = forms.BooleanField(label=gettext_lazy("Send it"), required=False)
    takes_all = forms.ChoiceField(
        label=gettext_lazy("How"),
        choices=[
            ("", gettext_lazy("by the first of these that the person has")),
            ("1", gettext_lazy("by all of these that the person has")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, event: Event, rule: EventRule, **kwargs: Any) -> None:
        places = [*rule.media, *[""] * len(event.media)][: len(event.media)]
        initial = {"is_on": rule.is_on, "takes_all": "1" if rule.takes_all else ""}
        super().__init__(*args, initial=initial | {f"place_{i}": each for i, each in enumerate(places)}, **kwargs)
        self.event = event
        if not event.may_be_off:
            del self.fields["is_on"]
        choices = [("", _("nothing")), *((each.value, capfirst(str(each.label))) for each in event.media)]
        for i in range(len(event.media)):
            self.fields[f"place_{i}"] = forms.ChoiceField(
                label=_("By") if i == 0 else _("Then by"),
                choices=choices[1:] if i == 0 else choices,
                required=i == 0,
                widget=forms.Select(attrs={"class": "form-select"}),
            )
        self.order_fields(["is_on", *(name for name in self.fields if name.startswith("place_")), "takes_all"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        seen: set[str] = set()
        for name in [name for name in self.fields if name.startswith("place_")]:
            if (medium := values.get(name)) and medium in seen:
                self.add_error(name, _("This one stands above already."))
            seen.add(medium or "")
        return values

    @property
    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        places = [self.cleaned_data[name] for name in self.fields if name.startswith("place_")]
        is_on = self.cleaned_data.get("is_on", True)
        return {"is_on": is_on, "media": [p for p in places if p], "takes_all": bool(self.cleaned_data["takes_all"])}
