"""What is done with the ledger."""

from datetime import date
from decimal import Decimal

from django.db.models import F

from billing.models import Account, LedgerEntry
from core.acting import in_own_name
from core.audit import Actor, record
from subscribers.models import Subscriber


def book(
    *, by: Actor | None, subscriber: Subscriber, kind: LedgerEntry.Kind, amount: Decimal, on: date, text: str = ""
) -> LedgerEntry:
    """Add an entry to a subscriber's ledger, and its amount to the balance.

    `amount` is in the ISP's currency with two decimals: above zero the subscriber owes it, below it is in their favour.
    `on` is a date of the ISP. Raises ValueError for an amount of nothing, InAnothersName in a preview of the portal.
    """
    in_own_name()
    if not amount:
        raise ValueError("An entry of nothing.")
    Account.objects.bulk_create([Account(subscriber=subscriber)], ignore_conflicts=True)
    account = Account.objects.select_for_update().get(subscriber=subscriber)
    who = {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:200]} if by else {"by_kind": "system"}
    entry = LedgerEntry.objects.create(subscriber=subscriber, kind=kind, amount=amount, on=on, text=text, **who)
    Account.objects.filter(pk=account.pk).update(balance=F("balance") + amount)
    record(
        "billing.entry.booked",
        by=by,
        on=entry,
        subscriber=subscriber.number,
        kind=str(kind),
        amount=str(amount),
        text=text,
    )
    return entry
