"""Lists of install requests."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from preinstall.models import InstallRequest


class RequestTable(tables.Table):
    """Install requests for staff. Needs `isp` in the context."""

    number = tables.TemplateColumn(template_name="dashboard/requests/number_cell.html", verbose_name=_("Number"))
    name = tables.TemplateColumn(
        template_name="dashboard/requests/name_cell.html",
        verbose_name=_("Name"),
        order_by=("last_name", "first_name", "pk"),
    )
    mobile = tables.TemplateColumn("{{ value|phone }}", verbose_name=_("Mobile"), orderable=False)
    city = tables.TemplateColumn(
        "{% if record.district %}{{ record.district }}{% if record.city %}, {% endif %}{% endif %}{{ record.city }}",
        verbose_name=_("Place"),
        order_by=("city", "district"),
    )
    state = tables.TemplateColumn("{% status_badge record.get_state_display record.colour %}", verbose_name=_("State"))
    created_at = tables.DateTimeColumn(short=True, verbose_name=_("Received"))

    caption = _("Install requests")

    class Meta:
        model = InstallRequest
        fields = ("number", "name", "mobile", "city", "state", "created_at")
        empty_text = _("No request fits this search.")
