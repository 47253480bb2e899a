"""Searching the list of install requests."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from preinstall.models import InstallRequest, State


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RequestFilter(django_filters.FilterSet):
    """Install requests by what was typed, state, and days, which are those of the ISP's time zone."""

    q = django_filters.CharFilter(
        method="search", label=_("Search"), max_length=100, help_text=_("Number, name, phone, e-mail or address")
    )
    state = django_filters.ChoiceFilter(choices=State.choices, label=_("State"), empty_label=_("any"))
    since = django_filters.DateFilter(field_name="created_at", lookup_expr="date__gte", label=_("From"), widget=_day())
    until = django_filters.DateFilter(field_name="created_at", lookup_expr="date__lte", label=_("Until"), widget=_day())

    class Meta:
        model = InstallRequest
        fields: list[str] = []
        form = Form

    def search(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()
