"""Lists of what the ISP wrote to people."""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.forms import HiddenInput
from django.utils.translation import gettext_lazy as _

from core.forms import Form
from dashboard.filters import day_input
from dashboard.tables import NUMBERS
from messaging.models import Medium, Message, ReceivedMessage, StoppedAddress
from messaging.occasions import OCCASIONS
from subscribers.models import Announcement, Sending


class MessageFilter(django_filters.FilterSet):
    """Messages by address, what they are about, state, and days of the ISP's time zone."""

    to = django_filters.CharFilter(method="to_address", label=_("To"), max_length=100, help_text=_("Or its beginning"))
    medium = django_filters.ChoiceFilter(choices=Medium.choices, label=_("By"), empty_label=_("any"))
    about = django_filters.ChoiceFilter(
        field_name="occasion", choices=list(OCCASIONS.items()), label=_("About"), empty_label=_("everything")
    )
    state = django_filters.ChoiceFilter(choices=Message.State.choices, label=_("State"), empty_label=_("any"))
    since = django_filters.DateFilter(
        field_name="created_at", lookup_expr="date__gte", label=_("From"), widget=day_input()
    )
    until = django_filters.DateFilter(
        field_name="created_at", lookup_expr="date__lte", label=_("Until"), widget=day_input()
    )

    sending = django_filters.UUIDFilter(widget=HiddenInput())  # of one sending to many

    class Meta:
        model = Message
        fields: list[str] = []
        form = Form

    def to_address(self, rows: Any, name: str, value: str) -> Any:
        return rows.to_address(value)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()


class MessageTable(tables.Table):
    """What was written to whom, the latest first."""

    created_at = tables.DateTimeColumn(short=True, verbose_name=_("Written"), orderable=False)
    to = tables.TemplateColumn(
        '{% if "@" in record.to %}{{ record.to }}{% else %}{{ record.to|phone }}{% endif %}',
        verbose_name=_("To"),
        orderable=False,
        attrs={"td": {"class": "text-break"}},
    )
    medium = tables.TemplateColumn("{{ record.get_medium_display|capfirst }}", verbose_name=_("By"), orderable=False)
    subject = tables.TemplateColumn(
        template_name="dashboard/messages/subject_cell.html", verbose_name=_("Message"), orderable=False
    )
    state = tables.TemplateColumn(
        "{% status_badge record.get_state_display record.colour %}", verbose_name=_("State"), orderable=False
    )

    caption = _("Messages")

    class Meta:
        model = Message
        fields = ("created_at", "to", "medium", "subject", "state")
        empty_text = _("No message fits this search.")


class MessagesOfOne(MessageTable):
    """The same on a client card."""

    class Meta(MessageTable.Meta):
        empty_text = _("Nothing has been written to this customer yet.")


class StoppedTable(tables.Table):
    """Addresses that are written to no more, the latest first."""

    at = tables.DateTimeColumn(short=True, verbose_name=_("Since"), orderable=False)
    address = tables.TemplateColumn(
        '{% if "@" in record.address %}{{ record.address }}{% else %}{{ record.address|phone }}{% endif %}',
        verbose_name=_("Address or phone"),
        orderable=False,
        attrs={"td": {"class": "text-break"}},
    )
    medium = tables.TemplateColumn("{{ record.get_medium_display|capfirst }}", verbose_name=_("By"), orderable=False)
    reason = tables.TemplateColumn(
        template_name="dashboard/messages/stopped_why_cell.html", verbose_name=_("Why"), orderable=False
    )
    release = tables.TemplateColumn(
        template_name="dashboard/messages/release_cell.html",
        verbose_name=_("Actions"),
        orderable=False,
        accessor="address",
    )

    caption = _("Stopped addresses")

    class Meta:
        model = StoppedAddress
        fields = ("at", "address", "medium", "reason", "release")
        empty_text = _("No address is stopped.")


