"""Searching the list of subscribers."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from subscribers.models import Service, Subscriber, SubscriberQuerySet, Tariff, Zone

NO_SERVICE = "none"


def _states(*_args: Any) -> list[tuple[str, Any]]:
    return [*Service.State.choices, (NO_SERVICE, _("no service"))]


class SubscriberFilter(django_filters.FilterSet):
    """Subscribers by what was typed, zone, and state and tariff of one and the same service."""

    q = django_filters.CharFilter(
        method="nothing", label=_("Search"), max_length=100, help_text=_("Name, number, user name, phone or ID number")
    )
    state = django_filters.ChoiceFilter(method="nothing", choices=_states, label=_("State"), empty_label=_("any"))
    zone = django_filters.ModelChoiceFilter(queryset=Zone.objects.all(), label=_("Zone"), empty_label=_("any"))
    tariff = django_filters.ModelChoiceFilter(
        method="nothing", queryset=Tariff.objects.all(), label=_("Tariff"), empty_label=_("any")
    )

    class Meta:
        model = Subscriber
        fields: list[str] = []
        form = Form

    def nothing(self, rows: SubscriberQuerySet, name: str, value: Any) -> SubscriberQuerySet:
        """These are applied together in filter_queryset."""
        return rows

    def filter_queryset(self, queryset: SubscriberQuerySet) -> SubscriberQuerySet:
        """Values that were not understood leave the list empty rather than pretending."""
        if not self.form.is_valid():
            return queryset.none()
        asked = self.form.cleaned_data
        rows = super().filter_queryset(queryset).search(asked["q"])
        service = {key: asked[key] for key in ("state", "tariff") if asked[key]}
        if service.get("state") == NO_SERVICE:
            return rows.filter(services=None)
        return rows.with_service(**service) if service else rows
