"""How subscribers can pay."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class PaymentMethodQuerySet(models.QuerySet["PaymentMethod"]):
    def in_portal(self) -> "PaymentMethodQuerySet":
        """The methods that subscribers may see, in the ISP's order."""
        return self.filter(is_active=True, visible_in_portal=True)


class PaymentMethod(models.Model):
    """A way to pay that the ISP offers."""

    class Kind(models.TextChoices):
        BANK_TRANSFER = "bank_transfer", _("bank transfer")
        CASH = "cash", _("cash desk")
        STORE = "store", _("store or collection point")
        WALLET = "wallet", _("mobile wallet")
        OTHER = "other", _("other")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name for staff"), max_length=120)
    portal_name = models.CharField(
        _("name shown in the portal"), max_length=80, blank=True, help_text=_("If empty, the name for staff is shown.")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.BANK_TRANSFER)
    instructions = models.TextField(_("instructions for the subscriber"), max_length=1000, blank=True)
    visible_in_portal = models.BooleanField(_("visible in the portal"), default=True)
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = PaymentMethodQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")

    def __str__(self) -> str:
        return self.name

    @property
    def shown_name(self) -> str:
        return self.portal_name or self.name
