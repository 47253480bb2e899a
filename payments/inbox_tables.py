"""Lists of the money inbox."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from payments.models import Appearance, BankLine, Statement

NUMBERS = {"td": {"class": "text-sm-end text-nowrap"}, "th": {"class": "text-end"}}


class LineTable(tables.Table):
    """Bank lines with the best suggestion. Needs `isp` and `people` (subscribers by key) in the context."""

    booked_on = tables.DateColumn(verbose_name=_("Date"), format="SHORT_DATE_FORMAT")
    who = tables.TemplateColumn(
        template_name="dashboard/inbox/who_cell.html", verbose_name=_("Payer and text"), orderable=False
    )
    amount = tables.TemplateColumn(
        template_name="dashboard/inbox/amount_cell.html", verbose_name=_("Amount"), attrs=NUMBERS
    )
    whose = tables.TemplateColumn(
        template_name="dashboard/inbox/whose_cell.html", verbose_name=_("Whose it is"), orderable=False
    )

    caption = _("Bank lines")

    class Meta:
        model = BankLine
        fields = ("booked_on", "who", "amount", "whose")
        order_by = "-booked_on"
        empty_text = _("Nothing here.")


class AppearanceTable(tables.Table):
    """The movements of one file, in its order."""

    number = tables.Column(verbose_name=_("No."))
    on = tables.DateColumn(accessor="line__booked_on", verbose_name=_("Date"), format="SHORT_DATE_FORMAT")
    who = tables.TemplateColumn(
        template_name="dashboard/inbox/appearance_cell.html", verbose_name=_("Payer and text"), orderable=False
    )
    amount = tables.TemplateColumn(
        template_name="dashboard/inbox/appearance_amount_cell.html",
        verbose_name=_("Amount"),
        order_by="line__amount",
        attrs=NUMBERS,
    )
    state = tables.TemplateColumn(
        template_name="dashboard/inbox/appearance_state_cell.html", verbose_name=_("State"), orderable=False
    )

    caption = _("Movements")

    class Meta:
        model = Appearance
        fields = ("number", "on", "who", "amount", "state")
        order_by = "number"
        empty_text = _("Nothing here.")


class StatementTable(tables.Table):
    """Files of banks, the latest first."""

    file_name = tables.TemplateColumn(
        template_name="dashboard/inbox/file_cell.html", verbose_name=_("File"), orderable=False
    )
    period = tables.TemplateColumn(
        template_name="dashboard/inbox/period_cell.html", verbose_name=_("Period"), order_by="begins"
    )
    total = tables.Column(verbose_name=_("Movements"), attrs=NUMBERS)
    closing = tables.TemplateColumn(
        template_name="dashboard/inbox/closing_cell.html",
        verbose_name=_("Balance after"),
        orderable=False,
        attrs=NUMBERS,
    )
    state = tables.TemplateColumn(
        template_name="dashboard/inbox/statement_state_cell.html", verbose_name=_("State"), orderable=False
    )

    caption = _("Statements")

    class Meta:
        model = Statement
        fields = ("file_name", "period", "total", "closing", "state")
        order_by = "-pk"
        empty_text = _("No statement yet")
