"""The lists of payments and of payment reports, and their filters."""

from typing import Any

import django_filters
import django_tables2 as tables
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from payments.models import Payment, PaymentMethod, PaymentReport
from payments.models.payments import same_reference
from subscribers.models import Subscriber
from tenants.models import StaffUser


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _typed(value: str, *, number: str = "") -> Q:
    """What was typed: a reference, a name or number of a subscriber, or a row's own number."""
    found = same_reference(value) | Q(subscriber__in=Subscriber.objects.search(value).order_by().values("pk"))
    if number and value.isdecimal() and len(value) < 10:
        found |= Q(**{number: int(value)})
    return found


class PaymentFilter(django_filters.FilterSet):
    """Payments by what was typed, method, how they came, who registered them, and days."""

    q = django_filters.CharFilter(
        method="search", label=_("Search"), max_length=100, help_text=_("Subscriber, receipt number or whole reference")
    )
    method = django_filters.ModelChoiceFilter(
        queryset=PaymentMethod.objects.all(), to_field_name="uuid", label=_("Payment method"), empty_label=_("any")
    )
    source = django_filters.ChoiceFilter(choices=Payment.Source.choices, label=_("How it came"), empty_label=_("any"))
    clerk = django_filters.ChoiceFilter(method="of_clerk", choices=(), label=_("Registered by"), empty_label=_("any"))
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label=_("From"), widget=_day())
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label=_("Until"), widget=_day())

    class Meta:
        model = Payment
        fields: list[str] = []
        form = Form

    def __init__(self, *args: Any, clerks: list[StaffUser], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["clerk"].extra["choices"] = [(user.pk, user.name) for user in clerks]

    def search(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(_typed(value.strip(), number="number"))

    def of_clerk(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(by_kind="staff", by_id=value)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()


class PaymentTable(tables.Table):
    """Payments for staff. Needs `isp` in the context."""

    number = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/payments/{{ record.number }}/">{{ record.number }}</a>', verbose_name=_("Receipt")
    )
    on = tables.TemplateColumn('{{ record.on|date:"SHORT_DATE_FORMAT" }}', verbose_name=_("Date"))
    subscriber = tables.TemplateColumn(
        '<a class="text-reset text-break" href="/{{ isp.slug }}/subscribers/{{ record.subscriber.number }}/">'
        "{{ record.subscriber.listed_name }}</a>",
        verbose_name=_("Subscriber"),
        order_by=("subscriber__sort_name", "pk"),
    )
    method = tables.TemplateColumn(template_name="dashboard/payments/method_cell.html", verbose_name=_("How"))
    reference = tables.TemplateColumn(
        '<span class="text-break">{{ record.reference|default:"–" }}</span>',
        verbose_name=_("Reference"),
        orderable=False,
    )
    by_name = tables.TemplateColumn("{{ record.by_name|person|default:'–' }}", verbose_name=_("By"), orderable=False)
    amount = tables.TemplateColumn(
        template_name="dashboard/payments/amount_cell.html",
        verbose_name=_("Amount"),
        attrs={"td": {"class": "text-end text-nowrap"}, "th": {"class": "text-end"}},
    )

    caption = _("Payments")

    class Meta:
        model = Payment
        fields = ("number", "on", "subscriber", "method", "reference", "by_name", "amount")
        order_by = ("-on", "-number")
        empty_text = _("No payment fits this search.")


class CardPaymentTable(PaymentTable):
    """The payments of one subscriber."""

    class Meta(PaymentTable.Meta):
        exclude = ("subscriber",)
        empty_text = _("No payment yet")


class ReportFilter(django_filters.FilterSet):
    """Reports by what was typed, state, method and days."""

    q = django_filters.CharFilter(
        method="search", label=_("Search"), max_length=100, help_text=_("Subscriber or whole reference")
    )
    state = django_filters.ChoiceFilter(choices=PaymentReport.State.choices, label=_("State"), empty_label=_("any"))
    method = django_filters.ModelChoiceFilter(
        queryset=PaymentMethod.objects.all(), to_field_name="uuid", label=_("Payment method"), empty_label=_("any")
    )

    class Meta:
        model = PaymentReport
        fields: list[str] = []
        form = Form

    def search(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(_typed(value.strip()))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()


class ReportTable(tables.Table):
    """Payment reports for staff. Needs `isp` in the context."""

    at = tables.TemplateColumn(
        '<a data-row href="/{{ isp.slug }}/payments/reports/{{ record.uuid }}/">'
        '{{ record.at|date:"SHORT_DATETIME_FORMAT" }}</a>',
        verbose_name=_("Reported"),
        order_by=("pk",),
    )
    subscriber = tables.TemplateColumn(
        '<span class="text-break">{{ record.subscriber.listed_name }}</span>',
        verbose_name=_("Subscriber"),
        order_by=("subscriber__sort_name", "pk"),
    )
    method = tables.TemplateColumn(
        '<span class="text-break">{{ record.method.name }}</span>', verbose_name=_("Payment method"), orderable=False
    )
    paid_on = tables.TemplateColumn('{{ record.paid_on|date:"SHORT_DATE_FORMAT" }}', verbose_name=_("Paid on"))
    reference = tables.TemplateColumn(
        '<span class="text-break">{{ record.reference|default:"–" }}</span>',
        verbose_name=_("Reference"),
        orderable=False,
    )
    state = tables.TemplateColumn(
        "{% status_badge record.get_state_display record.colour %}", verbose_name=_("State"), orderable=False
    )
    amount = tables.TemplateColumn(
        "{% money record.amount %}",
        verbose_name=_("Amount"),
        attrs={"td": {"class": "text-end text-nowrap"}, "th": {"class": "text-end"}},
    )

    caption = _("Payment reports")

    class Meta:
        model = PaymentReport
        fields = ("at", "subscriber", "method", "paid_on", "reference", "state", "amount")
        attrs = {"tbody": {"data-rows": ""}}
        empty_text = _("No report fits this search.")
