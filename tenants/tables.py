"""Lists of the operators' console."""

from typing import Any

import django_filters
import django_tables2
from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from core.templatetags.ui import status_badge
from tenants import places
from tenants.models import ISP, IspQuerySet


class IspTable(django_tables2.Table):
    """All ISPs, loaded `with_state()` and `with_members()`."""

    name = django_tables2.Column()
    slug = django_tables2.Column()
    country = django_tables2.Column()
    members = django_tables2.Column(verbose_name=_("Staff"))
    is_suspended = django_tables2.Column(verbose_name=_("State"))
    created_at = django_tables2.DateColumn(format="Y-m-d")

    class Meta:
        template_name = "components/table.html"
        order_by = "name"

    caption = _("ISPs")

    def render_name(self, record: ISP) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("console_isp", args=[record.uuid]), record.name)

    def render_country(self, value: str) -> str:
        return dict(places.countries()).get(value, value)

    def render_is_suspended(self, value: bool, record: Any) -> SafeString:
        if record.is_closed:
            return status_badge(str(_("closed")), "red")
        if record.needs_repair:
            return status_badge(str(_("needs repair")), "orange")
        return status_badge(str(_("suspended")), "red") if value else status_badge(str(_("active")), "green")


class IspFilter(django_filters.FilterSet):
    """Search by name, slug or domain; country; state."""

    search = django_filters.CharFilter(
        label=_("Search"),
        method="by_text",
        widget=forms.TextInput({"type": "search", "placeholder": _("Name, address or domain")}),
    )
    country = django_filters.ChoiceFilter(label=_("Country"), choices=places.countries, empty_label=_("all"))
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[("open", _("active")), ("suspended", _("suspended"))],
        empty_label=_("all"),
        method="by_state",
    )

    class Meta:
        model = ISP
        fields = ["search", "country", "state"]
        form = Form

    def by_text(self, rows: IspQuerySet, name: str, value: str) -> IspQuerySet:
        with_domain = ISP.objects.filter(domains__host__icontains=value).values("pk")
        return rows.filter(Q(name__icontains=value) | Q(slug__icontains=value) | Q(pk__in=with_domain))

    def by_state(self, rows: IspQuerySet, name: str, value: Any) -> IspQuerySet:
        suspended = ISP.objects.suspended().values("pk")
        return rows.filter(pk__in=suspended) if value == "suspended" else rows.exclude(pk__in=suspended)
