"""The list of installations and its filters."""

from typing import Any

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from preinstall.models import Installation
from tenants.models import StaffUser


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class InstallationFilter(django_filters.FilterSet):
    """Installations by what was typed, state, technician and days."""

    q = django_filters.CharFilter(
        method="search", label=_("Search"), max_length=100, help_text=_("Number, name, phone or address")
    )
    state = django_filters.ChoiceFilter(choices=Installation.State.choices, label=_("State"), empty_label=_("any"))
    technician = django_filters.ChoiceFilter(
        field_name="technician_id", choices=(), label=_("Technician"), empty_label=_("any")
    )
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label=_("From"), widget=_day())
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label=_("Until"), widget=_day())

    class Meta:
        model = Installation
        fields: list[str] = []
        form = Form

    def __init__(self, *args: Any, technicians: list[StaffUser], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["technician"].extra["choices"] = [(user.pk, user.name) for user in technicians]

    def search(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()


class InstallationTable(tables.Table):
    """Installations for staff. Needs `isp` in the context."""

    number = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/installations/{{ record.number }}/">{{ record.reference }}</a>',
        verbose_name=_("Number"),
    )
    on = tables.TemplateColumn(template_name="dashboard/installations/when_cell.html", verbose_name=_("Day"))
    name = tables.TemplateColumn(
        "{{ record.service.subscriber.full_name }}",
        verbose_name=_("Name"),
        order_by=("service__subscriber__sort_name", "pk"),
    )
    place = tables.TemplateColumn(
        '<span class="text-break">{{ record.service.address|default:record.service.subscriber.address }}</span>',
        verbose_name=_("Address"),
        orderable=False,
    )
    technician_name = tables.Column(verbose_name=_("Technician"), default="–")
    state = tables.TemplateColumn("{% status_badge record.get_state_display record.colour %}", verbose_name=_("State"))

    caption = _("Installations")

    class Meta:
        model = Installation
        fields = ("number", "on", "name", "place", "technician_name", "state")
        order_by = ("-on",)
        empty_text = _("No installation fits this search.")
