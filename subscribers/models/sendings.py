"""Words that are written to many subscribers at once."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from company.models import InvoiceGroup
from messaging.chat_marks import without_marks
from messaging.models import Medium
from subscribers.models.network import Zone
from subscribers.models.subscriber import Subscriber, SubscriberQuerySet

HOLE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COLOURS = {
    "draft": "secondary",
    "planned": "indigo",
    "running": "azure",
    "paused": "yellow",
    "stopped": "orange",
    "done": "green",
}


@dataclass(frozen=True, slots=True)
class SendingWords:
    """What a sending says in one language. `holes` are the texts for the holes of WhatsApp's approved text, by their
    places (messaging.approved)."""

    language: str
    subject: str = ""
    text: str = ""
    approved: str = ""
    holes: Mapping[str, str] = field(default_factory=dict)


class Sending(models.Model):
    """One text to a fixed set of subscribers, written in parts. How far it is and what it wrote are one transaction."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("sending", "draft")
        PLANNED = "planned", pgettext_lazy("sending", "planned")
        RUNNING = "running", pgettext_lazy("sending", "under way")
        PAUSED = "paused", pgettext_lazy("sending", "paused")
        STOPPED = "stopped", pgettext_lazy("sending", "stopped")
        DONE = "done", pgettext_lazy("sending", "done")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("everybody")
        ZONE = "zone", _("one zone")
        GROUP = "group", _("one invoice group")
        SELECTION = "selection", _("chosen in the list of subscribers")
        INVOICES = "invoices", _("whom chosen invoices are for")

    class Kind(models.TextChoices):
        """As in messaging.events.base: what people choose by."""

        SERVICE = "service", _("information about the service")
        NEWS = "news", _("news and offers, which need a consent")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    audience = models.CharField(_("to"), max_length=12, choices=Audience, default=Audience.EVERYBODY)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    group = models.ForeignKey(
        InvoiceGroup, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("invoice group")
    )
    # Frozen when it was saved: what was shown is what is sent. Sorted.
    ids = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    medium = models.CharField(_("by"), max_length=10, choices=Medium, default=Medium.EMAIL)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.SERVICE)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"))
    # Of WhatsApp: the approved template as `name:es_MX`, and what stands in its holes. `text` is then how it reads.
    approved = models.CharField(_("approved text"), max_length=120, blank=True, default="", db_default="")
    holes = models.JSONField(default=dict, db_default={})
    # What stands above is in this language; who reads another one gets the words that are written for it, if any are.
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    others = models.JSONField(default=dict, db_default={})  # by language, as SendingWords
    starts_at: datetime | None = models.DateTimeField(
        _("start at"), null=True, blank=True, help_text=_("Empty: as soon as you have looked at it and start it.")
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1, db_default=1)  # of the draft, so that what was seen is what goes
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)  # how many of `ids` have been looked at
    written = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=20, blank=True, default="", db_default="")  # why it paused by itself
    # What was shown when it was started, which it may not exceed by much; None where nobody was shown anything.
    promised_count = models.PositiveIntegerField(null=True)
    promised_price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=4, default=0, db_default=0)  # of what is written, so far
    by_id = models.BigIntegerField()  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now=True)
    started_by = models.CharField(max_length=200, blank=True, default="", db_default="")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "touched_at"], name="sending_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(audience="zone", zone__isnull=False, group=None)
                | Q(audience="group", group__isnull=False, zone=None)
                | Q(audience__in=["everybody", "selection", "invoices"], zone=None, group=None),
                name="sending_has_its_audience",
            )
        ]
        verbose_name = _("sending to many")
        verbose_name_plural = _("sendings to many")

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What lists call it by: subject or beginning, with a mark where each reader's own values stand."""
        text = without_marks(self.text) if self.medium == Medium.WHATSAPP else self.text
        said = " ".join(HOLE.sub("…", self.subject or text).split())
        said = said.strip("…:,.–- ") or said  # no mark at either end: "…: no water" is called "no water"
        return said if self.subject else Truncator(said).chars(60)

    @property
    def versions(self) -> list[SendingWords]:
        """What it says in each language, first in the one that who has no other one gets."""
        mine = SendingWords(self.language, self.subject, self.text, self.approved, self.holes)
        rest: dict[str, dict[str, Any]] = self.others
        return [mine, *(SendingWords(language, **words) for language, words in sorted(rest.items()))]

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS.get(self.state, "secondary")

    @property
    def for_whom(self) -> str:
        """The audience in words. Loads zone or group."""
        return str(self.zone or self.group or self.get_audience_display())

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT

    @property
    def is_planned(self) -> bool:
        return self.state == self.State.PLANNED

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.STOPPED)

    @property
    def left_out_count(self) -> int:
        """How many were looked at and not written to."""
        return self.position - self.written

    @property
    def percent(self) -> int:
        return 100 * self.position // self.total if self.total else 100

    def key_for(self, subscriber: int, place: int = 0) -> str:
        """What its message to a subscriber at one of their places is known by; there is never a second one."""
        return f"sending:{self.uuid}:{subscriber}" + (f":{place}" if place else "")

    def meant(self) -> SubscriberQuerySet:
        """Whom an audience means that is no fixed choice; who has no group belongs to the default one."""
        rows = Subscriber.objects.not_erased()
        if self.audience == self.Audience.ZONE:
            return rows.filter(zone=self.zone_id)
        if self.audience == self.Audience.GROUP and self.group:
            mine = Q(group=self.group_id)
            return rows.filter(mine | Q(group=None) if self.group.is_default else mine)
        return rows

    @property
    def is_chosen(self) -> bool:
        """Whether staff picked each of them."""
        return self.audience in (self.Audience.SELECTION, self.Audience.INVOICES)


class SendingLeftOut(models.Model):
    """A subscriber to whom a sending wrote nothing, and why."""

    sending = models.ForeignKey(Sending, on_delete=models.CASCADE, related_name="left_out")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20)  # see dashboard.sendings

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.reason}"
