"""Forms about portal logins, for staff."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.forms import Form, ModelForm
from subscribers import usernames
from subscribers.models import AutoLoginLink, LoginRules, LoginRun, PortalUser

HOUR, DAY = 1, 24
LIVES = [
    (HOUR, _("1 hour")),
    (DAY, _("1 day")),
    (3 * DAY, _("3 days")),
    (7 * DAY, _("1 week")),
    (30 * DAY, _("30 days")),
    (91 * DAY, _("3 months")),
    (183 * DAY, _("6 months")),
]


def _date() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class PortalUserForm(ModelForm):
    """A login: who it is, what they may do, and when."""

    language = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = PortalUser
        fields = ("username", "person", "email", "role", "language", "valid_from", "valid_until")
        widgets = {
            "username": forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
            "valid_from": _date(),
            "valid_until": _date(),
        }
        help_texts = {
            "person": _("If it is not the subscriber in person."),
            "email": _("Links to set a password are sent here."),
            "valid_from": _("Empty: from now on. Both days are included."),
            "valid_until": _("Empty: without an end."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("that of the company")), *settings.LANGUAGES]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"].strip()
        others = PortalUser.objects.exclude(pk=self.instance.pk).alias(lower=Lower("username"))
        if others.filter(lower=username.lower()).exists():
            raise ValidationError(_("This user name is taken."))
        return username

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        begins, ends = data.get("valid_from"), data.get("valid_until")
        if begins and ends and ends < begins:
            self.add_error("valid_until", _("The end lies before the beginning."))
        return data

    def validate_constraints(self) -> None:
        """What the constraints say was said at the fields."""


class AutoLoginForm(Form):
    """A new auto-login link."""

    scope = forms.ChoiceField(
        label=_("The link opens"),
        choices=AutoLoginLink.Scope,
        initial=AutoLoginLink.Scope.PAY,
        widget=forms.RadioSelect,
    )
    hours = forms.TypedChoiceField(label=_("It works for"), choices=LIVES, coerce=int, initial=3 * DAY)


class LoginRulesForm(ModelForm):
    """The rules for logins of an ISP."""

    class Meta:
        model = LoginRules
        fields = (
            "naming",
            "pattern",
            "number_signs_in",
            "min_length",
            "link_days",
            "one_time_days",
            "initial",
            "initial_days",
            "owners_invite",
            "most_logins",
        )
        widgets = {"naming": forms.RadioSelect}
        help_texts = {
            "pattern": _("With {number}, {first} and {last}; besides letters without accents, digits, dots, hyphens."),
            "number_signs_in": _("Where a subscriber has several logins, it opens that of the account owner."),
            "initial": _("For new logins that have no password yet. It signs in once, then an own one is chosen."),
        }

    def clean_pattern(self) -> str:
        pattern = self.cleaned_data["pattern"].strip()
        if self.data.get("naming") == LoginRules.Naming.CUSTOM:
            try:
                usernames.check_pattern(pattern)
            except usernames.BadPattern as error:
                raise ValidationError(
                    _("Use at least one of {number}, {first}, {last}, and besides only letters, digits, . - and _.")
                ) from error
        return pattern or "{number}"


class LoginRunForm(ModelForm):
    """What a mass start of the portal does."""

    life_hours = forms.TypedChoiceField(label=_("It works for"), choices=LIVES, coerce=int, initial=7 * DAY)
    is_meant = forms.BooleanField(error_messages={"required": _("Tick this box to begin.")})

    class Meta:
        model = LoginRun
        fields = ("makes_logins", "sends", "scope", "life_hours", "only_new")
        widgets = {"sends": forms.RadioSelect, "scope": forms.RadioSelect}

    def __init__(self, *args: Any, customers: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = ngettext("Yes, do this for %(n)s customer", "Yes, do this for %(n)s customers", customers)
        self.fields["is_meant"].label = text % {"n": customers}

    @property
    def values(self) -> dict[str, Any]:
        """What was chosen, without the tick."""
        return {key: self.cleaned_data[key] for key in self.Meta.fields}
