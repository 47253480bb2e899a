"""How an ISP bills."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.singleton import Singleton


class BillingSettings(Singleton):
    """What holds for the invoices of an ISP where nothing else is said."""

    due_days = models.PositiveSmallIntegerField(
        _("days to pay"), default=10, db_default=10, validators=[MaxValueValidator(120)]
    )

    class Meta(Singleton.Meta):
        verbose_name = _("billing settings")
