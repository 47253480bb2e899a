"""Searching the lists of the dashboard."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from core.models import AuditEntry
from core.search import ActorWords, search_for
from dashboard.acts import choices
from dashboard.history import history_of_number


def day_input() -> forms.DateInput:
    """A field for a day, as browsers draw it."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AuditFilter(django_filters.FilterSet):
    """The activity log by person, act and days, which are those of the ISP's time zone."""

    who = django_filters.CharFilter(method="of_person", label=_("Person"), max_length=200)
    act = django_filters.ChoiceFilter(field_name="verb", choices=choices, label=_("What"), empty_label=_("everything"))
    about = django_filters.CharFilter(
        method="of_number", label=_("About"), max_length=20, help_text=_("A subscriber's number, R-… or I-…")
    )
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label=_("From"), widget=day_input())
    until = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label=_("Until"), widget=day_input())

    class Meta:
        model = AuditEntry
        fields: list[str] = []
        form = Form

    def of_person(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        query = search_for(value)
        return rows.alias(words=ActorWords()).filter(words=query) if query else rows.none()

    def of_number(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=history_of_number(value).order_by().values("pk"))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()
