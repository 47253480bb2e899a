"""Forms of suspension for debt: rules and bounds, and what staff and subscribers do about a single one."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from billing.models import ReminderRule, SuspensionRule, SuspensionSettings
from company.models import InvoiceGroup
from core.forms import Form, ModelForm


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _time() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class SuspensionRuleForm(ModelForm):
    """When the services of a group are switched off."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days"),
        coerce=int,
        choices=[(number + 1, name) for number, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Whoever is cut off before a weekend may find nobody to ask. That is why Friday is off at first."),
    )

    class Meta:
        model = SuspensionRule
        fields = ["is_on", "days", "least_debt", "warn_days", "weekdays", "begins", "ends", "is_automatic"]
        widgets = {"begins": _time(), "ends": _time()}
        help_texts = {"days": _("1 or more: nobody is cut off on the due date itself.")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("begins") and data.get("ends") and data["begins"] >= data["ends"]:
            self.add_error("ends", _("This has to be later than the beginning."))
        return data

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields}


class NewSuspensionRuleForm(SuspensionRuleForm):
    """A rule for those who have none yet."""

    field_order = ("group",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = set(SuspensionRule.objects.values_list("group", flat=True))
        groups = InvoiceGroup.objects.exclude(pk__in=[key for key in taken if key])
        self.fields["group"] = forms.ModelChoiceField(
            label=_("For"),
            queryset=groups,
            required=None in taken,
            empty_label=None if None in taken else _("all subscribers without a rule of their own"),
        )
        self.fields["group"].widget.attrs["class"] = "form-select"
        self.order_fields(["group", *self._meta.fields])


class SuspensionSettingsForm(ModelForm):
    """Bounds of all rules, and what subscribers may do by themselves."""

    class Meta:
        model = SuspensionSettings
        fields = [
            "most_per_cent",
            "keeps_public_holidays",
            "promises",
            "promise_days",
            "promise_most",
            "instalments",
            "instalments_at_once",
            "instalments_most",
        ]


class HolidayForm(Form):
    """A day of the ISP's own on which nobody is cut off."""

    on = forms.DateField(label=_("Day"), widget=_day())
    name = forms.CharField(label=_("Name"), max_length=80, required=False)

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if not date.today() - timedelta(days=1) <= on <= date.today() + timedelta(days=800):  # noqa: DTZ011 - a bound
            raise forms.ValidationError(_("Give a day of this year or the next one."))
        return on


class ReminderForm(Form):
    """When a mail is sent."""

    when = forms.ChoiceField(
        label=_("When"),
        choices=[("before", _("before the due date")), ("after", _("after the due date"))],
        initial="after",
    )
    days = forms.IntegerField(label=_("Days"), min_value=0, max_value=90, initial=7)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("when") == "before" and (data.get("days") or 0) > 30:
            self.add_error("days", _("At most 30 days before."))
        return data

    @property
    def value(self) -> int:
        """Days after the due date, below zero before it."""
        days: int = self.cleaned_data["days"]
        return -days if self.cleaned_data["when"] == "before" else days

    class Meta:
        model = ReminderRule


class ExceptionForm(Form):
    """Whom a rule leaves alone, why, and until when."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
    until = forms.DateField(
        label=_("Until"), widget=_day(), required=False, help_text=_("Empty: until somebody ends it.")
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until and not self.today <= until <= self.today + timedelta(days=3660):
            raise forms.ValidationError(_("Give a day from today on."))
        return until


class PromiseForm(Form):
    """Until when somebody will have paid."""

    until = forms.DateField(label=_("Until"), widget=_day())

    def __init__(self, *args: Any, today: date, days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        last = today + timedelta(days=days)
        field = self.fields["until"]
        field.initial = last
        field.validators += [
            MinValueValidator(today, _("Give a day from today on.")),
            MaxValueValidator(last, _("This is too late. The last possible day is %(limit_value)s.")),
        ]
        field.widget.attrs |= {"min": today.isoformat(), "max": last.isoformat()}


class InstalmentsForm(Form):
    """A debt in equal parts."""

    parts = forms.IntegerField(label=_("In how many parts"), min_value=2, initial=2)
    first_on = forms.DateField(label=_("The first part is paid until"), widget=_day())
    every = forms.TypedChoiceField(
        label=_("The others"),
        coerce=int,
        choices=[(7, _("every week")), (14, _("every two weeks")), (30, _("every 30 days"))],
        initial=14,
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, today: date, most: int, days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parts, first = self.fields["parts"], self.fields["first_on"]
        parts.validators.append(MaxValueValidator(most))
        parts.widget.attrs |= {"max": most}
        first.initial = today + timedelta(days=3)
        first.validators += [
            MinValueValidator(today, _("Give a day from today on.")),
            MaxValueValidator(today + timedelta(days=days), _("The last possible day is %(limit_value)s.")),
        ]


class ExcludeForm(Form):
    """Why somebody is left out of a run."""

    reason = forms.CharField(max_length=200, required=False)


# What stands against a promise or instalments, for people.
REFUSALS = {
    "off": _("This is not offered."),
    "nothing": _("Nothing is overdue."),
    "much": _("The debt is too high for a promise. Please get in touch with us."),
    "long": _("This day is too far away."),
    "past": _("This day is over."),
    "again": _("There was one this month already."),
    "parts": _("Choose fewer or more parts."),
    "dates": _("Choose other days."),
    "gone": _("Somebody was quicker: this has been decided."),
    "waiting": _("There is one already."),
}
