"""Phones of staff, to which they send tests of what customers get."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class StaffPhone(models.Model):
    """The number that somebody of the staff typed last to try a text with."""

    by_id = models.BigIntegerField(unique=True)  # of the staff user, who lives in the platform's schema
    phone = models.CharField(_("mobile number"), max_length=20)  # E.164
    at: datetime = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ["pk"]
        verbose_name = _("phone of staff")
        verbose_name_plural = _("phones of staff")

    def __str__(self) -> str:
        return self.phone
