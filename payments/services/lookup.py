"""The public look at what somebody owes.

A hit and a miss take the same way: one question for the keys, one row for the link; and the page behind the link asks
the same of no keys as of some. So neither the answer's form nor its time says whether somebody is a customer.
"""

import re
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import DecimalField, Exists, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from billing.models import LedgerEntry
from company.tax_ids import BadTaxId, stored
from core import tokens
from payments.models import BalanceLink, BalanceSettings, GatewayAccount, LookupKind, PaymentSettings
from subscribers.models import PortalUser, Service, Subscriber

PURPOSE = "balance"
LIFE = timedelta(minutes=30)
MOST = 10  # people who share what was typed and are offered to choose from
NOBODY = 0  # no row has this key; a question for no keys at all would not be asked


@transaction.atomic
def look_up(*, kind: LookupKind, value: str, country: str, phone: str | None = None) -> str:
    """Find who names themselves so, and give the secret of a link to what they owe: also if nobody was found.

    With `phone`, the last four digits of one of their mobiles have to be these, too.
    """
    rows = Subscriber.objects.not_erased().filter(_named(kind, value, country))
    if phone is not None:
        rows = rows.filter(Q(mobile__endswith=phone) | Q(second_mobile__endswith=phone))
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:MOST])
    return tokens.issue(BalanceLink, purpose=PURPOSE, life=LIFE, keys=keys)


def _named(kind: LookupKind, value: str, country: str) -> Q:
    """Whom a value names, typed in full."""
    value = " ".join(value.split())
    match kind:
        case LookupKind.SERVICE:
            is_number = re.fullmatch(r"[0-9]{1,9}", value)
            services = Service.objects.lasting().filter(number=int(value) if is_number else NOBODY)
            return Q(pk__in=services.order_by().values("subscriber"))
        case LookupKind.USERNAME:
            name = value.partition("@")[0].lower()
            users = PortalUser.objects.alias(name=Lower("username")).filter(name=name)
            return Q(pk__in=users.order_by().values("subscriber"))
        case LookupKind.ID_NUMBER:
            plain = re.sub(r"[\s.\-]", "", value)
            return Q(id_number__in={value, value.upper(), plain, plain.upper()})
        case LookupKind.TAX_ID:
            return Q(tax_id__in={value, value.upper(), _tax_id(value, country)})
        case _:
            people = Subscriber.objects.alias(mail=Lower("email")).filter(mail=value.lower())
            return Q(pk__in=people.order_by().values("pk"))


def _tax_id(value: str, country: str) -> str:
    """As it is stored, if it is one."""
    try:
        return stored(value, country=country)
    except BadTaxId:
        return value


def rules_of_link() -> Any:
    """What the balance page does, with `takes_reports` and `pays_online`; None without any settings. One query."""
    refused = PaymentSettings.objects.filter(takes_reports=False)
    online = GatewayAccount.objects.offered()
    rows = BalanceSettings.objects.annotate(takes_reports=~Exists(refused), pays_online=Exists(online))
    return rows.filter(pk=1, is_on=True).first()


def find_link(secret: str) -> BalanceLink | None:
    """The link, if it is one that is not over. One query."""
    return tokens.find(BalanceLink, secret, purpose=PURPOSE)


def owing(link: BalanceLink) -> list[Any]:
    """The subscribers of a link who owe something, with their `balance`. One query, also for none."""
    money: DecimalField[Any, Any] = DecimalField(max_digits=14, decimal_places=2)
    balance = Coalesce(F("account__balance"), Value(0, output_field=money), output_field=money)
    rows = Subscriber.objects.not_erased().filter(pk__in=link.keys or [NOBODY])
    return list(rows.annotate(balance=balance).filter(balance__gt=0).order_by("pk"))


def debts_of(subscriber: Subscriber | None) -> QuerySet[LedgerEntry]:
    """What is open, with the invoices. One query, also for nobody."""
    of_one = LedgerEntry.objects.filter(subscriber=subscriber.pk if subscriber else NOBODY)
    return of_one.debts().select_related("invoice")


def masked_name(subscriber: Subscriber) -> str:
    """The initials of a name: enough to know oneself by, and no more. `María Gómez` is `M. G.`"""
    name = subscriber.business_name or subscriber.full_name
    words = [word for word in re.split(r"[\W\d_]+", name) if word]
    return " ".join(f"{word[0].upper()}." for word in words[:4]) or "–"


def sweep_links() -> int:
    """Remove links that are over; say how many."""
    return BalanceLink.objects.filter(expires_at__lt=timezone.now()).delete()[0]
