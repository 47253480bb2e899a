"""Forms of services."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.forms import Form, ModelForm
from subscribers.models import Router, Service, Tariff


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class ServiceForm(ModelForm):
    """A service without its state. An IP address must be free on its router."""

    class Meta:
        model = Service
        fields = ("tariff", "price", "address", "router", "ip_address", "queue_name", "started_on", "back_on_report")
        widgets = {"started_on": _day()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tariffs, routers = Q(is_active=True), Q(is_active=True)
        if self.instance.pk:
            # What is off sale or out of use stays with those who have it.
            tariffs |= Q(pk=self.instance.tariff_id)
            routers |= Q(pk=self.instance.router_id)
        self.fields["tariff"].queryset = Tariff.objects.filter(tariffs)
        self.fields["router"].queryset = Router.objects.filter(routers)
        self.fields["router"].empty_label = pgettext_lazy("router", "none")
        self.fields["price"].widget.attrs |= {"inputmode": "decimal", "step": "0.01"}
        self.fields["ip_address"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("ip_address") and "router" in data:
            self._refuse_taken(data["ip_address"], data["router"])
        return data

    def _refuse_taken(self, address: str, router: Router | None) -> None:
        others = Service.objects.lasting().filter(ip_address=address, router=router).exclude(pk=self.instance.pk)
        taken = others.select_related("subscriber").first()
        if taken is None:
            return
        message = (
            gettext("On this router, %(address)s belongs to service %(service)s of %(name)s (number %(number)s).")
            if router
            else gettext(
                "Without a router, %(address)s belongs to service %(service)s of %(name)s (number %(number)s)."
            )
        )
        about = {"address": address, "service": taken.number}
        self.add_error(
            "ip_address",
            message % {**about, "name": taken.subscriber.full_name, "number": taken.subscriber.number},
        )

    def _get_validation_exclusions(self) -> set[str]:
        # The model's own constraint says the same with fewer words.
        return super()._get_validation_exclusions() | {"router", "ip_address"}  # type: ignore[no-any-return]

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields}


class NewServiceForm(ServiceForm):
    """A service to begin with; it may wait for its installation."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            (Service.State.ACTIVE, _("active: it works already")),
            (Service.State.PENDING, _("pending: to be installed")),
        ],
    )

    field_order = (
        "tariff",
        "price",
        "state",
        "started_on",
        "address",
        "router",
        "ip_address",
        "queue_name",
        "back_on_report",
    )


class ServiceTariffForm(Form):
    """Another tariff for a service."""

    tariff = forms.ModelChoiceField(label=_("New tariff"), queryset=Tariff.objects.on_sale())
    price = Service._meta.get_field("price").formfield(
        label=_("Own price"), help_text=_("Empty: the new tariff's price.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tariff"].queryset = Tariff.objects.on_sale().exclude(pk=service.tariff_id)
        self.fields["price"].widget.attrs |= {"inputmode": "decimal", "step": "0.01"}


class ServiceStateForm(Form):
    """Into another state. To switch a service off, somebody must say why."""

    to = forms.ChoiceField(choices=Service.State, widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)
    on = forms.DateField(label=_("Date"), required=False, widget=_day(), help_text=_("Empty: today."))
    needs_reason = {Service.State.SUSPENDED, Service.State.ENDED}

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.service = service

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("to") in self.needs_reason and not data.get("reason"):
            self.add_error("reason", _("Say why, for your colleagues and for the customer's history."))
        on, began = data.get("on"), self.service.started_on
        if on and on > timezone.localdate():
            self.add_error("on", _("This day is still to come. Come back then."))
        elif on and began and data.get("to") == Service.State.ENDED and on < began:
            self.add_error("on", _("The service began after this day."))
        return data
