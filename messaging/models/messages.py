"""What one ISP writes to people, on its way out and kept afterwards."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Collate, Lower, Now
from django.utils import timezone
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext_lazy as _

from core.models import OutgoingMail
from core.singleton import Singleton
from messaging.channels import hint_for
from messaging.channels.reasons import Reason, read
from messaging.chat_marks import without_marks

COLOURS = {
    "waiting": "azure",
    "sending": "azure",
    "sent": "green",
    "delivered": "green",
    "failed": "red",
    "stopped": "secondary",
}


# Those that are on their way, as the conditions of the indexes know them.
UNSENT = ["waiting", "sending"]


class Medium(models.TextChoices):
    """By which kind of way a message reaches somebody."""

    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    WHATSAPP = "whatsapp", _("WhatsApp")
    PUSH = "push", _("browser notification")


def plain_address() -> Collate:
    """The address as it is looked up: in small letters, sorted by bytes so that an index finds beginnings."""
    return Collate(Lower("to"), "C")


class MessageQuerySet(models.QuerySet["Message"]):
    def failed(self) -> "MessageQuerySet":
        """Those that were given up, which staff may send again."""
        return self.filter(state=Message.State.FAILED)

    def over(self) -> "MessageQuerySet":
        """Those that are no longer on their way."""
        return self.exclude(state__in=UNSENT)

    def unsent(self) -> "MessageQuerySet":
        """Those that are on their way, or will be when they are due."""
        return self.filter(state__in=UNSENT)

    def due(self, at: datetime) -> "MessageQuerySet":
        """Those that should be handed over: never tried, to be tried again, or left behind by a worker that died."""
        return self.unsent().filter(due_at__lte=at)

    def of_sending(self, uuid: UUID) -> "MessageQuerySet":
        """Those that a sending to many wrote."""
        return self.filter(sending=uuid)

    def to_address(self, beginning: str) -> "MessageQuerySet":
        """Those to addresses that begin so."""
        return self.alias(address=plain_address()).filter(address__startswith=beginning.lower())


class Message(OutgoingMail):
    """Something that the ISP says to one person by one medium, in its own name."""

    class Lane(models.IntegerChoices):
        """What goes first. A message that somebody waits for never stands behind those that were sent to many."""

        URGENT = 0, _("urgent")
        NORMAL = 1, _("normal")
        BULK = 2, _("to many")

    medium = models.CharField(_("by"), max_length=10, choices=Medium, default=Medium.EMAIL, db_default=Medium.EMAIL)

    # An e-mail address, a phone as E.164, or the UUID of a browser that takes notifications.
    to = models.CharField(_("to"), max_length=254)
    lane = models.PositiveSmallIntegerField(choices=Lane, default=Lane.NORMAL, db_default=Lane.NORMAL)
    language = models.CharField(max_length=10, blank=True, db_default="")

    # Names what it is written for; a second message with the same key is never written.
    key = models.CharField(max_length=160, blank=True, db_default="")
    due_at = models.DateTimeField(default=timezone.now, db_default=Now())

    # What a medium needs besides the text, such as the approved template of WhatsApp with its parameters.
    data = models.JSONField(default=dict, db_default={})

    # The folder of the channel that took it, the number it has there, and what became of it.
    channel = models.CharField(max_length=30, blank=True, db_default="")
    number_there = models.CharField(max_length=160, blank=True, db_default="")
    delivered_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)  # what had been taken came back, or who got it complained
    # Of those that were taken and that staff had sent again.
    round = models.PositiveSmallIntegerField(default=0, db_default=0)
    segments = models.PositiveSmallIntegerField(default=0, db_default=0)
    price = models.DecimalField(max_digits=12, decimal_places=4, default=0, db_default=0)  # in the ISP's currency

    # It carries a link that lets somebody in, so its text is not kept for staff to read.
    has_secret = models.BooleanField(default=False, db_default=False)

    # It goes to somebody whose data has been erased, so nothing of it is kept.
    is_last = models.BooleanField(default=False, db_default=False)

    # What it was written for: the name of its template, see messaging.occasions.
    occasion = models.CharField(_("about"), max_length=60, blank=True, db_default="")

    # What people choose by, see messaging.events.base.Kind; and the login that it is for, if it is for one.
    kind = models.CharField(max_length=12, blank=True, db_default="")
    login_key = models.BigIntegerField(null=True)

    # In whose matter: the key of a subscriber, who live in an app above this one.
    subscriber_key = models.BigIntegerField(null=True)

    # The sending to many that it belongs to: its UUID, in an app above this one.
    sending = models.UUIDField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta(OutgoingMail.Meta):
        ordering = ["-created_at", "-pk"]
        indexes: list[Any] = [
            models.Index(fields=["state", "due_at"], name="message_due"),
            # What goes next, and whether something older is on its way to the same address.
            models.Index(fields=["medium", "lane", "id"], name="message_next", condition=models.Q(state__in=UNSENT)),
            models.Index(
                fields=["medium", "to", "lane", "id"], name="message_in_order", condition=models.Q(state__in=UNSENT)
            ),
            models.Index(fields=["-created_at", "-id"], name="mail_by_time"),
            models.Index(fields=["subscriber_key", "-created_at", "-id"], name="mail_of_subscriber"),
            models.Index(plain_address(), name="mail_by_address"),
            models.Index(
                fields=["sending", "state"], name="mail_of_sending", condition=models.Q(sending__isnull=False)
            ),
            # What messages have cost since a moment.
            models.Index(
                fields=["created_at"],
                include=["price", "state", "lane"],
                name="message_cost",
                condition=models.Q(price__gt=0),
            ),
            models.Index(
                fields=["channel", "number_there"], name="message_there", condition=~models.Q(number_there="")
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~models.Q(key=""), name="message_written_once"),
        ]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    @property
    def is_erased_once_sent(self) -> bool:
        return self.has_secret

    @property
    def withheld(self) -> set[str]:
        """What no copy of somebody's data holds: staff may make one, too."""
        return {"text"} if self.has_secret else set()

    @property
    def headline(self) -> str:
        """Its subject; of what has none, how it begins, unless that could let somebody in."""
        text = without_marks(self.text) if self.medium == Medium.WHATSAPP else self.text
        begin = "" if self.has_secret else Truncator(" ".join(text.split())).chars(80)
        return self.subject or begin or capfirst(self.get_medium_display())

    @property
    def key_there(self) -> str:
        """The key under which carriers take it once: another in each round. Mails say the round by themselves."""
        if not self.round or self.medium == Medium.EMAIL:
            return str(self.uuid)
        return str(uuid5(self.uuid, str(self.round)))

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS.get(self.state, "secondary")

    @property
    def may_be_sent_again(self) -> bool:
        """Whether it was given up and still says what it should: a link that lets in may have ended by now."""
        return self.state in (self.State.FAILED, self.State.STOPPED) and not self.has_secret

    @property
    def why(self) -> Reason:
        """Why it is not sent, for staff: what we say of it, and what the carrier said."""
        return read(self.error)

    @property
    def advice(self) -> str:
        """What to do about it, where that is known."""
        return hint_for(self.medium, self.why.said)

    @property
    def bubble(self) -> dict[str, Any]:
        """How an approved text of WhatsApp looks on a phone, as messaging.approved.Bubble; nothing for all else."""
        found: dict[str, Any] = {} if self.has_secret else self.data.get("shown") or {}
        return found


class MessageSettings(Singleton):
    """How long an ISP keeps what it wrote."""

    kept_months = models.PositiveSmallIntegerField(
        _("keep messages for"),
        default=24,
        db_default=24,
        validators=[MaxValueValidator(120)],
        help_text=_("Months; 0 keeps them for ever. Older ones are deleted, with their texts."),
    )

    budget = models.DecimalField(
        _("budget a month for messages"),
        max_digits=12,
        decimal_places=2,
        default=0,
        db_default=0,
        validators=[MinValueValidator(0)],
        help_text=_(
            "In your currency, by the prices of your channels; 0 sets no limit. All that cost something counts; held "
            "back by it are only messages to many."
        ),
    )
    daily_most = models.PositiveSmallIntegerField(
        _("messages to many that a customer gets a day at most"),
        default=3,
        db_default=3,
        validators=[MaxValueValidator(50)],
        help_text=_("0 sets no limit. What a customer asked for, bills and reminders do not count."),
    )

    class Meta(Singleton.Meta):
        verbose_name = _("message settings")
