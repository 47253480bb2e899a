"""Licence plans of ISPs and what each includes. The only place that knows the numbers."""

from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.scope import IspLike, public_scope


class Plan(models.TextChoices):
    """From the smallest to the biggest."""

    FREE = "free", _("Free")
    START = "start", _("Start")
    PRO = "pro", _("Pro")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan includes."""

    domains: int  # of the ISP's own, for portal and staff together


LIMITS = {Plan.FREE: Limits(domains=0), Plan.START: Limits(domains=2), Plan.PRO: Limits(domains=10)}


def plan_of(isp: IspLike) -> Plan:
    """The ISP's plan; the installation's DEFAULT_PLAN until an operator has chosen one. One query."""
    from tenants.models import Licence

    with public_scope():
        chosen = Licence.objects.running().filter(isp_id=isp.pk).values_list("plan", flat=True).first()
    return Plan(chosen or settings.DEFAULT_PLAN)


def limits_of(isp: IspLike) -> Limits:
    """What the ISP's plan includes. One query."""
    return LIMITS[plan_of(isp)]
