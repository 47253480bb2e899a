"""The list of what came in, behind the charts of the money dashboard."""

from typing import Any

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import F, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from core.forms import Form
from payments.models import Payment, PaymentMethod
from subscribers.models import Zone

NUMBER = {"td": {"class": "text-end number"}, "th": {"class": "text-end"}}
NONE = "none"


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _one_of(model: Any, label: Any, without: Any, **more: Any) -> Any:
    return django_filters.ModelChoiceFilter(
        queryset=model.objects.all(), to_field_name="uuid", label=label, empty_label=_("any"), null_label=without,
        null_value=NONE, **more,
    )  # fmt: skip


class CollectedFilter(django_filters.FilterSet):
    """Payments by their date, method, and zone and group of who paid. Those without one can be asked for."""

    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label=_("From"), widget=_day())
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label=_("Until"), widget=_day())
    method = _one_of(PaymentMethod, _("Payment method"), _("without a method"))
    zone = _one_of(Zone, _("Zone"), _("without a zone"), field_name="subscriber__zone")
    group = _one_of(InvoiceGroup, _("Invoice group"), _("without a group"), field_name="subscriber__group")

    class Meta:
        model = Payment
        fields: list[str] = []
        form = Form

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()

    def together(self) -> Any:
        """The sum of all that was found. One query."""
        return self.qs.order_by().aggregate(sum=Sum(F("amount") - F("taken_back"), default=0))["sum"]


class CollectedTable(tables.Table):
    """Payments for staff, the latest first. Needs `isp` in the context."""

    on = tables.DateColumn(verbose_name=_("Date"), format="SHORT_DATE_FORMAT")
    number = tables.Column(verbose_name=_("Receipt"))
    subscriber = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/subscribers/{{ record.subscriber.number }}/account/">'
        "{{ record.subscriber.listed_name }}</a>",
        verbose_name=_("Subscriber"),
        orderable=False,
    )
    method = tables.TemplateColumn(
        '{{ record.method|default:"" }}<div class="text-secondary small">{{ record.get_source_display }}</div>',
        verbose_name=_("Payment method"),
        orderable=False,
    )
    reference = tables.Column(verbose_name=_("Reference"), orderable=False)
    kept = tables.TemplateColumn(
        "{% money record.kept %}", verbose_name=_("Amount"), order_by=("amount",), attrs=NUMBER
    )

    caption = _("Payments")

    class Meta:
        model = Payment
        fields: list[str] = []
        sequence = ["on", "number", "subscriber", "method", "reference", "kept"]
        order_by = "-on"
        empty_text = _("Nothing here for this search.")
