"""Lists of subscribers."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from subscribers.models import Subscriber


class SubscriberTable(tables.Table):
    """Subscribers with their services, which were loaded beforehand. Needs `isp` in the context."""

    name = tables.TemplateColumn(
        template_name="dashboard/subscribers/name_cell.html",
        verbose_name=_("Name"),
        order_by=("sort_name", "pk"),
    )
    number = tables.Column(verbose_name=_("Number"))
    mobile = tables.TemplateColumn("{{ value|phone }}", verbose_name=_("Mobile"), orderable=False)
    zone = tables.Column(verbose_name=_("Zone"), orderable=False, default="–")
    services = tables.TemplateColumn(
        template_name="dashboard/subscribers/services_cell.html", verbose_name=_("Services"), orderable=False
    )

    class Meta:
        model = Subscriber
        fields = ("name", "number", "mobile", "zone", "services")
        empty_text = _("Nobody fits this search.")
