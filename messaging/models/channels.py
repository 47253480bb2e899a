"""What an ISP has with those who carry its messages, and addresses that are written to no more."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.crypto import SecretField
from core.scope import required
from messaging.channels import kinds, open_channel
from messaging.channels.base import Channel, Setup
from messaging.channels.reasons import Reason, read
from messaging.models.messages import Medium, Message
from messaging.sms import Spelling

STALE = timedelta(days=2)  # keys are looked at once a day
CHECKED_EACH = timedelta(hours=23)


class RatePer(models.IntegerChoices):
    """The time for which a rate counts, in seconds."""

    SECOND = 1, _("second")
    MINUTE = 60, _("minute")


class ChannelAccountQuerySet(models.QuerySet["ChannelAccount"]):
    def carrying(self, medium: Medium | str) -> "ChannelAccountQuerySet":
        """Those that are switched on for a medium."""
        return self.filter(medium=medium, is_on=True)

    def in_trouble(self) -> "ChannelAccountQuerySet":
        """Those in use that cannot send, or whose mailbox cannot be read."""
        return self.filter(is_on=True).exclude(problem="", mailbox_problem="")

    def refused(self) -> "ChannelAccountQuerySet":
        """Those in use whose carrier refuses them, so that all that goes by them waits."""
        return self.filter(is_on=True).exclude(problem="")

    def to_be_checked(self, at: datetime) -> "ChannelAccountQuerySet":
        """Those in use whose keys were looked at a day ago, or are refused."""
        a_day_ago = at - CHECKED_EACH
        due = models.Q(checked_at=None) | models.Q(checked_at__lt=a_day_ago) | ~models.Q(problem="")
        return self.filter(due, is_on=True)


class ChannelAccount(models.Model):
    """An ISP's own account with a carrier of messages. What is secret of it is never shown again."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    channel = models.CharField(max_length=30, unique=True)  # the name of its folder
    medium = models.CharField(max_length=10, choices=Medium)
    values = models.JSONField(default=dict, db_default={})  # what staff typed that is no secret
    secrets = SecretField(blank=True)  # the rest, as JSON
    is_on = models.BooleanField(_("in use"), default=True, db_default=True)
    rate = models.PositiveSmallIntegerField(_("messages at most"), default=0, db_default=0)  # 0: as it comes
    rate_per = models.PositiveSmallIntegerField(
        _("in a"), choices=RatePer, default=RatePer.SECOND, db_default=RatePer.SECOND
    )
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=4, default=0, db_default=0)
    spelling = models.CharField(
        _("characters that cost more"),
        max_length=10,
        choices=Spelling,
        default=Spelling.TIDY,
        db_default=Spelling.TIDY,
        help_text=_("One of them makes an SMS hold 70 characters in place of 160."),
    )
    problem = models.CharField(max_length=300, blank=True, db_default="")  # while there is one, nothing is sent
    paused_until = models.DateTimeField(null=True)  # the carrier asked for it, or `rate` does
    checked_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    told = models.CharField(max_length=300, blank=True, db_default="")  # by the carrier, when the keys were tried last
    forged = models.PositiveIntegerField(default=0, db_default=0)  # callbacks that were not the carrier's
    forged_at = models.DateTimeField(null=True)
    approved = models.JSONField(default=list, db_default=[])  # texts, as channels.base.Approved
    approved_at = models.DateTimeField(null=True)
    # How far the mailbox has been read that mails come back to, as returns.mailboxes.Place, and why it cannot be.
    mailbox = models.JSONField(default=dict, db_default={})
    mailbox_problem = models.CharField(max_length=300, blank=True, db_default="")
    mailbox_read_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(auto_now_add=True)

    objects = ChannelAccountQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["medium"], condition=models.Q(is_on=True), name="one_channel_for_a_medium"),
        ]
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        return self.title

    def open(self, *, callback_url: str = "") -> Channel:
        """The channel with what is set. Nothing is called yet."""
        return open_channel(self.channel, self.setup(callback_url=callback_url))

    def setup(self, *, callback_url: str = "") -> Setup:
        """What is set, secrets included."""
        secrets: dict[str, Any] = json.loads(self.secrets) if self.secrets else {}
        values = {**self.values, **secrets}
        return Setup(str(self.uuid), values, callback_url=callback_url, isp_id=required().isp_id or 0)

    @property
    def kind(self) -> type[Channel] | None:
        """None where its folder is gone."""
        return kinds().get(self.channel)

    @property
    def title(self) -> str:
        return str(self.kind.title) if self.kind else self.channel

    @property
    def per_second(self) -> float:
        """How many messages a second it may be handed; 0 without a limit."""
        return self.rate / self.rate_per

    @property
    def light(self) -> str:
        """Green, yellow or red."""
        if self.problem:
            return "red"
        if self.mailbox_problem:
            return "yellow"
        return "green" if self.is_on and self.checked_at else "yellow"

    @property
    def why(self) -> Reason:
        """Why nothing is sent; without a problem nothing."""
        return read(self.problem)

    @property
    def mailbox_why(self) -> Reason:
        """Why its mailbox cannot be read."""
        return read(self.mailbox_problem)

    def is_stale(self, at: datetime) -> bool:
        """Whether nobody knows any more if the keys work."""
        return self.checked_at is None or at - self.checked_at > STALE


class StoppedAddressQuerySet(models.QuerySet["StoppedAddress"]):
    def by_itself(self, *, since: datetime) -> "StoppedAddressQuerySet":
        """Those that staff have not stopped themselves, and so may not know of."""
        return self.filter(at__gte=since).exclude(reason=StoppedAddress.Reason.STAFF)


class StoppedAddress(models.Model):
    """An address that is written to no more: it does not exist, or who has it does not want that."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", _("does not exist")
        COMPLAINT = "complaint", _("was reported as spam")
        OPT_OUT = "opt_out", _("asked for no more messages")
        STAFF = "staff", _("stopped by staff")

    medium = models.CharField(max_length=10, choices=Medium)
    address = models.CharField(max_length=254)  # in small letters
    reason = models.CharField(max_length=12, choices=Reason)
    said = models.CharField(max_length=300, blank=True)  # by the other side
    message = models.ForeignKey(Message, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    objects = StoppedAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["medium", "address"], name="stopped_once")]
        verbose_name = _("stopped address")
        verbose_name_plural = _("stopped addresses")

    def __str__(self) -> str:
        return self.address

    @property
    def why(self) -> Reason:
        """What the other side said of it."""
        return read(self.said)


class EarlyEvent(models.Model):
    """What a carrier said of a message before the number that it has there was written down here."""

    channel = models.CharField(max_length=30)
    number = models.CharField(max_length=160)
    fate = models.CharField(max_length=12)
    said = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "number", "fate"], name="early_event_once"),
        ]
        verbose_name = _("early event")
        verbose_name_plural = _("early events")

    def __str__(self) -> str:
        return f"{self.channel} {self.number}"
