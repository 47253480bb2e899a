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
    `on` is a date of the ISP. Raises ValueError for an amount of nothing, InAnothersName in a preview of the portal,
    Erased.
    """
    in_own_name()
    Subscriber.objects.lock_to_add(subscriber.pk)
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


def carry_over(
    *, by: Actor | None, balances: dict[Subscriber, Decimal], on: date, text: str = ""
) -> dict[int, LedgerEntry]:
    """Open the ledgers of customers who were taken over, each with what they owed elsewhere; gives their entries.

    For customers without any entry. An amount of nothing gives none. It writes no audit row: whoever takes many over
    writes one for all of them.
    """
    who = {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:200]} if by else {"by_kind": "system"}
    entries = LedgerEntry.objects.bulk_create(
        LedgerEntry(
            subscriber=subscriber, kind=LedgerEntry.Kind.CARRIED_OVER, amount=amount, on=on, text=text[:300], **who
        )
        for subscriber, amount in balances.items()
        if amount
    )
    Account.objects.bulk_create(Account(subscriber_id=entry.subscriber_id, balance=entry.amount) for entry in entries)
    return {entry.subscriber_id: entry for entry in entries}


def withdraw_carried_over(*, entries: list[int]) -> None:
    """Take back what `carry_over` opened, with its accounts, where nothing was booked since.

    It is as if the customers had never been taken over, who go in the same transaction. Raises ValueError where
    something was booked since.
    """
    opened = LedgerEntry.objects.filter(pk__in=entries, kind=LedgerEntry.Kind.CARRIED_OVER)
    subscribers = list(opened.values_list("subscriber_id", flat=True))
    accounts = Account.objects.select_for_update().filter(subscriber__in=subscribers)
    list(accounts.order_by("pk").values_list("pk"))
    if LedgerEntry.objects.filter(subscriber__in=subscribers).exclude(pk__in=entries).exists():
        raise ValueError("Something was booked since.")
    accounts.delete()
    opened.delete()
