"""The list of closings of cash desks."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from payments.models import CashClosing

NUMBER = {"td": {"class": "text-end number"}, "th": {"class": "text-end"}}


class ClosingTable(tables.Table):
    """Closings for staff. Needs `isp` in the context."""

    on = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/cash/closings/{{ record.uuid }}/">{{ record.on|date:"SHORT_DATE_FORMAT" }}</a>',
        verbose_name=_("Day"),
    )
    clerk_name = tables.TemplateColumn("{{ record.clerk_name|person }}", verbose_name=_("Clerk"))
    registered = tables.TemplateColumn("{% money record.registered %}", verbose_name=_("Registered"), attrs=NUMBER)
    counted = tables.TemplateColumn("{% money record.counted %}", verbose_name=_("Counted"), attrs=NUMBER)
    difference = tables.TemplateColumn(
        template_name="dashboard/cash/difference_cell.html",
        verbose_name=_("Difference"),
        orderable=False,
        attrs=NUMBER,
    )

    caption = _("Closings of cash desks")

    class Meta:
        model = CashClosing
        fields: list[str] = []
        sequence = ["on", "clerk_name", "registered", "counted", "difference"]
        order_by = "-on"
        empty_text = _("No cash desk has been closed yet.")
