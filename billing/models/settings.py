"""How an ISP bills."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from stdnum import iban as ibans

from billing.periods import LAST_BILLING_DAY
from company.models import InvoiceGroup
from core.singleton import Singleton


def is_iban(value: str) -> None:
    """Refuse what is no IBAN."""
    if not ibans.is_valid(value):
        raise ValidationError(_("This is not a valid IBAN."))


IN_MONTH = [MinValueValidator(1), MaxValueValidator(LAST_BILLING_DAY)]


class BillingSettings(Singleton):
    """What holds for the invoices of an ISP where nothing else is said."""

    due_days = models.PositiveSmallIntegerField(
        _("days to pay"), default=10, db_default=10, validators=[MaxValueValidator(120)]
    )
    billing_day = models.PositiveSmallIntegerField(
        _("billing day"),
        default=1,
        db_default=1,
        validators=IN_MONTH,
        help_text=_("The day of the month, 1 to 28, on which the billed periods begin."),
    )
    in_advance = models.BooleanField(
        _("bill in advance"),
        default=True,
        db_default=True,
        help_text=_("The period that begins is billed; switched off, the one that has ended."),
    )
    lead_days = models.PositiveSmallIntegerField(
        _("days before"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(27)],
        help_text=_("So many days before the billing day the invoices are made. Only when billing in advance."),
    )
    begins_on = models.DateField(
        _("billing begins on"),
        null=True,
        blank=True,
        help_text=_("Days before are billed elsewhere. Empty: the first billing run sets it to its own period."),
    )
    is_automatic = models.BooleanField(_("run by itself"), default=False, db_default=False)
    hour = models.PositiveSmallIntegerField(
        _("hour"), default=6, db_default=6, validators=[MaxValueValidator(23)], help_text=_("In your time zone.")
    )
    bills_suspended = models.BooleanField(
        _("bill suspended services"),
        default=True,
        db_default=True,
        help_text=_("Switched off, days on which a service is suspended are never billed, also not after its return."),
    )
    gives_back = models.BooleanField(
        _("give back what was billed beyond the end of a service"), default=True, db_default=True
    )
    odd_percent = models.PositiveSmallIntegerField(
        _("point out invoices that differ by more than"),
        default=50,
        db_default=50,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text=_("Per cent of the subscriber's last invoice."),
    )
    bound_percent = models.PositiveSmallIntegerField(
        _("a run may pass its forecast by"),
        default=5,
        db_default=5,
        validators=[MaxValueValidator(100)],
        help_text=_("Per cent, of the number of invoices and of their sum. Beyond it, the run stops by itself."),
    )
    invoice_limit = models.DecimalField(
        _("highest invoice of a run"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(1))],
        help_text=_("A run stops before a higher one. Empty: no limit beyond the forecast."),
    )
    iban = models.CharField(
        _("IBAN"),
        max_length=34,
        blank=True,
        default="",
        db_default="",
        validators=[is_iban],
        help_text=_("The QR code of invoices in CZK and EUR is then an order for the customer's bank."),
    )

    class Meta(Singleton.Meta):
        verbose_name = _("billing settings")


class GroupBilling(models.Model):
    """What holds for an invoice group instead. Empty fields are the ISP's own."""

    group = models.OneToOneField(InvoiceGroup, on_delete=models.CASCADE, primary_key=True, related_name="billing")
    billing_day = models.PositiveSmallIntegerField(_("billing day"), null=True, blank=True, validators=IN_MONTH)
    due_days = models.PositiveSmallIntegerField(
        _("days to pay"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(billing_day__isnull=True) | Q(billing_day__range=(1, LAST_BILLING_DAY)),
                name="group_billing_day_in_month",
            )
        ]
        verbose_name = _("billing of a group")

    def __str__(self) -> str:
        return str(self.group_id)
