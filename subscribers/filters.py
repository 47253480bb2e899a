"""Searching the list of subscribers."""

from collections.abc import Callable
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from core.forms import Form
from subscribers.models import PortalUser, Router, Service, Subscriber, SubscriberQuerySet, Tariff, Zone

NO_SERVICE = "none"
WITHOUT = "none"  # a zone, or an invoice group
WITH_ERASED, ONLY_ERASED = "with", "only"
OF_SERVICE = ("state", "tariff", "router")


def _states(*_args: Any) -> list[tuple[str, Any]]:
    return [*Service.State.choices, (NO_SERVICE, _("no service"))]


def _one_of(model: Any, label: Any, **more: Any) -> Any:
    return django_filters.ModelChoiceFilter(
        queryset=model.objects.all(), to_field_name="uuid", label=label, empty_label=_("any"), **more
    )


class SubscriberFilter(django_filters.FilterSet):
    """Subscribers by what was typed, zone, group, logins, and state, tariff and router of one and the same service."""

    q = django_filters.CharFilter(
        method="nothing",
        label=_("Search"),
        max_length=100,
        help_text=_("Name, number, user name, phone, e-mail, ID number, service number or address"),
    )
    state = django_filters.ChoiceFilter(method="nothing", choices=_states, label=_("State"), empty_label=_("any"))
    zone = _one_of(Zone, _("Zone"), null_label=_("without a zone"), null_value=WITHOUT)
    tariff = _one_of(Tariff, _("Tariff"), method="nothing")
    router = _one_of(Router, _("Router"), method="nothing")
    group = _one_of(InvoiceGroup, _("Invoice group"), null_label=_("without a group"), null_value=WITHOUT)
    login = django_filters.ChoiceFilter(
        method="by_login",
        choices=[("none", _("none")), ("some", _("has one"))],
        label=_("Portal login"),
        empty_label=_("any"),
    )

    erased = django_filters.ChoiceFilter(
        method="nothing",
        choices=[(WITH_ERASED, _("shown too")), (ONLY_ERASED, _("only these"))],
        label=_("Erased customers"),
        empty_label=_("left out"),
    )

    class Meta:
        model = Subscriber
        fields: list[str] = []
        form = Form

    def nothing(self, rows: SubscriberQuerySet, name: str, value: Any) -> SubscriberQuerySet:
        """These are applied together in filter_queryset."""
        return rows

    def by_login(self, rows: SubscriberQuerySet, name: str, value: str) -> SubscriberQuerySet:
        logins = Exists(PortalUser.objects.order_by().filter(subscriber=OuterRef("pk")))
        return rows.filter(logins if value == "some" else ~logins)

    def filter_queryset(self, queryset: SubscriberQuerySet) -> SubscriberQuerySet:
        return self.filtered(queryset, SubscriberQuerySet.search)

    def filtered(
        self, queryset: SubscriberQuerySet, search: Callable[[SubscriberQuerySet, str], SubscriberQuerySet]
    ) -> SubscriberQuerySet:
        """The hits, with the text looked up in this way.

        Values that were not understood leave the list empty rather than pretending.
        """
        if not self.form.is_valid():
            return queryset.none()
        asked = self.form.cleaned_data
        rows = super().filter_queryset(queryset)
        if asked["erased"] == ONLY_ERASED:
            rows = rows.exclude(erased_at=None)
        elif asked["erased"] != WITH_ERASED:
            rows = rows.not_erased()
        rows = search(rows, asked["q"]) if asked["q"] else rows
        service = {key: asked[key] for key in OF_SERVICE if asked[key]}
        if service.get("state") == NO_SERVICE:
            # No service at all has no tariff and no router either.
            return rows.without_service() if len(service) == 1 else rows.none()
        return rows.with_service(**service) if service else rows
