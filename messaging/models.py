"""Mail of one ISP on its way out, and what is kept of it."""

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Collate, Lower
from django.utils.translation import gettext_lazy as _

from core.models import OutgoingMail
from core.singleton import Singleton

COLOURS = {"waiting": "azure", "sending": "azure", "sent": "green", "failed": "red"}


def plain_address() -> Collate:
    """The address as it is looked up: in small letters, sorted by bytes so that an index finds beginnings."""
    return Collate(Lower("to"), "C")


class MailQuerySet(models.QuerySet["Mail"]):
    def failed(self) -> "MailQuerySet":
        """Those that were given up, which staff may send again."""
        return self.filter(state=Mail.State.FAILED)

    def to_address(self, beginning: str) -> "MailQuerySet":
        """Those to addresses that begin so."""
        return self.alias(address=plain_address()).filter(address__startswith=beginning.lower())


class Mail(OutgoingMail):
    """A mail that the ISP sends, in its name."""

    # It carries a link that lets somebody in, so its text is not kept for staff to read.
    has_secret = models.BooleanField(default=False, db_default=False)

    # It goes to somebody whose data has been erased, so nothing of it is kept.
    is_last = models.BooleanField(default=False, db_default=False)

    # What it was written for: the name of its template, see messaging.occasions.
    occasion = models.CharField(_("about"), max_length=60, blank=True, db_default="")

    # In whose matter: the key of a subscriber, who live in an app above this one.
    subscriber_key = models.BigIntegerField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta(OutgoingMail.Meta):
        ordering = ["-created_at", "-pk"]
        indexes: list[Any] = [
            *OutgoingMail.Meta.indexes,
            models.Index(fields=["-created_at", "-id"], name="mail_by_time"),
            models.Index(fields=["subscriber_key", "-created_at", "-id"], name="mail_of_subscriber"),
            models.Index(plain_address(), name="mail_by_address"),
        ]
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    @property
    def is_forgotten_once_tried(self) -> bool:
        return self.is_last

    @property
    def is_erased_once_sent(self) -> bool:
        return self.has_secret

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS.get(self.state, "secondary")

    @property
    def may_be_sent_again(self) -> bool:
        """Whether it was given up and still says what it should: a link that lets in may have ended by now."""
        return self.state == self.State.FAILED and not self.has_secret


class MailSettings(Singleton):
    """How long an ISP keeps what it wrote."""

    kept_months = models.PositiveSmallIntegerField(
        _("keep messages for"),
        default=24,
        db_default=24,
        validators=[MaxValueValidator(120)],
        help_text=_("Months; 0 keeps them for ever. Older ones are deleted, with their texts."),
    )

    class Meta(Singleton.Meta):
        verbose_name = _("message settings")
