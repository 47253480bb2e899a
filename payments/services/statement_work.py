"""Statements in the background: read whole, then stored in one go, then compared; a worker may be killed anywhere."""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from core import uploads
from core.audit import record
from core.celery import DATABASE_AWAY
from core.lease import Busy, lease
from core.scope import public_scope
from payments import tasks
from payments.models import Appearance, BankAccount, BankLine, Statement, TableLayout
from payments.services import matching
from payments.services.statements import account_of, titles_key
from payments.statements import BadStatement, Line, Reader, Rules, open_statement
from payments.statements.tables import Mapping
from tenants.directory import IspRef, open_isp

logger = logging.getLogger(__name__)
CHUNK = 1000  # movements


def work_on(*, statement_id: int, isp_id: int) -> None:
    """Do what a statement waits for, unless another process is at one of this ISP: that one hands over when done."""
    try:
        with lease("statements", isp_id):
            _work(statement_id, isp_id)
    except Busy:
        return
    with transaction.atomic():
        waiting = Statement.objects.at_work().order_by("pk").values_list("pk", flat=True).first()
    if waiting is not None and waiting != statement_id:
        tasks.work_on_statement.delay(isp_id=isp_id, statement_id=waiting)


def _work(statement_id: int, isp_id: int) -> None:
    with public_scope():
        isp = open_isp(isp_id)
    steps = {
        Statement.State.READING: _read,
        Statement.State.LOADING: _load,
        Statement.State.MATCHING: _compare,
    }
    while True:
        with transaction.atomic():
            statement = Statement.objects.select_related("file", "account").filter(pk=statement_id).first()
        if statement is None or (step := steps.get(Statement.State(statement.state))) is None:
            return
        try:
            step(statement, isp)
        except BadStatement as error:
            _refuse(statement, error.trouble)
        except DATABASE_AWAY:
            raise
        except Exception:
            logger.exception("The statement %s could not be taken in.", statement.uuid)
            _refuse(statement, {"code": "failed"})


@transaction.atomic
def _refuse(statement: Statement, trouble: dict[str, Any]) -> None:
    """Nothing of it is stored. A table waits for other columns; the file of another format is dropped."""
    row = Statement.objects.select_for_update().get(pk=statement.pk)
    if row.state == Statement.State.MATCHING:  # its lines are there, only the suggestions are not
        row.state, row.done_at = Statement.State.DONE, timezone.now()
        row.save(update_fields=["state", "done_at"])
        return
    file = None
    if row.is_table and row.state == Statement.State.LOADING:
        row.state = Statement.State.OPEN
    else:
        row.state, file, row.file = Statement.State.REFUSED, row.file, None
    row.trouble, row.position = trouble, 0
    row.save(update_fields=["state", "trouble", "position", "file"])
    record("payments.statement.refused", by=None, on=row, name=row.file_name, why=trouble.get("code", ""))
    if file:
        uploads.remove(file)


@contextmanager
def opened(statement: Statement, isp: IspRef) -> Iterator[Reader]:
    """The file of a statement, open for reading. Raises BadStatement."""
    if statement.file is None:
        raise BadStatement("gone")
    rules = Rules(country=isp.country, currency=isp.currency, today=timezone.localdate(timezone=ZoneInfo(isp.timezone)))
    mapping = Mapping(**statement.mapping) if statement.is_table else None
    try:
        source = uploads.open_file(statement.file)
    except uploads.MissingFile as error:
        raise BadStatement("gone") from error
    with source:
        yield open_statement(source, kind=statement.file.content_type, rules=rules, mapping=mapping)


def _checked(statement: Statement, isp: IspRef) -> Reader:
    """The file was read to its end and is whole. How far that is can be seen meanwhile."""
    with opened(statement, isp) as reader:
        count = 0
        while chunk := list(islice(reader.lines, CHUNK)):
            count += len(chunk)
            with transaction.atomic():
                Statement.objects.filter(pk=statement.pk).update(position=count)
        return reader


def _read(statement: Statement, isp: IspRef) -> None:
    """Find out whether a file is whole and whose it is."""
    summary = _checked(statement, isp).summary
    with transaction.atomic():
        row = Statement.objects.select_for_update().get(pk=statement.pk)
        if row.state != Statement.State.READING:
            return
        row.found_account, row.currency = summary.account, summary.currency
        row.begins, row.ends, row.total = summary.begins, summary.ends, summary.count
        row.opening, row.closing = summary.opening, summary.closing
        row.account = account_of(summary.account)
        row.state = Statement.State.LOADING if row.account else Statement.State.OPEN
        row.save()


