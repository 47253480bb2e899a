"""Lists of payments at gateways."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from payments.models import Checkout

NUMBERS = {"td": {"class": "text-sm-end text-nowrap"}, "th": {"class": "text-end"}}


class CheckoutTable(tables.Table):
    """What was begun online. Loaded with subscriber, account, payment and saved card."""

    begun_at = tables.DateTimeColumn(verbose_name=_("Begun"), format="SHORT_DATETIME_FORMAT")
    subscriber = tables.TemplateColumn(
        '<a href="/{{ table.request.isp.slug }}/subscribers/{{ record.subscriber.number }}/">'
        "{{ record.subscriber.number }} · {{ record.subscriber.full_name }}</a>",
        verbose_name=_("Subscriber"),
        orderable=False,
    )
    state = tables.TemplateColumn(
        template_name="dashboard/payments/state_cell.html", verbose_name=_("State"), orderable=False
    )
    amount = tables.TemplateColumn(
        "{% money record.amount %}", verbose_name=_("Amount"), attrs=NUMBERS, order_by="amount"
    )
    actions = tables.TemplateColumn(
        template_name="dashboard/payments/actions_cell.html",
        verbose_name=_("Payment"),
        orderable=False,
        attrs=NUMBERS,
    )

    caption = _("Online payments")

    class Meta:
        model = Checkout
        fields: list[str] = []
        sequence = ["begun_at", "subscriber", "state", "amount", "actions"]
        order_by = "-begun_at"
        empty_text = _("No online payment yet")
