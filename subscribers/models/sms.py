"""SMS that subscribers write in the portal: what the ISP allows, and whom they write to."""

import uuid
from datetime import datetime

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.singleton import Singleton
from subscribers.models.subscriber import Subscriber


class SmsRules(Singleton):
    """Whether subscribers may write SMS in the portal, at the ISP's cost, and how many."""

    is_on = models.BooleanField(
        _("subscribers may send SMS in the portal"),
        default=False,
        db_default=False,
        help_text=_("Each one goes through your own SMS channel, in your name and at your cost."),
    )
    per_month = models.PositiveSmallIntegerField(
        _("SMS a month"),
        null=True,
        blank=True,
        default=20,
        db_default=20,
        help_text=_("For each subscriber. Empty: as many as they like."),
    )
    per_day = models.PositiveSmallIntegerField(
        _("SMS a day"),
        default=5,
        db_default=5,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text=_("For each subscriber, so that a stolen password does little harm."),
    )
    segments = models.PositiveSmallIntegerField(
        _("segments of one SMS"),
        default=3,
        db_default=3,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text=_("You pay for each. One holds 160 characters, or 70 with letters outside the basic alphabet."),
    )
    allows_links = models.BooleanField(
        _("texts may hold links"),
        default=False,
        db_default=False,
        help_text=_("Links in messages that come from your number are what swindlers look for."),
    )
    allows_abroad = models.BooleanField(_("numbers of other countries"), default=False, db_default=False)

    class Meta(Singleton.Meta):
        verbose_name = _("rules for SMS in the portal")


class Contact(models.Model):
    """One entry of a subscriber's own directory of numbers."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("mobile number"), max_length=20)  # E.164
    created_at: datetime = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["subscriber", "phone"], name="a_contact_once")]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def __str__(self) -> str:
        return self.name