def _load(statement: Statement, isp: IspRef) -> None:
    """Store all movements of a file, or none."""
    if statement.is_table:
        _checked(statement, isp)
    with transaction.atomic():
        row = Statement.objects.select_for_update(of=("self",)).get(pk=statement.pk)
        if row.state != Statement.State.LOADING:
            return
        # One file of an account after the other, so that each sees what is there.
        account = BankAccount.objects.select_for_update().get(pk=row.account_id)
        with opened(statement, isp) as reader:
            seen: Counter[bytes] = Counter()
            while chunk := list(islice(reader.lines, CHUNK)):
                _store(row, account, chunk, seen)
        summary = reader.summary
        if account.currency and summary.currency and account.currency != summary.currency:
            raise BadStatement("two_currencies", line=1, found=summary.currency, wanted=account.currency)
        new = BankLine.objects.filter(statement=row).count()
        doubles = _mark_doubles(row, account)
        row.counts = {
            "new": new,
            "known": summary.count - new,
            "doubles": doubles,
            "passed_over": summary.passed_over,
        }
        row.state, row.total, row.position = Statement.State.MATCHING, summary.count, 0
        row.currency, row.begins, row.ends = summary.currency, summary.begins, summary.ends
        row.opening, row.closing, row.table = summary.opening, summary.closing, _titles_only(row)
        row.save()
        if row.is_table:
            TableLayout.objects.update_or_create(
                account=account, titles=titles_key(row.table["titles"]), defaults={"mapping": row.mapping}
            )
        record("payments.statement.taken", by=None, on=row, name=row.file_name, **row.counts)


def _titles_only(statement: Statement) -> dict[str, Any]:
    """Of a table that is in, its examples are not kept: they are in the lines."""
    return {"titles": statement.table.get("titles", [])}


def fingerprint(line: Line) -> str:
    """All that the bank says of a movement. Two that say the same are told apart by their count within a file."""
    parts = (
        line.booked_on.isoformat(),
        f"{line.amount:.2f}",
        line.currency,
        line.name.casefold(),
        line.account,
        line.reference,
        line.text.casefold(),
        line.bank_id,
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _store(statement: Statement, account: BankAccount, chunk: list[Line], seen: Counter[bytes]) -> None:
    """Add those movements that are not there, and note that all of them stand in this file."""
    marks = []
    rows = []
    for line in chunk:
        mark = fingerprint(line)
        key = bytes.fromhex(mark)
        seen[key] += 1
        marks.append((mark, seen[key], line.number))
        rows.append(
            BankLine(
                account=account,
                statement=statement,
                number=line.number,
                booked_on=line.booked_on,
                value_on=line.value_on,
                amount=line.amount,
                currency=line.currency,
                name=line.name,
                payer_account=line.account,
                reference=line.reference,
                text=line.text,
                bank_id=line.bank_id,
                fingerprint=mark,
                occurrence=seen[key],
                state=BankLine.State.OPEN if line.amount > 0 else BankLine.State.OUT,
            )
        )
    BankLine.objects.bulk_create(rows, ignore_conflicts=True)
    there = BankLine.objects.filter(account=account, fingerprint__in={mark for mark, _, _ in marks})
    keys = {(mark, count): pk for mark, count, pk in there.values_list("fingerprint", "occurrence", "pk")}
    Appearance.objects.bulk_create(
        Appearance(statement=statement, line_id=keys[mark, count], number=number) for mark, count, number in marks
    )


# The same day and sum on the same account, in another file, and not in this one: the bank says it in other words, as in
# another format. The first of these is held against the first of those. What has different numbers of the bank in one
# format is different.
_DOUBLES = """
WITH fresh AS (
  SELECT id, booked_on, amount, bank_id, row_number() OVER (PARTITION BY booked_on, amount ORDER BY id) AS place
  FROM payments_bankline WHERE statement_id = %(statement)s AND amount > 0
), old AS (
  SELECT l.id, l.booked_on, l.amount, l.bank_id, s.format,
         row_number() OVER (PARTITION BY l.booked_on, l.amount ORDER BY l.id) AS place
  FROM payments_bankline l JOIN payments_statement s ON s.id = l.statement_id
  WHERE l.account_id = %(account)s AND l.statement_id <> %(statement)s AND l.state <> 'double'
    AND l.booked_on BETWEEN %(begins)s AND %(ends)s
    AND NOT EXISTS (
      SELECT 1 FROM payments_appearance a WHERE a.statement_id = %(statement)s AND a.line_id = l.id
    )
)
UPDATE payments_bankline SET double_of_id = old.id
FROM fresh JOIN old USING (booked_on, amount, place)
WHERE payments_bankline.id = fresh.id
  AND NOT (fresh.bank_id <> '' AND old.bank_id <> '' AND fresh.bank_id <> old.bank_id AND old.format = %(format)s)
"""


def _mark_doubles(statement: Statement, account: BankAccount) -> int:
    """Point out new movements that are probably there in other words; says how many."""
    bounds = BankLine.objects.filter(statement=statement).order_by("booked_on").values_list("booked_on", flat=True)
    days = list(bounds[:1]) + list(bounds.reverse()[:1])
    if not days:
        return 0
    values = {"statement": statement.pk, "account": account.pk, "format": statement.format}
    with connection.cursor() as cursor:
        cursor.execute(_DOUBLES, {**values, "begins": days[0], "ends": days[-1]})
        return int(cursor.rowcount)


def _compare(statement: Statement, isp: IspRef) -> None:
    """Say of each open movement whose it may be."""
    last = 0
    while True:
        with transaction.atomic():
            lines = list(
                BankLine.objects.to_do().filter(statement=statement, pk__gt=last).order_by("pk")[: matching.AT_ONCE]
            )
            if not lines:
                break
            last = lines[-1].pk
            matching.look_at(lines, isp=isp)
            Statement.objects.filter(pk=statement.pk).update(position=lines[-1].number)
    with transaction.atomic():
        matching.settle_claims()
        Statement.objects.filter(pk=statement.pk, state=Statement.State.MATCHING).update(
            state=Statement.State.DONE, done_at=timezone.now(), position=statement.total
        )
