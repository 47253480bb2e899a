"""What is done with the ledger.

Whoever adds to a subscriber's ledger holds the lock of the subscriber's row, so one ledger changes in one place at a
time. What somebody owes and what is in their favour settle each other at once: nobody has both open.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import F, Sum

from billing.models import Account, Allocation, LedgerEntry
from billing.services import suspensions
from core.acting import in_own_name
from core.audit import Actor, record, written_by
from subscribers.models import Subscriber

Kind = LedgerEntry.Kind
# What takes a credit away for good, so that it is never set free again.
COUNTERING = (Kind.TAKEN_BACK, Kind.REFUND)


class TooMuch(ValueError):
    """More is taken back than there was."""


@transaction.atomic
def book(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    kind: LedgerEntry.Kind,
    amount: Decimal,
    on: date,
    text: str = "",
    due_on: date | None = None,
    first: Sequence[LedgerEntry] = (),
) -> LedgerEntry:
    """Add an entry to a subscriber's ledger, its amount to the balance, and let debts and credits settle each other.

    `amount` is in the ISP's currency with two decimals: above zero the subscriber owes it, below it is in their favour.
    `on` and `due_on` are dates of the ISP. The debts in `first` are paid before others, in that order. Raises
    ValueError for an amount of nothing, InAnothersName in a preview of the portal, Erased.
    """
    in_own_name()
    Subscriber.objects.lock_to_add(subscriber.pk)
    if not amount:
        raise ValueError("An entry of nothing.")
    entry = add(by=by, subscriber=subscriber, kind=kind, amount=amount, on=on, text=text, due_on=due_on)
    settle(subscriber=subscriber, first=[debt.pk for debt in first], by=by)
    entry.refresh_from_db(fields=["open"])
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


# Both are part of each payment, and Django would take longer to write them than PostgreSQL to carry them out.
ADD_TO_BALANCE = """INSERT INTO billing_account (subscriber_id, balance) VALUES (%s, %s)
ON CONFLICT (subscriber_id) DO UPDATE SET balance = billing_account.balance + EXCLUDED.balance"""
LEAVE_OPEN = """UPDATE billing_ledgerentry entry SET open = said.open
FROM unnest(%s::bigint[], %s::numeric[]) AS said (id, open) WHERE entry.id = said.id"""


def add(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    kind: LedgerEntry.Kind,
    amount: Decimal,
    on: date,
    text: str = "",
    due_on: date | None = None,
) -> LedgerEntry:
    """Write an entry and its amount into the balance, all of it open. The caller holds the subscriber's lock, settles
    and records."""
    entry = LedgerEntry.objects.create(
        subscriber=subscriber,
        kind=kind,
        amount=amount,
        open=amount,
        on=on,
        due_on=(due_on or on) if amount > 0 else None,
        text=text[:300],
        **written_by(by),
    )
    with connection.cursor() as cursor:
        cursor.execute(ADD_TO_BALANCE, [subscriber.pk, amount])
    return entry


def settle(*, subscriber: Subscriber, first: Sequence[int] = (), by: Actor | None = None) -> None:
    """Let what is in a subscriber's favour pay what they owe: the debts named first, then what is due first.

    The caller holds the subscriber's lock. Whatever changes what somebody owes ends here: what was switched off for a
    debt that is paid, credited or given up is on again at once.
    """
    _settle(subscriber, first)
    suspensions.reconsider(subscriber=subscriber, by=by)


def _settle(subscriber: Subscriber, first: Sequence[int]) -> None:
    credits = list(LedgerEntry.objects.filter(subscriber=subscriber).credits())
    if not credits:
        return
    debts = list(LedgerEntry.objects.filter(subscriber=subscriber).debts())
    debts.sort(key=lambda debt: first.index(debt.pk) if debt.pk in first else len(first))
    made = []
    for credit in credits:
        for debt in debts:
            amount = min(-credit.open, debt.open)
            if amount > 0:
                made.append(Allocation(debit=debt, credit=credit, amount=amount))
                debt.open -= amount
                credit.open += amount
    Allocation.objects.bulk_create(made)
    touched = {each.pk: each for one in made for each in (one.debit, one.credit)}
    if touched:
        with connection.cursor() as cursor:
            cursor.execute(LEAVE_OPEN, [list(touched), [entry.open for entry in touched.values()]])


# Lay the credits and the debts of each subscriber one after the other, in the order of `settle`; where a stretch of the
# one lies beside a stretch of the other, so much is settled.
SETTLE = """
WITH credit AS (
  SELECT id, subscriber_id, -open AS size, sum(-open) OVER (PARTITION BY subscriber_id ORDER BY "on", id) AS until
  FROM billing_ledgerentry WHERE open < 0 AND subscriber_id = ANY(%(people)s)
), debt AS (
  SELECT id, subscriber_id, open AS size, sum(open) OVER (PARTITION BY subscriber_id ORDER BY due_on, id) AS until
  FROM billing_ledgerentry WHERE open > 0 AND subscriber_id = ANY(%(people)s)
), made AS (
  INSERT INTO billing_allocation (debit_id, credit_id, amount, at)
  SELECT d.id, c.id, least(c.until, d.until) - greatest(c.until - c.size, d.until - d.size), now()
  FROM credit c JOIN debt d USING (subscriber_id)
  WHERE least(c.until, d.until) > greatest(c.until - c.size, d.until - d.size)
  ORDER BY c.id, d.id
  RETURNING debit_id, credit_id, amount
), moved AS (
  SELECT id, sum(by) AS by FROM (
    SELECT debit_id AS id, -amount AS by FROM made UNION ALL SELECT credit_id, amount FROM made
  ) each GROUP BY id
)
UPDATE billing_ledgerentry e SET open = e.open + moved.by FROM moved WHERE e.id = moved.id
"""


def settle_many(*, subscribers: Sequence[int]) -> None:
    """The same as `settle` for many subscribers at once. The caller holds the locks of them all."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"people": list(subscribers)})