class ReceivedTable(tables.Table):
    """What people wrote to the ISP, the latest first. Each row may say in `people` whose phone it is."""

    received_at = tables.DateTimeColumn(short=True, verbose_name=_("Time"), orderable=False)
    sender = tables.TemplateColumn(
        template_name="dashboard/messages/sender_cell.html", verbose_name=_("From"), orderable=False
    )
    medium = tables.TemplateColumn("{{ record.get_medium_display|capfirst }}", verbose_name=_("By"), orderable=False)
    text = tables.TemplateColumn(
        template_name="dashboard/messages/received_cell.html",
        verbose_name=_("Message"),
        orderable=False,
        empty_values=(),
    )

    caption = _("Received messages")

    class Meta:
        model = ReceivedMessage
        fields = ("received_at", "sender", "medium", "text")
        empty_text = _("No message fits this search.")


class ReceivedOfOne(ReceivedTable):
    """The same on a client card."""

    caption = _("Received from this customer's phones")

    class Meta(ReceivedTable.Meta):
        empty_text = _("Nothing has come from this customer's phones.")


class ReceivedFilter(django_filters.FilterSet):
    """What came in, by the beginning of the number, by medium, and without the words that were done at once."""

    sender = django_filters.CharFilter(
        method="from_phone", label=_("From"), max_length=40, help_text=_("Or its beginning")
    )
    medium = django_filters.ChoiceFilter(choices=Medium.choices, label=_("By"), empty_label=_("any"))
    what = django_filters.ChoiceFilter(
        method="of_kind",
        choices=[("text", _("answers")), ("word", _("STOP, START and the like"))],
        label=_("What"),
        empty_label=_("everything"),
    )

    class Meta:
        model = ReceivedMessage
        fields: list[str] = []
        form = Form

    def from_phone(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(sender__startswith="".join(value.split()))

    def of_kind(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(word="") if value == "text" else rows.exclude(word="")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Values that were not understood leave the list empty rather than pretending."""
        return super().filter_queryset(queryset) if self.form.is_valid() else queryset.none()


class AnnouncementTable(tables.Table):
    """What stands in the portal, with for whom and until when; needs `n_read`."""

    title = tables.TemplateColumn(
        template_name="dashboard/messages/announcement_cell.html", verbose_name=_("Title"), orderable=False
    )
    audience = tables.TemplateColumn("{{ record.for_whom|capfirst }}", verbose_name=_("For"), orderable=False)
    begins_at = tables.DateTimeColumn(short=True, verbose_name=_("From"), orderable=False)
    ends_at = tables.DateTimeColumn(short=True, verbose_name=_("Until"), orderable=False)
    n_read = tables.Column(verbose_name=_("Put away by"), orderable=False, attrs=NUMBERS)
    state = tables.TemplateColumn(
        template_name="dashboard/messages/announcement_state.html",
        verbose_name=_("State"),
        orderable=False,
        accessor="place",
    )

    caption = _("In the portal")

    class Meta:
        model = Announcement
        fields = ("title", "audience", "begins_at", "ends_at", "n_read", "state")
        empty_text = _("Nothing has been written in the portal yet.")


class SendingTable(tables.Table):
    """What was written to many, the latest first."""

    subject = tables.TemplateColumn(
        template_name="dashboard/messages/sending_cell.html", verbose_name=_("Text"), orderable=False, empty_values=()
    )
    audience = tables.TemplateColumn("{{ record.for_whom|capfirst }}", verbose_name=_("To"), orderable=False)
    medium = tables.Column(verbose_name=_("By"), orderable=False)
    written = tables.TemplateColumn(
        "{{ record.written }} / {{ record.total }}", verbose_name=_("Written"), orderable=False, attrs=NUMBERS
    )
    state = tables.TemplateColumn(
        template_name="dashboard/messages/sending_state.html", verbose_name=_("State"), orderable=False
    )
    at = tables.DateTimeColumn(short=True, verbose_name=_("Since"), orderable=False)

    caption = _("To many")

    class Meta:
        model = Sending
        fields = ("subject", "audience", "medium", "written", "state", "at")
        empty_text = _("Nothing has been written to many yet.")
