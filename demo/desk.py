"""What was paid at the cash desk in the last days, and how its clerk closed them."""

import random
import zoneinfo
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.models import Account
from core.scope import public_scope
from demo.companies import Company
from demo.suspensions import kept_in_debt
from payments import desk
from payments.models import CashClosing, Payment, PaymentMethod
from payments.services import closings, payments
from tenants.models import ISP, StaffUser
from tenants.roles import Role

REASON = {"es": "Se dio mal un cambio", "en": "Wrong change was given"}
DAYS, EACH_DAY = 5, 4


def seed_desk(company: Company, isp: ISP, chance: random.Random) -> None:
    """Payments of some who owe something, on the last days; all but today's are counted, one with something missing."""
    with public_scope():
        clerk = StaffUser.objects.get(memberships__isp=isp, memberships__role=Role.BILLING)
    cash = PaymentMethod.objects.filter(kind=PaymentMethod.Kind.CASH).first()
    owing = Account.objects.owing().exclude(subscriber__in=kept_in_debt())
    debts = list(owing.select_related("subscriber").order_by("-pk")[: DAYS * EACH_DAY])
    with timezone.override(zoneinfo.ZoneInfo(company.timezone)):
        today = timezone.localdate()
        for ago in range(DAYS - 1, -1, -1):
            on = today - timedelta(days=ago)
            for nth, account in enumerate(debts[ago * EACH_DAY : (ago + 1) * EACH_DAY]):
                paid = payments.register_payment(
                    by=clerk, subscriber=account.subscriber, amount=account.balance, currency=isp.currency, on=on,
                    source=Payment.Source.DESK, method=cash,
                )  # fmt: skip
                moment = datetime.combine(on, time(9 + 2 * nth, chance.randrange(60)), timezone.get_current_timezone())
                Payment.objects.filter(pk=paid.pk).update(at=min(moment, timezone.now()))
            if ago:
                _close(clerk, isp, company, on, missing=Decimal(20 if ago == 2 else 0))


def _close(clerk: StaffUser, isp: ISP, company: Company, on: date, *, missing: Decimal) -> None:
    sums = desk.sums(clerk_id=clerk.pk, on=on)
    if not sums:
        return
    closing = closings.close_desk(
        by=clerk, clerk=clerk, on=on, currency=isp.currency, seen=sum((each.amount for each in sums), Decimal(0)),
        counted={each.key: each.amount - missing for each in sums},
        reason=REASON.get(company.language, REASON["en"]) if missing else "",
    )  # fmt: skip
    evening = datetime.combine(on, time(18, 12), timezone.get_current_timezone())
    CashClosing.objects.filter(pk=closing.pk).update(at=evening)
