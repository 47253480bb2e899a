"""Lists of tariffs, zones and routers, and of the services on a router. Need `isp` and `rights` in the context."""

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from subscribers.models import Router, Service, Tariff, Zone

END = {"td": {"class": "text-end"}, "th": {"class": "text-end"}}


def _actions() -> tables.TemplateColumn:
    return tables.TemplateColumn(
        template_name="dashboard/catalogue/actions_cell.html", verbose_name=_("Actions"), orderable=False, attrs=END
    )


class TariffTable(tables.Table):
    """Rows carry `n_services`, those that last."""

    name = tables.TemplateColumn(template_name="dashboard/catalogue/tariff_cell.html", verbose_name=_("Name"))
    speed = tables.TemplateColumn(
        "{{ record.download }} / {{ record.upload }} Mbit/s", verbose_name=_("Speed"), order_by="download"
    )
    price = tables.TemplateColumn(template_name="dashboard/catalogue/price_cell.html", verbose_name=_("Price"))
    n_services = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/subscribers/?tariff={{ record.pk }}">{{ value }}</a>', verbose_name=_("Services")
    )
    actions = _actions()

    class Meta:
        model = Tariff
        fields = ("name", "speed", "price", "n_services", "actions")
        order_by = ("price", "name")
        empty_text = _("No tariffs yet")


class ZoneTable(tables.Table):
    """Rows carry `n_subscribers` and `n_routers`."""

    name = tables.Column(verbose_name=_("Name"))
    n_subscribers = tables.TemplateColumn(
        '<a href="/{{ isp.slug }}/subscribers/?zone={{ record.pk }}">{{ value }}</a>', verbose_name=_("Subscribers")
    )
    n_routers = tables.Column(verbose_name=_("Routers"))
    actions = _actions()

    class Meta:
        model = Zone
        fields = ("name", "n_subscribers", "n_routers", "actions")
        order_by = "name"
        empty_text = _("No zones yet")


class RouterTable(tables.Table):
    """Rows carry `n_services`, those that last, and `n_addresses`, their IP addresses."""

    name = tables.TemplateColumn(template_name="dashboard/catalogue/router_cell.html", verbose_name=_("Name"))
    address = tables.Column(verbose_name=_("Address"), default="–")
    zone = tables.Column(verbose_name=_("Zone"), default="–", order_by="zone__name")
    n_services = tables.Column(verbose_name=_("Services"))
    n_addresses = tables.Column(verbose_name=_("IP addresses"))
    actions = _actions()

    class Meta:
        model = Router
        fields = ("name", "address", "zone", "n_services", "n_addresses", "actions")
        order_by = "name"
        empty_text = _("No routers yet")


class RouterServiceTable(tables.Table):
    """What is connected to a router, by address."""

    ip_address = tables.Column(verbose_name=_("IP address"), default="–")
    service = tables.TemplateColumn(
        template_name="dashboard/catalogue/service_cell.html", verbose_name=_("Service"), order_by="number"
    )
    tariff = tables.Column(verbose_name=_("Tariff"), order_by="tariff__name")
    queue_name = tables.Column(verbose_name=_("Queue name"), default="–")
    state = tables.TemplateColumn("{% status_badge record.get_state_display record.colour %}", verbose_name=_("State"))

    class Meta:
        model = Service
        fields = ("ip_address", "service", "tariff", "queue_name", "state")
        order_by = ("ip_address", "number")
        empty_text = _("No service is connected to this router.")
