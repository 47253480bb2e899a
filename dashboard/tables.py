"""Lists of staff and of what they did."""

from typing import Any

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import LedgerEntry, PlannedCut
from core.models import AuditEntry
from core.templatetags.ui import person
from dashboard.acts import changes, details, title
from subscribers.models import Consent

NUMBERS = {"td": {"class": "text-sm-end text-nowrap"}, "th": {"class": "text-end"}}


class MemberTable(tables.Table):
    """Who works for the ISP. The rows are memberships that were loaded beforehand, with `has_second_factor`."""

    name = tables.TemplateColumn(
        template_name="dashboard/staff/member_cell.html", verbose_name=_("Name"), order_by="user__name"
    )
    role = tables.Column(accessor="get_role_display", verbose_name=_("Role"), order_by="role")
    has_second_factor = tables.TemplateColumn(
        template_name="dashboard/staff/second_factor_cell.html", verbose_name=_("Second factor")
    )
    last_login = tables.DateTimeColumn(
        accessor="user__last_login", verbose_name=_("Last sign-in"), default=_("never"), short=True
    )
    actions = tables.TemplateColumn(
        template_name="dashboard/staff/actions_cell.html", verbose_name=_("Actions"), orderable=False
    )

    class Meta:
        order_by = "name"
        empty_text = _("Nobody works here yet.")


class AuditTable(tables.Table):
    """What was done, the latest first."""

    at = tables.DateTimeColumn(verbose_name=_("Time"), format="SHORT_DATETIME_FORMAT")
    actor_label = tables.Column(verbose_name=_("Who"), empty_values=())
    verb = tables.Column(verbose_name=_("What"), orderable=False)

    class Meta:
        model = AuditEntry
        fields = ("at", "actor_label", "verb")
        order_by = "-at"
        empty_text = _("Nothing here for this search.")

    def render_actor_label(self, record: AuditEntry) -> str:
        return record.actor_label or gettext("the system")

    def render_verb(self, record: AuditEntry) -> str:
        return format_html(
            '<div><div>{}</div><div class="text-secondary">{}</div></div>', title(record), details(record)
        )


class HistoryTable(AuditTable):
    """The same for one subscriber, with each changed field before and after."""

    class Meta(AuditTable.Meta):
        empty_text = _("Nothing has been done here yet.")

    def render_actor_label(self, record: AuditEntry) -> str:
        return person(record.actor_label) or gettext("the system")

    def render_verb(self, record: AuditEntry) -> str:
        words = {"title": title(record), "details": details(record, with_changes=False), "changes": changes(record)}
        return render_to_string("dashboard/subscribers/history_cell.html", words)


class ConsentTable(tables.Table):
    """Who gave which version of a document, the latest first."""

    subscriber = tables.TemplateColumn(
        '<a href="/{{ table.request.isp.slug }}/subscribers/{{ record.subscriber.number }}/personal-data/">'
        "{{ record.subscriber.listed_name }}</a>",
        verbose_name=_("Subscriber"),
        order_by=("subscriber__sort_name", "pk"),
    )
    version = tables.Column(accessor="version__number", verbose_name=_("Version"))
    given_at = tables.DateTimeColumn(verbose_name=_("Given"), format="SHORT_DATETIME_FORMAT")
    how = tables.Column(verbose_name=_("How"))
    ended_at = tables.TemplateColumn(
        template_name="dashboard/settings/consent_state.html", verbose_name=_("State"), orderable=False
    )

    class Meta:
        model = Consent
        fields = ("subscriber", "version", "given_at", "how", "ended_at")
        order_by = "-given_at"
        empty_text = _("Nobody has given it yet.")


class LedgerTable(tables.Table):
    """Entries of a ledger, the latest first, each with the balance after it (`after`)."""

    on = tables.DateColumn(verbose_name=_("Date"), orderable=False, short=True)
    text = tables.TemplateColumn(
        template_name="dashboard/subscribers/ledger_cell.html", verbose_name=_("Entry"), orderable=False
    )
    amount = tables.TemplateColumn("{% money value %}", verbose_name=_("Amount"), orderable=False, attrs=NUMBERS)
    after = tables.TemplateColumn("{% money value %}", verbose_name=_("Balance"), orderable=False, attrs=NUMBERS)

    class Meta:
        model = LedgerEntry
        fields = ("on", "text", "amount", "after")
        empty_text = _("No entries yet.")


class PlannedCutTable(tables.Table):
    """Whom a run is about: what they owe, what holds the cut back, what became of it."""

    subscriber = tables.TemplateColumn(
        template_name="dashboard/suspension/name_cell.html", verbose_name=_("Customer"), orderable=False
    )
    since = tables.DateColumn(verbose_name=_("Due since"), short=True)
    owed = tables.TemplateColumn("{% money record.owed %}", verbose_name=_("Overdue"), attrs=NUMBERS)
    services = tables.Column(verbose_name=_("Services"), attrs=NUMBERS, orderable=False)
    reason = tables.TemplateColumn(
        template_name="dashboard/suspension/reason_cell.html", verbose_name=_("What happens"), orderable=False
    )

    caption = _("Subscribers on this list")

    class Meta:
        model = PlannedCut
        fields: list[str] = []
        sequence = ["subscriber", "since", "owed", "services", "reason"]
        empty_text = _("Nobody here")

    def __init__(self, *args: Any, is_draft: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_draft = is_draft
