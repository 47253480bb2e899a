"""Forms about what is said in the portal."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from subscribers.models import Announcement

TARGETS = {Announcement.Audience.ZONE: "zone", Announcement.Audience.GROUP: "group"}
LAST_YEAR = 2100


def _moment() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class MessageForm(ModelForm):
    """Words to one subscriber."""

    class Meta:
        model = Announcement
        fields = ["title", "text", "is_urgent", "begins_at", "ends_at"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5}), "begins_at": _moment(), "ends_at": _moment()}
        help_texts = {
            "begins_at": _("Before that nobody sees it."),
            "ends_at": _("Empty: it stays until you end it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("begins_at", timezone.localtime().replace(second=0, microsecond=0))

    def _clean_moment(self, name: str) -> datetime | None:
        moment: datetime | None = self.cleaned_data[name]
        if moment and not 2000 <= moment.year < LAST_YEAR:
            raise forms.ValidationError(_("This day is too far away."))
        return moment

    def clean_begins_at(self) -> datetime | None:
        return self._clean_moment("begins_at")

    def clean_ends_at(self) -> datetime | None:
        return self._clean_moment("ends_at")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        begins, ends = data.get("begins_at"), data.get("ends_at")
        if begins and ends and ends <= begins:
            self.add_error("ends_at", _("The end comes before the beginning."))
        return data


class AnnouncementForm(MessageForm):
    """Words to many, with whom they are for."""

    audience = forms.ChoiceField(
        label=_("For"),
        choices=[choice for choice in Announcement.Audience.choices if choice[0] != Announcement.Audience.SUBSCRIBER],
    )

    class Meta(MessageForm.Meta):
        fields = ["kind", *MessageForm.Meta.fields, "audience", "zone", "group", "at_sign_in"]

    def clean(self) -> dict[str, Any]:
        """What does not belong to the audience is left out; what belongs to it must be there."""
        data = super().clean()
        for audience, name in TARGETS.items():
            if data.get("audience") != audience:
                data[name] = None
            elif not data.get(name) and name not in self.errors:
                self.add_error(name, _("Choose one."))
        if data.get("at_sign_in") and data.get("audience") == Announcement.Audience.GROUP:
            self.add_error("at_sign_in", _("What is for one invoice group does not stand on the page for everybody."))
        return data
