"""Forms of staff accounts and of the staff list."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from tenants.models import StaffUser

PASSWORD_LENGTH = 200
EMAIL_LENGTH = 254  # of the column


def password_field(label: Any, autocomplete: str, **kwargs: Any) -> forms.CharField:
    """A password, taken as it is typed."""
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=PASSWORD_LENGTH, widget=widget, **kwargs)


class SignInForm(Form):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = password_field(_("Password"), "current-password")


class CodeForm(Form):
    """A code of the authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=30,
        help_text=_("The six digits that your app shows now, or one of your recovery codes."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


class ForgotForm(Form):
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=EMAIL_LENGTH,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )


class NewPasswordForm(Form):
    """A new password, typed twice. `user` is whom it must not resemble."""

    password = password_field(_("New password"), "new-password", help_text=password_validators_help_text_html())
    again = password_field(_("New password again"), "new-password")

    def __init__(self, *args: Any, user: StaffUser, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean(self) -> None:
        password, again = self.cleaned_data.get("password"), self.cleaned_data.get("again")
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ."))
        if password:
            try:
                validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("password", error)


class JoinForm(NewPasswordForm):
    """What somebody new tells to accept an invitation."""

    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    field_order = ["name", "password", "again"]

    def clean(self) -> None:
        self.user.name = self.cleaned_data.get("name", "")
        super().clean()


class ProfileForm(Form):
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class OwnPasswordMixin:
    """A field that asks for the password that one has now. `own` says whether a guess may still be looked at."""

    def clean_current(self) -> str:
        current = self.cleaned_data["current"]  # type: ignore[attr-defined]
        if not self.may_try():  # type: ignore[attr-defined]
            raise ValidationError(_("Too many attempts. Wait a few minutes and try again."))
        if not self.user.check_password(current):  # type: ignore[attr-defined]
            raise ValidationError(_("This is not your password."))
        return current


class ChangePasswordForm(OwnPasswordMixin, NewPasswordForm):
    current = password_field(_("Your password now"), "current-password")
    field_order = ["current", "password", "again"]

    def __init__(self, *args: Any, may_try: Any, **kwargs: Any) -> None:
        self.may_try = may_try
        super().__init__(*args, **kwargs)


class SecondFactorForm(OwnPasswordMixin, CodeForm):
    """Password and code together, for every change of the second factor."""

    current = password_field(_("Your password"), "current-password")
    field_order = ["current", "code"]

    def __init__(self, *args: Any, user: StaffUser, may_try: Any, **kwargs: Any) -> None:
        self.user, self.may_try = user, may_try
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("autofocus", None)


class InviteForm(Form):
    email = forms.EmailField(
        label=_("E-mail"), max_length=EMAIL_LENGTH, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles
        self.fields["role"].initial = "support"


class RoleForm(Form):
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles


class AnswerForm(Form):
    """What came of a request about personal data; a refusal says why."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=[("done", _("done")), ("refused", _("refused"))])
    answer = forms.CharField(
        label=_("Answer to the subscriber"),
        max_length=300,
        required=False,
        help_text=_("For example how the copy comes to the subscriber, or why the data cannot be erased yet."),
    )

    @property
    def is_granted(self) -> bool:
        return bool(self.cleaned_data["outcome"] == "done")

    def clean(self) -> dict[str, Any]:
        """Nobody is refused without a reason."""
        data = super().clean() or {}
        if data.get("outcome") == "refused" and not data.get("answer"):
            self.add_error("answer", _("Say why: the subscriber reads it."))
        return data


class EraseForm(Form):
    """An erasure cannot be undone, so it takes the number and a tick."""

    number = forms.CharField(
        label=_("Subscriber number"), max_length=12, widget=forms.TextInput({"autocomplete": "off"})
    )
    is_meant = forms.BooleanField(label=_("I have read what goes and what stays. It cannot be undone."))
    tell = forms.BooleanField(
        label=_("Send a last mail to the subscriber"),
        required=False,
        initial=True,
        help_text=_("Nothing of it is kept once it is sent."),
    )

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expected = number
        self.fields["number"].help_text = _("Type %(number)s to confirm whom it is about.") % {"number": number}

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"]).strip()
        if number != str(self.expected):
            raise forms.ValidationError(_("This is not the number of this subscriber."))
        return number
