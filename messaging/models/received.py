"""What people write to the ISP's numbers."""

import uuid
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.channels.words import Word
from messaging.models.messages import Medium

WORDS: dict[str, Any] = {Word.STOP: _("wants no more messages"), Word.START: _("wants messages again")}


class ReceivedMessage(models.Model):
    """One message of somebody to the ISP, mostly an answer to what it wrote. Whose it is, is known by the phone."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    medium = models.CharField(_("by"), max_length=10, choices=Medium)
    channel = models.CharField(max_length=30)  # the name of its folder
    number_there = models.CharField(max_length=160, blank=True, db_default="")  # empty where the carrier gives none
    sender = models.CharField(_("from"), max_length=64)  # E.164, or what the carrier said where that is no such number
    text = models.TextField(blank=True, db_default="")  # empty: a picture, a voice
    word = models.CharField(max_length=8, blank=True, db_default="")  # what it asks for, see channels.words
    at = models.DateTimeField(default=timezone.now, db_default=Now())  # by the carrier's clock where it says so
    received_at = models.DateTimeField(default=timezone.now, db_default=Now())

    # It did what it asks for, and who wrote it is still to be told so; and whether that was done.
    is_to_confirm = models.BooleanField(default=False, db_default=False)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_at", "-pk"]
        indexes: list[Any] = [
            models.Index(fields=["sender", "-received_at"], name="received_by_sender"),
            models.Index(fields=["-received_at", "-id"], name="received_by_time"),
            models.Index(fields=["id"], name="received_to_confirm", condition=models.Q(is_to_confirm=True)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "number_there"], condition=~models.Q(number_there=""), name="received_once"
            )
        ]
        verbose_name = _("received message")
        verbose_name_plural = _("received messages")

    def __str__(self) -> str:
        return self.sender

    @property
    def meaning(self) -> str:
        """What its word asks for; empty of what is no such word."""
        return str(WORDS.get(self.word, ""))
