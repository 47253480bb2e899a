"""Forms about subscribers."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from subscribers import passwords
from subscribers.models import PortalUser, Subscriber, Tariff
from subscribers.person_forms import PersonMixin


class NewSubscriberForm(PersonMixin, ModelForm):
    """A new subscriber; with a tariff also its first service, with a user name also a portal login."""

    tariff = forms.ModelChoiceField(
        label=_("Tariff"),
        queryset=Tariff.objects.filter(is_active=True),
        required=False,
        empty_label=_("no service yet"),
    )
    username = forms.CharField(
        label=_("User name"),
        required=False,
        max_length=60,
        help_text=_("Leave it empty if there is to be no login yet."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        validators=PortalUser._meta.get_field("username").validators,
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("Password again"),
        required=False,
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    anyway = forms.BooleanField(label=_("Add as another subscriber all the same"), required=False)

    class Meta:
        model = Subscriber
        fields = (
            "first_name",
            "last_name",
            "id_number",
            "email",
            "mobile",
            "address",
            "district",
            "city",
            "postcode",
            "zone",
        )

    person = Meta.fields

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].empty_label = _("none")
        self.fields["password"].help_text = passwords.help_text()

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if PortalUser.objects.alias(name=Lower("username")).filter(name=username.lower()).exists():
            raise ValidationError(_("This user name is taken."))
        return username

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self._check_password(data)
        self.refuse_known(data)
        return data

    def _check_password(self, data: dict[str, Any]) -> None:
        password, username = data.get("password"), data.get("username")
        if username and not password:
            self.add_error("password", _("Set a password for the login."))
        elif password and not username and "username" not in self.errors:
            self.add_error("username", _("The password needs a user name."))
        elif password != data.get("again"):
            self.add_error("again", _("The two passwords differ."))
        elif password:
            try:
                known = ("first_name", "last_name", "id_number", "mobile")
                login = PortalUser(username=username, email=data.get("email", ""))
                person = Subscriber(**{key: data.get(key) or "" for key in known})
                passwords.check(password, login, subscriber=person)
            except ValidationError as error:
                self.add_error("password", error)
