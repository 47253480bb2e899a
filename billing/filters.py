"""Searching invoices."""

from collections.abc import Callable
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceState
from company.models import InvoiceGroup
from core.forms import Form
from subscribers.models import Subscriber

KINDS = Invoice.Kind


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


STATES: dict[str, Callable[[Any, date], QuerySet[Invoice]]] = {
    InvoiceState.OPEN: lambda rows, today: rows.unpaid(),
    InvoiceState.OVERDUE: lambda rows, today: rows.overdue(on=today),
    InvoiceState.PAID: lambda rows, today: (
        rows.invoices()
        .filter(Q(entry__open=0) | Q(entry=None), written_off=0)
        .exclude(credited=F("total"), total__gt=0)
    ),
    InvoiceState.CREDITED: lambda rows, today: rows.invoices().filter(credited__gt=0),
    InvoiceState.WRITTEN_OFF: lambda rows, today: rows.invoices().filter(written_off__gt=0),
    InvoiceState.CREDIT_NOTE: lambda rows, today: rows.filter(kind=KINDS.CREDIT_NOTE),
}


class InvoiceFilter(django_filters.FilterSet):
    """Invoices by what was typed, state, invoice group and days."""

    q = django_filters.CharFilter(
        method="search", label=_("Search"), max_length=100, help_text=_("Invoice number, or name of the subscriber")
    )
    state = django_filters.ChoiceFilter(
        method="in_state",
        choices=[(state, InvoiceState(state).label) for state in STATES],
        label=_("State"),
        empty_label=_("any"),
    )
    group = django_filters.ModelChoiceFilter(
        queryset=InvoiceGroup.objects.all(), label=_("Invoice group"), empty_label=_("any")
    )
    since = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte", label=_("From"), widget=_day())
    until = django_filters.DateFilter(field_name="issued_on", lookup_expr="lte", label=_("Until"), widget=_day())

    class Meta:
        model = Invoice
        fields: list[str] = []
        form = Form

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def search(self, rows: Any, name: str, value: str) -> Any:
        people = Subscriber.objects.search(value).order_by().values("pk")
        return rows.filter(Q(number__icontains=value.strip()) | Q(subscriber__in=people))

    def in_state(self, rows: Any, name: str, value: str) -> Any:
        return STATES[value](rows, self.today)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()
