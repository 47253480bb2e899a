"""Forms of the platform's host."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import forms as core_forms
from core.captcha import AltchaField
from core.tokens import digest
from tenants import places, slugs
from tenants.models import Closing, IspSuspension, StaffUser
from tenants.plans import Plan
from tenants.provisioning import is_taken

CHECK = "/sign-up/address/"
PLACE = "/sign-up/place/"


def check_slug(slug: str) -> None:
    """Raise ValidationError unless an ISP may have this slug and it is free."""
    slugs.check(slug)
    if is_taken(slug):
        raise ValidationError(
            _("This name, or one that looks like it, is taken already. Please choose another."), code="taken"
        )


class SlugField(forms.CharField):
    """The short name of an ISP, checked while it is typed. `suggested` is what we last put there ourselves."""

    domain = settings.PLATFORM_DOMAIN
    suggested = ""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "hx-get": CHECK,
            "hx-trigger": "input changed delay:400ms",
            "hx-target": "#slug-answer",
            "hx-sync": "this:replace",
            "autocapitalize": "none",
            "autocomplete": "off",
            "spellcheck": "false",
        }
        values: dict[str, Any] = {
            "label": _("Address of your portal"),
            "max_length": 40,
            "widget": forms.TextInput(attrs),
            "help_text": _("Lower-case letters, digits and hyphens. Your own domain can be added later."),
            "template_name": "platform/slug_field.html",
        }
        super().__init__(**values | kwargs)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).lower()

    def validate(self, value: str) -> None:
        super().validate(value)
        check_slug(value)


class SlugForm(core_forms.Form):
    """Another slug, after the first one is gone."""

    slug = SlugField()


class SignUpForm(core_forms.Form):
    """All that is needed to set up an ISP and its owner."""

    form_key = forms.UUIDField(widget=forms.HiddenInput)
    company = forms.CharField(
        label=_("Company"),
        max_length=120,
        widget=forms.TextInput(
            {
                "autocomplete": "organization",
                "hx-get": CHECK,
                "hx-trigger": "change",
                "hx-target": "#id_slug_field",
                "hx-swap": "outerHTML",
                "hx-include": "[name=slug],[name=suggested],[name=country]",
            }
        ),
    )
    slug = SlugField()
    country = forms.ChoiceField(
        label=_("Country"),
        choices=places.countries,
        widget=forms.Select(
            {
                "hx-get": PLACE,
                "hx-trigger": "change",
                "hx-target": "#place",
                "hx-swap": "outerHTML",
                "autocomplete": "country",
            }
        ),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    currency = forms.ChoiceField(label=_("Currency"), choices=places.currencies)
    timezone = forms.ChoiceField(label=_("Time zone"), choices=places.timezones)
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput({"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("Your e-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. Several words are easy to remember and hard to guess."),
    )

    captcha = AltchaField(purpose="sign-up")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One sending of the form may come twice with its solution; the same solution serves no second address.
        sent = [self.data.get(name, "") for name in ("form_key", "email", "slug")]
        self.fields["captcha"].holder = digest(":".join(sent))  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if password := data.get("password"):
            person = StaffUser(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        return data

    def values(self) -> dict[str, Any]:
        """What tenants.services.sign_up.sign_up() asks for."""
        return {name: value for name, value in self.cleaned_data.items() if name != "captcha"}


class ConfirmForm(core_forms.Form):
    """Shown in a browser that did not sign up: does the reader know the password?"""

    password = forms.CharField(
        label=_("The password that you chose when signing up"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class SignInForm(core_forms.Form):
    """E-mail address and password of an operator."""

    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput({"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


class CodeForm(core_forms.Form):
    """The code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput({"autocomplete": "one-time-code", "autofocus": True}),
    )


class SuspendForm(core_forms.ModelForm):
    """Why an ISP is suspended. Its staff read it."""

    class Meta:
        model = IspSuspension
        fields = ["reason"]
        help_texts = {"reason": _("The staff of the ISP read this.")}


class RenameForm(core_forms.Form):
    """The slug that an ISP gets instead of its old one."""

    slug = forms.CharField(label=_("New address"), max_length=40, strip=True)


class PlanForm(core_forms.Form):
    """The licence plan that an ISP gets."""

    plan = forms.ChoiceField(label=_("New plan"), choices=Plan.choices)


class CloseForm(core_forms.ModelForm):
    """Why an ISP is closed, and how long that can be taken back."""

    days = forms.IntegerField(label=_("Days until everything is deleted"), min_value=1, max_value=365, initial=30)

    class Meta:
        model = Closing
        fields = ["reason"]
        help_texts = {"reason": _("The staff of the ISP read this.")}
