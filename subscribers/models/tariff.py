"""What is sold."""

import uuid
from decimal import Decimal

from django.contrib.postgres.functions import RandomUUID
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class TariffQuerySet(models.QuerySet["Tariff"]):
    def on_sale(self) -> "TariffQuerySet":
        """Those that a new service may get."""
        return self.filter(is_active=True)


class Tariff(models.Model):
    """What is sold: a speed for a price a cycle, in the ISP's currency."""

    class Cycle(models.IntegerChoices):
        MONTH = 1, _("every month")
        TWO_MONTHS = 2, _("every two months")
        QUARTER = 3, _("every three months")
        HALF_YEAR = 6, _("every six months")
        YEAR = 12, _("every year")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    name = models.CharField(_("tariff"), max_length=80, unique=True)
    download = models.PositiveIntegerField(_("download"), help_text=_("Mbit/s"))
    upload = models.PositiveIntegerField(_("upload"), help_text=_("Mbit/s"))
    price = models.DecimalField(
        _("price of a cycle"), max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    tax_rate = models.DecimalField(
        _("tax in per cent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text=_("The price includes it."),
    )
    cycle = models.PositiveSmallIntegerField(
        _("billed"), choices=Cycle, default=Cycle.MONTH, db_default=Cycle.MONTH.value
    )
    portal_name = models.CharField(
        _("name in the portal"),
        max_length=80,
        blank=True,
        db_default="",
        help_text=_("Empty: the tariff's own name."),
    )
    description = models.TextField(_("description in the portal"), max_length=500, blank=True, db_default="")
    shows_speed = models.BooleanField(_("show the speed in the portal"), default=True, db_default=True)
    shows_price = models.BooleanField(_("show the price in the portal"), default=True, db_default=True)
    is_active = models.BooleanField(_("on sale"), default=True)

    objects = TariffQuerySet.as_manager()

    class Meta:
        ordering = ["price", "name"]
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        """The name that subscribers read."""
        return self.portal_name or self.name
