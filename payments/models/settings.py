"""How an ISP takes payments where nothing else is said."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.singleton import Singleton


class PaymentSettings(Singleton):
    """Receipts, reports, and what a report does for somebody who is cut off.

    A grace lasts `grace_days` from the day of the report. It is given only while what was reported covers what is
    overdue, and that is no more than `grace_cap` (empty: any amount).
    """

    confirms = models.BooleanField(_("send a receipt by e-mail for each payment"), default=False, db_default=False)
    takes_reports = models.BooleanField(_("subscribers can report payments"), default=True, db_default=True)
    reactivates = models.BooleanField(
        _("a report brings suspended services back for a while"), default=False, db_default=False
    )
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"), default=3, db_default=3, validators=[MinValueValidator(1), MaxValueValidator(15)]
    )
    grace_cap = models.DecimalField(
        _("only up to this debt"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )

    class Meta(Singleton.Meta):
        verbose_name = _("payment settings")
