"""How subscribers can pay."""

import uuid
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup

CENT = Decimal("0.01")


class PaymentMethodQuerySet(models.QuerySet["PaymentMethod"]):
    def in_portal(self) -> "PaymentMethodQuerySet":
        """The methods that subscribers may see, in the ISP's order."""
        return self.filter(is_active=True, visible_in_portal=True)

    def for_group(self, group_id: int | None) -> "PaymentMethodQuerySet":
        """Those that hold for an invoice group: chosen for it, or for all. Who has no group has the default one."""
        chosen = PaymentMethod.groups.through.objects.filter(paymentmethod=models.OuterRef("pk"))
        its = {"invoicegroup__is_default": True} if group_id is None else {"invoicegroup": group_id}
        return self.filter(models.Exists(chosen.filter(**its)) | ~models.Exists(chosen))

    def reportable(self) -> "PaymentMethodQuerySet":
        """Those by which somebody pays outside and tells us afterwards."""
        return self.filter(takes_reports=True)


class PaymentMethod(models.Model):
    """A way to pay that the ISP offers.

    Its fee is a fixed amount and a share of what is paid. A fee of the subscriber's comes on top of what is owed; what
    the ISP pays is shown to its staff alone.
    """

    class Kind(models.TextChoices):
        BANK_TRANSFER = "bank_transfer", _("bank transfer")
        CASH = "cash", _("cash desk")
        STORE = "store", _("store or collection point")
        WALLET = "wallet", _("mobile wallet")
        GATEWAY = "gateway", _("online payment")
        OTHER = "other", _("other")

    class Bearer(models.TextChoices):
        ISP = "isp", _("we do")
        SUBSCRIBER = "subscriber", _("the subscriber, on top")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name for staff"), max_length=120)
    portal_name = models.CharField(
        _("name shown in the portal"), max_length=80, blank=True, help_text=_("If empty, the name for staff is shown.")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.BANK_TRANSFER)
    instructions = models.TextField(_("instructions for the subscriber"), max_length=1000, blank=True)
    bank = models.CharField(_("bank, chain or service"), max_length=80, blank=True, db_default="")
    holder = models.CharField(_("account holder"), max_length=120, blank=True, db_default="")
    account_number = models.CharField(_("account or agreement number"), max_length=40, blank=True, db_default="")
    transfer_code = models.CharField(_("CLABE, CCI, CBU or IBAN"), max_length=40, blank=True, db_default="")
    fee_fixed = models.DecimalField(
        _("fixed fee"),
        max_digits=10,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        validators=[MinValueValidator(Decimal(0))],
    )
    fee_percent = models.DecimalField(
        _("fee in per cent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        db_default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(50))],
    )
    fee_bearer = models.CharField(
        _("who pays the fee"), max_length=10, choices=Bearer, default=Bearer.ISP, db_default=Bearer.ISP.value
    )
    takes_reports = models.BooleanField(_("payments can be reported"), default=True, db_default=True)
    groups = models.ManyToManyField(
        InvoiceGroup, blank=True, related_name="payment_methods", verbose_name=_("only for these invoice groups")
    )
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

    @property
    def details(self) -> list[tuple[Any, str, bool]]:
        """What somebody needs to pay: title, value, and whether it is worth a button that copies it."""
        rows = [
            (_("Bank, chain or service"), self.bank, False),
            (_("Account holder"), self.holder, True),
            (_("Account or agreement number"), self.account_number, True),
            (_("CLABE, CCI, CBU or IBAN"), self.transfer_code, True),
        ]
        return [row for row in rows if row[1]]

    @property
    def has_fee(self) -> bool:
        return bool(self.fee_fixed or self.fee_percent)

    @property
    def costs_more(self) -> bool:
        """Whether the subscriber pays more than is owed."""
        return self.has_fee and self.fee_bearer == self.Bearer.SUBSCRIBER

    def fee_on_top(self, amount: Decimal) -> Decimal:
        """What the subscriber pays besides an amount that is owed."""
        if not self.costs_more:
            return Decimal(0)
        return (self.fee_fixed + amount * self.fee_percent / 100).quantize(CENT, ROUND_HALF_UP)
