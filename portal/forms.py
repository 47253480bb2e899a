"""Forms of the portal."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _

from core.captcha import AltchaField
from core.forms import Form
from subscribers import passwords
from subscribers.models import PortalUser
from subscribers.portal_roles import GRANTABLE
from tenants import slugs


def password_field(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    """A password, taken as it is typed."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=256, widget=widget, **kwargs)


class SignInForm(Form):
    """User name or e-mail address, and password; a captcha once much was tried at the login."""

    login = forms.CharField(
        label=_("User name, e-mail or subscriber number"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = password_field(_("Password"), "current-password")

    def has_captcha(self) -> bool:
        """Whether a captcha was solved along with this attempt; from now on the form shows one."""
        self.fields["captcha"] = AltchaField(purpose="sign-in")
        try:
            self.fields["captcha"].clean(self.data.get("captcha", ""))
        except ValidationError as error:
            self.add_error("captcha", error)
            return False
        return True

    def refuse(self, *, wants_captcha: bool = False) -> None:
        """Say the one thing that is said whatever was wrong, also when too much was tried."""
        if wants_captcha and "captcha" not in self.fields:
            self.fields["captcha"] = AltchaField(purpose="sign-in")
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


class NewPasswordForm(Form):
    """A new password, typed twice. `user` is whom it must not resemble."""

    password = password_field(_("New password"), "new-password")
    again = password_field(_("New password again"), "new-password")

    def __init__(self, *args: Any, user: PortalUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["password"].help_text = passwords.help_text()

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        passwords.check(password, self.user)
        return password

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        return data


class ConfirmForm(Form):
    """The current password."""

    current = password_field(_("Current password"), "current-password")

    def __init__(self, *args: Any, user: PortalUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def refuse(self) -> None:
        """Answer that too much was tried, without a word on whether this attempt was right."""
        self._errors = ErrorDict(renderer=self.renderer)
        self.cleaned_data = {}
        self.add_error(None, _("Too many attempts. Please wait 15 minutes."))

    def clean_current(self) -> str:
        current = self.cleaned_data["current"]
        # A one-time password opens the sign-in page alone.
        if self.user.one_time or not self.user.check_password(current):
            raise ValidationError(_("This is not your current password."))
        return current


class PasswordForm(ConfirmForm):
    """The current password, and a new one twice."""

    new = password_field(_("New password"), "new-password")
    again = password_field(_("New password again"), "new-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new"].help_text = passwords.help_text()

    def clean_new(self) -> str:
        new = self.cleaned_data["new"]
        passwords.check(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two passwords differ."))
        return data


class ForgotForm(Form):
    """Whose password is forgotten."""

    login = forms.CharField(
        label=_("User name or e-mail"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    captcha = AltchaField(purpose="forgot")


class ColleagueForm(Form):
    """A colleague to invite."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        help_text=_("The invitation is sent here."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, role.label) for role in GRANTABLE])

    def __init__(self, *args: Any, owner: PortalUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = owner

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].strip()
        if self.owner.subscriber.portal_users.filter(email__iexact=email).exists():
            raise ValidationError(_("There is a login with this address already."))
        return email


class ColleagueRoleForm(Form):
    """Another role for a colleague."""

    role = forms.ChoiceField(choices=[(role.value, role.label) for role in GRANTABLE])


class LanguageForm(Form):
    """The language of pages and mails."""

    language = forms.ChoiceField(label=_("Language of pages and mails"), choices=settings.LANGUAGES)
