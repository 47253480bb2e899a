"""Lists of invoices and of what a run would bill."""

from datetime import date
from typing import Any

import django_tables2 as tables
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import BillingRunRow, Invoice, Oddity
from core.templatetags.ui import status_badge

NUMBERS = {"td": {"class": "text-sm-end text-nowrap"}, "th": {"class": "text-end"}}
NAME = (
    '<a href="/{{ table.request.isp.slug }}/subscribers/{{ record.subscriber.number }}/{{ table.tab }}">'
    "{{ record.subscriber.listed_name }}</a>"
)


class InvoiceTable(tables.Table):
    """Invoices and credit notes for staff, with entry and subscriber loaded."""

    chosen = tables.TemplateColumn(  # to write to those whom they are for
        '{% load i18n %}<input type="checkbox" class="form-check-input" name="invoice" value="{{ record.number }}" '
        'aria-label="{% blocktranslate with number=record.number %}Select {{ number }}{% endblocktranslate %}">',
        verbose_name="",
        accessor="number",
        orderable=False,
    )
    number = tables.TemplateColumn(
        '<a href="/{{ table.request.isp.slug }}/billing/invoices/{{ record.uuid }}/">{{ record.number }}</a>',
        verbose_name=_("Number"),
        order_by=("number", "pk"),
    )
    subscriber = tables.TemplateColumn(NAME, verbose_name=_("Subscriber"), order_by=("subscriber__sort_name", "pk"))
    issued_on = tables.DateColumn(verbose_name=_("Issued"), short=True, order_by=("issued_on", "pk"))
    due_on = tables.DateColumn(verbose_name=_("Due"), short=True, order_by=("due_on", "pk"))
    total = tables.TemplateColumn("{% money value %}", verbose_name=_("Total"), attrs=NUMBERS)
    open = tables.TemplateColumn(
        "{% money value %}", verbose_name=pgettext_lazy("invoice", "Open"), attrs=NUMBERS, order_by="entry__open"
    )
    state = tables.Column(verbose_name=_("State"), orderable=False, empty_values=())

    caption = _("Invoices")
    tab = "account/"

    class Meta:
        model = Invoice
        fields = ("chosen", "number", "subscriber", "issued_on", "due_on", "total", "open", "state")
        empty_text = _("No invoice fits this search.")

    def __init__(self, *args: Any, today: date, can_write: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.can_write = today, can_write

    def before_render(self, request: Any) -> None:
        if not self.can_write and "chosen" in self.columns.names():
            self.columns.hide("chosen")

    def render_state(self, record: Invoice) -> str:
        state = record.state(on=self.today)
        return status_badge(state.label, state.colour)


class OwnInvoiceTable(InvoiceTable):
    """The same on a client card, where it is plain whose they are."""

    class Meta(InvoiceTable.Meta):
        fields = ("number", "issued_on", "due_on", "total", "open", "state")
        exclude = ("subscriber", "chosen")
        orderable = False
        empty_text = _("No invoices yet.")


class ForecastTable(tables.Table):
    """What a run would bill, and what is odd about it."""

    subscriber = tables.TemplateColumn(NAME, verbose_name=_("Subscriber"), order_by=("subscriber__sort_name", "pk"))
    amount = tables.TemplateColumn("{% money value %}", verbose_name=_("Amount"), attrs=NUMBERS)
    last_amount = tables.TemplateColumn(
        "{% if value is not None %}{% money value %}{% else %}–{% endif %}",
        verbose_name=_("Last invoice"),
        attrs=NUMBERS,
        empty_values=(),
    )
    odd = tables.Column(verbose_name=_("Note"), orderable=False)

    caption = _("What would be billed")
    tab = "account/"

    class Meta:
        model = BillingRunRow
        fields = ("subscriber", "amount", "last_amount", "odd")
        empty_text = _("Nobody.")

    def render_odd(self, value: list[str]) -> str:
        badges = ((status_badge(Oddity(kind).label, "yellow"),) for kind in value)
        return format_html_join(" ", "{}", badges)
