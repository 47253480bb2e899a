"""Lists of rows of an import."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imports.models import Row


class RowTable(tables.Table):
    """Rows with what they become and what is wrong with them. Needs `isp` and `batch` in the context."""

    number = tables.Column(verbose_name=_("Row"))
    name = tables.TemplateColumn(
        template_name="dashboard/imports/name_cell.html", verbose_name=_("Customer"), orderable=False
    )
    what = tables.TemplateColumn(
        template_name="dashboard/imports/what_cell.html", verbose_name=_("Service"), orderable=False
    )
    verdict = tables.TemplateColumn(
        template_name="dashboard/imports/verdict_cell.html", verbose_name=_("Becomes"), orderable=False
    )
    notes = tables.TemplateColumn(
        template_name="dashboard/imports/notes_cell.html", verbose_name=_("Remarks"), orderable=False
    )

    class Meta:
        model = Row
        fields = ("number", "name", "what", "verdict", "notes")
        order_by = "number"
        empty_text = _("There is no such row.")
