"""Writing many invoices at once, within the caller's transaction and locks."""

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from billing.models import BillingRun, Invoice, LedgerEntry
from billing.services import invoices, ledger
from billing.services.planning import Bill, Draft, Rules
from company.models import InvoiceGroup
from core.audit import Actor, written_by
from subscribers.models import Service

ENTRIES = (
    'COPY billing_ledgerentry (id, subscriber_id, kind, amount, open, "on", due_on, text, by_kind, by_id, by_name, at)'
    " FROM STDIN"
)
INVOICES = (
    "COPY billing_invoice (id, kind, series_id, sequence, number, subscriber_id, group_id, issued_on, due_on, currency,"
    " net, tax, total, entry_id, run_id, seller, buyer, note, by_kind, by_id, by_name, at) FROM STDIN"
)
LINES = (
    "COPY billing_invoiceline (invoice_id, position, kind, service_id, period_from, period_to, is_billing, adjusts,"
    " text, quantity, unit_price, tax_rate, net, tax, amount) FROM STDIN"
)
ACCOUNTS = """
INSERT INTO billing_account (subscriber_id, balance)
SELECT * FROM unnest(%s::bigint[], %s::numeric[]) ORDER BY 1
ON CONFLICT (subscriber_id) DO UPDATE SET balance = billing_account.balance + EXCLUDED.balance
"""


def write(*, bills: Sequence[Bill], run: BillingRun, rules: Rules, by: Actor | None) -> Decimal:
    """Write invoices of zero or more, with their numbers, lines and entries; credit that is there pays them. What they
    sum to. The caller has the subscribers locked. Raises IntegrityError where a day of a service was billed before.
    """
    if not bills:
        return Decimal(0)
    by_group: dict[int | None, list[Bill]] = defaultdict(list)
    for bill in bills:
        by_group[bill.subscriber.group_id or rules.default_group].append(bill)
    groups = InvoiceGroup.objects.in_bulk([pk for pk in by_group if pk])
    said = written_by(by)
    who = (said["by_kind"], said.get("by_id"), said.get("by_name", ""), timezone.now())
    entries, documents, lines = [], [], []
    entry_ids, document_ids = _ids(LedgerEntry, len(bills)), _ids(Invoice, len(bills))
    total = Decimal(0)
    for key in sorted(by_group, key=lambda pk: pk or 0):
        theirs, group = by_group[key], groups.get(key) if key else None
        series = invoices.take_numbers(group=group, kind=Invoice.Kind.INVOICE, count=len(theirs))
        seller = json.dumps(invoices.seller_of(group))
        for sequence, bill in enumerate(theirs, start=series.last - len(theirs) + 1):
            pk, number = document_ids.pop(), series.text_of(sequence)
            nets = [invoices.without_tax(line.amount, line.tax_rate) for line in bill.lines]
            amount, net = bill.total, sum(nets, Decimal(0))
            entry = entry_ids.pop() if amount else None
            who_pays, due_on = bill.subscriber.pk, rules.due_on(bill.subscriber)
            if entry:
                kind = LedgerEntry.Kind.INVOICE.value
                entries.append((entry, who_pays, kind, amount, amount, rules.on, due_on, number, *who))
            documents.append(
                (pk, Invoice.Kind.INVOICE.value, series.pk, sequence, number, who_pays, key, rules.on, due_on,
                 rules.currency, net, amount - net, amount, entry, run.pk, seller,
                 json.dumps(invoices.buyer_of(bill.subscriber)), "", *who)
            )  # fmt: skip
            lines += [_row(pk, *each) for each in zip(range(len(nets)), bill.lines, nets, strict=True)]
            total += amount
    _copy(ENTRIES, entries)
    _copy(INVOICES, documents)
    _copy(LINES, lines)
    owed = {row[1]: row[3] for row in entries}
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, [list(owed), list(owed.values())])
    credit = LedgerEntry.objects.filter(subscriber__in=list(owed), open__lt=0).order_by()
    if rich := list(credit.values_list("subscriber", flat=True).distinct()):
        ledger.settle_many(subscribers=rich)
    return total


def _row(invoice: int, position: int, line: Draft, net: Decimal) -> tuple[Any, ...]:
    return (
        invoice,
        position,
        str(line.kind),
        line.service_id,
        line.days.first,
        line.days.last,
        line.is_billing,
        line.adjusts,
        line.text[:200],
        1,
        line.amount,
        line.tax_rate,
        net,
        line.amount - net,
        line.amount,
    )


def _ids(model: type[Any], count: int) -> list[int]:
    """Keys that nobody else gets, the lowest at the end."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
        return sorted((row[0] for row in cursor.fetchall()), reverse=True)


def _copy(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def give_back(*, bill: Bill, run: BillingRun, rules: Rules, by: Actor | None) -> Decimal | None:
    """Give back what a bill below zero says, by credit notes to the latest invoices of its services; what was given
    back, or None where no invoice is left for it. The caller has the subscriber locked.

    A note to a whole invoice sets no days free: they were used, and are paid less for.
    """
    left, notes = deque((line, -line.amount, 1) for line in bill.lines), []
    services = Service.objects.in_bulk({line.service_id for line in bill.lines})
    found = Invoice.objects.invoices().filter(subscriber=bill.subscriber, lines__service__in=list(services)).distinct()
    for invoice in found.order_by("-issued_on", "-pk"):
        if lines := _fill(left, invoice.total - invoice.credited - invoice.written_off, services):
            reason = bill.lines[0].text
            notes.append(invoices.credit_invoice(by=by, invoice=invoice, on=rules.on, reason=reason, lines=lines))
        if not left:
            break
    if not notes:
        return None
    Invoice.objects.filter(pk__in=[note.pk for note in notes]).update(run=run)
    return sum((note.total for note in notes), Decimal(0))


def _fill(left: deque[tuple[Draft, Decimal, int]], room: Decimal, services: dict[int, Service]) -> list[invoices.Line]:
    """Take from `left` what an invoice has room for. A draft that is split is counted, so that its keys differ."""
    lines = []
    while left and room > 0:
        draft, amount, part = left.popleft()
        now = min(amount, room)
        room -= now
        if now < amount:
            left.appendleft((draft, amount - now, part + 1))
        lines.append(
            invoices.Line(
                text=draft.text,
                unit_price=now,
                tax_rate=draft.tax_rate,
                service=services[draft.service_id],
                period_from=draft.days.first,
                period_to=draft.days.last,
                adjusts=draft.adjusts and (draft.adjusts if part == 1 else f"{draft.adjusts}#{part}"),
            )
        )
    return lines
