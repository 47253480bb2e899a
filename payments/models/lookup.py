"""The public look at what somebody owes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import Token
from core.singleton import Singleton


class LookupKind(models.TextChoices):
    """What people can name themselves by, typed in full."""

    SERVICE = "service", _("service number")
    USERNAME = "username", _("user name of the portal")
    ID_NUMBER = "id_number", _("official ID number")
    TAX_ID = "tax_id", _("tax ID")
    EMAIL = "email", _("e-mail")


class BalanceSettings(Singleton):
    """Whether there is a public balance page, and what people name there. It is off until the ISP wants it."""

    is_on = models.BooleanField(_("show the public balance page"), default=False)
    by_service = models.BooleanField(_("service number"), default=True)
    by_username = models.BooleanField(_("user name of the portal"), default=False)
    by_id_number = models.BooleanField(_("official ID number"), default=False)
    by_tax_id = models.BooleanField(_("tax ID"), default=False)
    by_email = models.BooleanField(_("e-mail"), default=False)
    asks_phone = models.BooleanField(_("ask for the last four digits of the mobile, too"), default=False)
    title = models.CharField(_("heading"), max_length=80, blank=True)
    text = models.TextField(_("text above the form"), max_length=2000, blank=True)

    class Meta(Singleton.Meta):
        verbose_name = _("balance page")

    @property
    def kinds(self) -> list[LookupKind]:
        """What people may name themselves by."""
        return [kind for kind in LookupKind if getattr(self, f"by_{kind.value}")]


class BalanceLink(Token):
    """What somebody found on the balance page, for a short while: the keys of the subscribers who fit, often none."""

    keys = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("balance link")

    def __str__(self) -> str:
        return str(self.pk)
