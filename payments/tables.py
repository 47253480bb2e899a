"""Lists of the ways to pay."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from payments.models import PaymentMethod


class PaymentMethodTable(tables.Table):
    """The ways to pay in the order in which subscribers see them, with buttons to change it."""

    name = tables.TemplateColumn(
        template_name="dashboard/settings/payments/name.html", verbose_name=_("Payment method"), orderable=False
    )
    portal = tables.TemplateColumn(
        template_name="dashboard/settings/payments/portal.html", verbose_name=_("Subscribers see"), orderable=False
    )
    actions = tables.TemplateColumn(
        template_name="dashboard/settings/payments/actions.html",
        verbose_name=_("Order and use"),
        orderable=False,
        attrs={"td": {"class": "text-end"}, "th": {"class": "text-end"}},
    )

    caption = _("Payment methods")

    class Meta:
        model = PaymentMethod
        fields: list[str] = []
        sequence = ["name", "portal", "actions"]
        empty_text = _("No payment method yet")
