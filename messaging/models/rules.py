"""By which media an event reaches people, when it may ring, and what somebody does not want to hear of."""

from datetime import time

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.singleton import Singleton
from messaging.models.messages import Medium


class EventRule(models.Model):
    """How an ISP has one event told. Without a row it is told by e-mail."""

    event = models.CharField(max_length=60, unique=True)  # see messaging.occasions
    is_on = models.BooleanField(_("send it"), default=True, db_default=True)
    media = models.JSONField(default=list, db_default=[])  # in their order
    takes_all = models.BooleanField(default=False, db_default=False)  # else the first that the person has

    class Meta:
        ordering = ["event"]
        verbose_name = _("rule of messages")
        verbose_name_plural = _("rules of messages")

    def __str__(self) -> str:
        return self.event

    @property
    def order(self) -> list[Medium]:
        """The media in their order, as far as there still are such."""
        return [Medium(each) for each in self.media if each in Medium.values]


class QuietHours(Singleton):
    """When what is not urgent waits, in the time zone of who gets it."""

    begins = models.TimeField(
        _("quiet from"), null=True, blank=True, default=time(21), help_text=_("Empty: there are no quiet hours.")
    )
    ends = models.TimeField(_("until"), null=True, blank=True, default=time(8))
    holds_mail = models.BooleanField(
        _("e-mails wait, too"),
        default=False,
        db_default=False,
        help_text=_("SMS, WhatsApp and notifications always wait. Passwords and codes never do."),
    )

    class Meta(Singleton.Meta):
        verbose_name = _("quiet hours")


class OptOut(models.Model):
    """Something that a customer, or one login of theirs, does not want to hear of by a medium."""

    subscriber_key = models.BigIntegerField()  # of a subscriber, who live in an app above this one
    login_key = models.BigIntegerField(default=0, db_default=0)  # 0: the whole customer
    kind = models.CharField(max_length=12)  # see messaging.events.base.Kind
    medium = models.CharField(max_length=10, choices=Medium)
    at = models.DateTimeField(auto_now_add=True)
    by_kind = models.CharField(max_length=20, blank=True)  # as in the audit log: who said so
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["subscriber_key", "login_key", "kind", "medium"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber_key", "login_key", "kind", "medium"], name="opted_out_once")
        ]
        verbose_name = _("message not wanted")
        verbose_name_plural = _("messages not wanted")

    def __str__(self) -> str:
        return f"{self.subscriber_key} {self.kind} {self.medium}"
