"""Lists of the company's own things."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup


class InvoiceGroupTable(tables.Table):
    """Rows carry `n_subscribers`. Needs `isp` and `rights` in the context."""

    name = tables.TemplateColumn(template_name="dashboard/catalogue/group_cell.html", verbose_name=_("Name"))
    legal_name = tables.Column(verbose_name=_("Legal name"), default="–")
    number_prefix = tables.Column(verbose_name=_("Invoice numbers begin with"), default="–", orderable=False)
    n_subscribers = tables.Column(verbose_name=_("Subscribers"))
    actions = tables.TemplateColumn(
        template_name="dashboard/catalogue/actions_cell.html",
        verbose_name=_("Actions"),
        orderable=False,
        attrs={"td": {"class": "text-end"}, "th": {"class": "text-end"}},
    )

    class Meta:
        model = InvoiceGroup
        fields = ("name", "legal_name", "number_prefix", "n_subscribers", "actions")
        order_by = ("-is_default", "name")
        empty_text = _("No invoice groups yet")
