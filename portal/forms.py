"""Forms of the portal."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from subscribers.models import PortalUser
from tenants import slugs


class SignInForm(Form):
    """User name or e-mail address, and password."""

    login = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def refuse(self) -> None:
        """Say the one thing that is said whatever was wrong, also when too much was tried."""
        self.add_error(
            None,
            _("That did not work. Check the user name and the password. After several attempts, wait 15 minutes."),
        )


class SharedSignInForm(Form):
    """`name@isp`, from which the ISP's own sign-in page is found."""

    login = forms.CharField(
        label=_("User name with your provider"),
        max_length=120,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": _("name@provider"),
            }
        ),
        help_text=_("Your user name, an @ and the short name of your provider."),
    )

    def clean_login(self) -> str:
        """Leaves `name` and `slug` in the cleaned data. Only the form is checked, never who exists."""
        name, at, slug = self.cleaned_data["login"].strip().rpartition("@")
        try:
            slugs.check(slug.lower())
        except ValidationError:
            at = ""
        if not (at and name):
            raise ValidationError(
                _("Write it like maria@provider. An e-mail address works only on your provider's own page.")
            )
        self.cleaned_data.update(name=name, slug=slug.lower())
        return f"{name}@{slug}"


class PasswordForm(Form):
    """The current password, and a new one twice."""

    current = forms.CharField(
        label=_("Current password"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: PortalUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["new"].help_text = password_validators_help_text_html()

    def refuse(self) -> None:
        """Answer that too much was tried, without a word on whether this attempt was right."""
        self._errors = ErrorDict(renderer=self.renderer)
        self.cleaned_data = {}
        self.add_error(None, _("Too many attempts. Please wait 15 minutes."))

    def clean_current(self) -> str:
        current = self.cleaned_data["current"]
        if not self.user.check_password(current):
            raise ValidationError(_("This is not your current password."))
        return current

    def clean_new(self) -> str:
        new = self.cleaned_data["new"]
        validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        return data


class LanguageForm(Form):
    """The language of pages and mails."""

    language = forms.ChoiceField(label=_("Language of pages and mails"), choices=settings.LANGUAGES)