def pin(*, debt: LedgerEntry, credit: LedgerEntry, amount: Decimal) -> None:
    """Let a credit settle so much of one debt, whatever else is open. The caller holds the lock."""
    Allocation.objects.create(debit=debt, credit=credit, amount=amount)
    LedgerEntry.objects.filter(pk=debt.pk).update(open=F("open") - amount)
    LedgerEntry.objects.filter(pk=credit.pk).update(open=F("open") + amount)


@transaction.atomic
def take_back(
    *,
    by: Actor | None,
    credit: LedgerEntry,
    kind: LedgerEntry.Kind,
    on: date,
    text: str,
    amount: Decimal | None = None,
) -> LedgerEntry:
    """Counter a credit, in whole or in part: what it had settled is owed again as far as needed, the latest first.

    `amount` is above zero; None takes all that was not taken back before. Raises TooMuch, InAnothersName, Erased.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(credit.subscriber_id)
    credit = LedgerEntry.objects.get(pk=credit.pk)
    gone = credit.spent_on.filter(debit__kind__in=COUNTERING).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    left = -credit.amount - gone
    amount = left if amount is None else amount
    if not 0 < amount <= left:
        raise TooMuch(f"{amount} of {left}")
    _set_free(credit, amount)
    counter = add(by=by, subscriber=subscriber, kind=kind, amount=amount, on=on, text=text)
    pin(debt=counter, credit=credit, amount=amount)
    settle(subscriber=subscriber)
    counter.refresh_from_db(fields=["open"])
    record(
        "billing.entry.booked",
        by=by,
        on=counter,
        subscriber=subscriber.number,
        kind=str(kind),
        amount=str(amount),
        text=text,
    )
    return counter


def _set_free(credit: LedgerEntry, amount: Decimal) -> None:
    """Have so much of a credit unused, by taking it from the debts that it settled last."""
    for spent in credit.spent_on.exclude(debit__kind__in=COUNTERING).order_by("-pk"):
        missing = amount + credit.open  # what is open of a credit is below zero
        if missing <= 0:
            return
        part = min(missing, spent.amount)
        LedgerEntry.objects.filter(pk=spent.debit_id).update(open=F("open") + part)
        _lessen(spent, part)
        credit.open -= part
        LedgerEntry.objects.filter(pk=credit.pk).update(open=credit.open)


def free_debt(*, debt: LedgerEntry | None, amount: Decimal) -> None:
    """Have so much of a debt open, by giving back what paid it last; the caller settles. The caller holds the lock."""
    if debt is None:
        return
    missing = amount - LedgerEntry.objects.get(pk=debt.pk).open
    for paid in debt.settled_by.exclude(credit__kind__in=(Kind.CREDIT_NOTE, Kind.WRITE_OFF)).order_by("-pk"):
        if missing <= 0:
            return
        part = min(missing, paid.amount)
        LedgerEntry.objects.filter(pk=paid.credit_id).update(open=F("open") - part)
        LedgerEntry.objects.filter(pk=debt.pk).update(open=F("open") + part)
        _lessen(paid, part)
        missing -= part


def _lessen(allocation: Allocation, part: Decimal) -> None:
    if part == allocation.amount:
        allocation.delete()
    else:
        Allocation.objects.filter(pk=allocation.pk).update(amount=F("amount") - part)


def carry_over(
    *, by: Actor | None, balances: dict[Subscriber, Decimal], on: date, text: str = ""
) -> dict[int, LedgerEntry]:
    """Open the ledgers of customers who were taken over, each with what they owed elsewhere; gives their entries.

    For customers without any entry. An amount of nothing gives none. It writes no audit row: whoever takes many over
    writes one for all of them.
    """
    entries = LedgerEntry.objects.bulk_create(
        LedgerEntry(
            subscriber=subscriber,
            kind=Kind.CARRIED_OVER,
            amount=amount,
            open=amount,
            on=on,
            due_on=on if amount > 0 else None,
            text=text[:300],
            **written_by(by),
        )
        for subscriber, amount in balances.items()
        if amount
    )
    Account.objects.bulk_create(Account(subscriber_id=entry.subscriber_id, balance=entry.amount) for entry in entries)
    return {entry.subscriber_id: entry for entry in entries}


def withdraw_carried_over(*, entries: Iterable[int]) -> None:
    """Take back what `carry_over` opened, with its accounts, where nothing was booked since.

    It is as if the customers had never been taken over, who go in the same transaction. Raises ValueError where
    something was booked since.
    """
    entries = list(entries)
    opened = LedgerEntry.objects.filter(pk__in=entries, kind=Kind.CARRIED_OVER)
    subscribers = list(opened.values_list("subscriber_id", flat=True))
    accounts = Account.objects.select_for_update().filter(subscriber__in=subscribers)
    list(accounts.order_by("pk").values_list("pk"))
    if LedgerEntry.objects.filter(subscriber__in=subscribers).exclude(pk__in=entries).exists():
        raise ValueError("Something was booked since.")
    accounts.delete()
    opened.delete()
