"""What staff fill in to plan an installation, and what a technician fills in on the spot."""

import base64
import binascii
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.forms import Form, ModelForm
from preinstall.models import Installation, InstallRequest
from preinstall.models.installations import PHOTOS
from subscribers.models import PortalUser, Router, Service, Subscriber, Tariff
from subscribers.person_forms import PersonMixin
from tenants.models import StaffUser

SIGNATURE = 200_000  # bytes of a drawn signature
PREFIX = "data:image/png;base64,"


class PersonForm(PersonMixin, ModelForm):
    """Who becomes a subscriber, as the request has it; or somebody who is one already."""

    subscriber = forms.ModelChoiceField(
        label=_("Whose service is it?"),
        queryset=Subscriber.objects.none(),
        required=False,
        empty_label=_("a new subscriber"),
    )
    username = forms.CharField(
        label=_("User name for the portal"),
        required=False,
        max_length=60,
        help_text=_("Opens a login without a password; a link to set one can be sent from the subscriber's page."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        validators=PortalUser._meta.get_field("username").validators,
    )

    class Meta:
        model = Subscriber
        fields = (
            "first_name",
            "last_name",
            "id_number",
            "email",
            "mobile",
            "second_mobile",
            "address",
            "district",
            "city",
            "postcode",
            "zone",
        )

    person = Meta.fields

    def __init__(self, *args: Any, request: InstallRequest, **kwargs: Any) -> None:
        kwargs["initial"] = {name: getattr(request, name, "") for name in self.Meta.fields if name != "zone"}
        super().__init__(*args, **kwargs)
        self.fields["zone"].empty_label = _("none")
        # Whoever looks like this person may be chosen, and nobody else.
        similar = request.similar_subscribers()
        self.fields["subscriber"].queryset = similar
        self.has_similar = similar.exists()

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if PortalUser.objects.alias(name=Lower("username")).filter(name=username.lower()).exists():
            raise ValidationError(_("This user name is taken."))
        return username


class ConnectionForm(ModelForm):
    """What is to be connected, and where in the network."""

    tariff = forms.ModelChoiceField(label=_("Tariff"), queryset=Tariff.objects.on_sale(), empty_label=_("choose one"))
    router = forms.ModelChoiceField(
        label=_("Router"),
        queryset=Router.objects.filter(is_active=True),
        required=False,
        empty_label=_("not known yet"),
    )

    class Meta:
        model = Service
        fields = ("tariff", "router", "ip_address", "queue_name")
        labels = {"ip_address": _("IP address"), "queue_name": _("Queue name")}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        address = data.get("ip_address")
        taken = Service.objects.lasting().filter(router=data.get("router"), ip_address=address)
        if address and (other := taken.select_related("subscriber").first()):
            message = _("Service %(number)s of %(name)s on this router has this address.")
            values = {"number": other.number, "name": other.subscriber.full_name}
            self.add_error("ip_address", ValidationError(message, params=values))
        return data


class VisitForm(Form):
    """Who goes when. Times may stay open."""

    on = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    begins = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=_("Until"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    technician = forms.TypedChoiceField(label=_("Technician"), coerce=int)
    cost = forms.DecimalField(
        label=_("Cost of the installation"), min_value=0, max_digits=12, decimal_places=2, required=False, initial=0
    )
    notes = forms.CharField(
        label=_("Notes for the technician"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    anyway = forms.BooleanField(label=_("Plan it all the same"), required=False)

    def __init__(
        self,
        *args: Any,
        technicians: list[StaffUser],
        currency: str,
        moved: Installation | None = None,
        **kwargs: Any,
    ) -> None:
        if moved:
            names = ("on", "begins", "ends", "cost", "notes")
            kwargs["initial"] = {name: getattr(moved, name) for name in names} | {"technician": moved.technician_id}
        super().__init__(*args, **kwargs)
        self.technicians, self.moved = {user.pk: user for user in technicians}, moved
        self.fields["cost"].label = f"{self.fields['cost'].label} ({currency})"
        self.fields["technician"].choices = [("", _("choose one")), *((user.pk, user.name) for user in technicians)]

    def clean_cost(self) -> Any:
        return self.cleaned_data["cost"] or 0

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        on, begins, ends = data.get("on"), data.get("begins"), data.get("ends")
        if on and on < timezone.localdate() and not (self.moved and self.moved.on == on):
            self.add_error("on", _("This day is over."))
        if ends and not begins:
            self.add_error("begins", _("Say from when."))
        elif begins and ends and ends <= begins:
            self.add_error("ends", _("This is not after the beginning."))
        elif not self.errors and not data["anyway"]:
            self._check_clash(data)
        return data

    def _check_clash(self, data: dict[str, Any]) -> None:
        """A technician who is elsewhere at that time is pointed out; the office may know better."""
        begins, ends = data["begins"], data["ends"] or data["begins"]
        if begins is None:
            return
        same_day = Installation.objects.planned().filter(technician_id=data["technician"], on=data["on"])
        others = same_day.exclude(pk=self.moved.pk) if self.moved else same_day
        overlaps = Q(begins__lt=ends, ends__gt=begins) | Q(begins=begins)
        if clash := others.filter(overlaps).select_related("service__subscriber").first():
            message = _("At that time this technician is at %(name)s (%(reference)s).")
            values = {"name": clash.service.subscriber.full_name, "reference": clash.reference}
            self.add_error("anyway", ValidationError(message, params=values))

    @property
    def visit(self) -> dict[str, Any]:
        """The cleaned values, with the technician as a person."""
        data = {name: self.cleaned_data[name] for name in ("on", "begins", "ends", "cost", "notes")}
        return {**data, "technician": self.technicians[self.cleaned_data["technician"]]}


class CancelForm(Form):
    """Why a visit is called off."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
    ends_service = forms.BooleanField(label=_("The customer does not want the service any more"), required=False)


class Pictures(forms.ClearableFileInput):
    """Several pictures at once; a phone offers its camera."""

    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Up to PHOTOS pictures; what they are is found out when they are kept."""

    widget = Pictures

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [super(PicturesField, self).clean(file, initial) for file in data or []]
        if len(files) > PHOTOS:
            message = ngettext("At most %(number)s picture.", "At most %(number)s pictures.", PHOTOS)
            raise ValidationError(message % {"number": PHOTOS})
        if not files and self.required:
            raise ValidationError(_("Please add a picture of the installation."))
        return files


class FinishForm(Form):
    """What the technician brings back: pictures, the signature that was drawn, and a few words."""

    photos = PicturesField(
        label=_("Pictures"),
        help_text=_("The antenna or box, and where the cable comes in."),
        widget=Pictures(attrs={"accept": "image/jpeg,image/png", "data-shrink": "2000"}),
    )
    report = forms.CharField(
        label=_("What was done"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    signed_by = forms.CharField(label=_("Name of who signs"), max_length=120)
    signature = forms.CharField(required=False, max_length=SIGNATURE * 2, widget=forms.HiddenInput)
    on_paper = forms.BooleanField(label=_("Signed on paper; the picture shows it"), required=False)

    def clean_signature(self) -> bytes:
        """The drawing as PNG bytes; empty if there is none."""
        text = self.cleaned_data["signature"]
        if not text:
            return b""
        try:
            if not text.startswith(PREFIX):
                raise ValueError(text[:20])
            data = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (ValueError, binascii.Error) as error:
            raise ValidationError(_("The signature did not arrive. Please sign again.")) from error
        if len(data) > SIGNATURE:
            raise ValidationError(_("The signature did not arrive. Please sign again."))
        return data

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("signature") and not data.get("on_paper") and "signature" not in self.errors:
            self.add_error("on_paper", _("Have the customer sign, or say that the paper was signed."))
        return data
