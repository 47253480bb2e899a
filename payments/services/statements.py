"""What staff do with statements of banks: bring a file, say what its columns are and whose it is, drop it."""

import hashlib
from dataclasses import asdict
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from core import uploads
from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.folding import folded
from core.tabular import BadFile
from core.tabular.kinds import Refused
from payments import tasks
from payments.models import BankAccount, BankLine, PaymentMethod, Statement, TableLayout
from payments.statements import CAMT, MT940, BadStatement, kind_of, sentence
from payments.statements.lines import account_key
from payments.statements.tables import Mapping, look
from payments.statements.targets import guessed, writing
from tenants.directory import IspRef

LIMIT = 20 * 2**20  # bytes of a file
_FORMATS = {CAMT: Statement.Format.CAMT, MT940: Statement.Format.MT940}
SAMPLES = 5  # rows that are shown while the columns are chosen


class BadUpload(ValueError):
    """A file that is not taken. The text tells the person why."""


class CannotDo(Exception):
    """The statement is in another state than it must be in, as when somebody else was quicker."""


class AlreadyThere(Exception):
    """The same file was brought before. Carries that statement."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.file_name)
        self.statement = statement


def too_large() -> str:
    """What is said of a file that is over the limit."""
    return _("This file is too large; at most %(limit)s are possible.") % {"limit": filesizeformat(LIMIT)}


@transaction.atomic
def take_file(*, upload: UploadedFile, by: Actor, isp: IspRef) -> Statement:
    """Keep a statement and have it read; a table waits until somebody says what its columns are.

    Raises BadUpload, and AlreadyThere for a file that is there, also where two bring it at once.
    """
    if upload.size and upload.size > LIMIT:
        raise BadUpload(too_large())
    kind, table = _looked_at(upload, isp)
    state = Statement.State.OPEN if table else Statement.State.READING
    row = Statement(
        state=state,
        format=_FORMATS.get(kind, Statement.Format.TABLE),
        file_name=uploads.shown_name(upload.name or ""),
        sha256=_digest(upload),
        table=table,
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )
    # The second of two waits here for the first to commit, and then adds nothing.
    Statement.objects.bulk_create([row], ignore_conflicts=True)
    statement = Statement.objects.filter(uuid=row.uuid).first()
    if statement is None:
        raise AlreadyThere(Statement.objects.exclude(state=Statement.State.REFUSED).get(sha256=row.sha256))
    statement.file = uploads.keep(upload, content_type=kind)
    if table:
        statement.account, statement.mapping = _supposed(table, isp)
    statement.save(update_fields=["file", "account", "mapping"])
    record("payments.statement.brought", by=by, on=statement, name=statement.file_name)
    if not table:
        enqueue_on_commit(tasks.work_on_statement, isp_id=isp.pk, statement_id=statement.pk)
    return statement


def _looked_at(upload: UploadedFile, isp: IspRef) -> tuple[str, dict[str, Any]]:
    """The kind of a file, and of a table its titles, its columns and its first rows. Raises BadUpload."""
    try:
        kind = kind_of(upload.file)
        if kind in _FORMATS:
            return kind, {}
        found = look(upload.file, kind=kind, country=isp.country)
    except Refused as error:
        raise BadUpload(str(error)) from error
    except BadStatement as error:
        raise BadUpload(sentence(error.trouble)) from error
    except BadFile as error:
        raise BadUpload(sentence(error.problem)) from error
    width = len(found.titles)
    rows = [(row.cells + [""] * width)[:width] for row in found.rows[:SAMPLES]]
    return kind, {"titles": found.titles, "columns": found.columns, "rows": rows}


def _digest(upload: UploadedFile) -> str:
    digest = hashlib.sha256()
    upload.seek(0)
    for piece in upload.chunks():
        digest.update(piece)
    return digest.hexdigest()


def titles_key(titles: list[str]) -> str:
    """What a layout is known again by."""
    return hashlib.sha256("\n".join(folded(title) or title for title in titles).encode()).hexdigest()


def _supposed(table: dict[str, Any], isp: IspRef) -> tuple[BankAccount | None, dict[str, Any]]:
    """The account and the mapping that a table seems to have: of the last one with these titles, or by their words."""
    layouts = list(
        TableLayout.objects.filter(titles=titles_key(table["titles"]))
        .select_related("account")
        .order_by("-used_at")[:2]
    )
    if layouts:
        return layouts[0].account if len(layouts) == 1 else None, layouts[0].mapping
    columns = guessed(table["columns"])
    point = "," if isp.country in COMMA else "."
    return None, asdict(Mapping(columns=columns, **writing(table["columns"], columns, point=point)))


# Where people write a comma before decimals, for tables whose amounts do not show it.
COMMA = {
    "CZ",
    "SK",
    "DE",
    "AT",
    "ES",
    "IT",
    "PT",
    "FR",
    "PL",
    "BR",
    "AR",
    "CO",
    "CL",
    "EC",
    "UY",
    "PY",
    "VE",
    "BO",
    "CR",
}


def _locked(statement: Statement, *states: str) -> Statement:
    row = Statement.objects.select_for_update().get(pk=statement.pk)
    if row.state not in states:
        raise CannotDo(row.get_state_display())
    return row


def _begin(statement: Statement, isp: IspRef) -> Statement:
    statement.state, statement.position, statement.trouble = Statement.State.LOADING, 0, {}
    statement.save(update_fields=["state", "position", "trouble", "account", "mapping"])
    enqueue_on_commit(tasks.work_on_statement, isp_id=isp.pk, statement_id=statement.pk)
    return statement


@transaction.atomic
def read_table(*, statement: Statement, mapping: Mapping, account: BankAccount, isp: IspRef) -> Statement:
    """Say what the columns are and whose account it is of, and have the table taken in. Raises CannotDo."""
    row = _locked(statement, Statement.State.OPEN)
    row.account, row.mapping = account, asdict(mapping)
    return _begin(row, isp)


@transaction.atomic
def choose_account(*, statement: Statement, account: BankAccount, by: Actor, isp: IspRef) -> Statement:
    """Say which account a file is of that names one nobody knew, and have it taken in. Raises CannotDo."""
    row = _locked(statement, Statement.State.OPEN)
    account = BankAccount.objects.select_for_update().get(pk=account.pk)
    if row.found_account not in {account.number, *account.aliases, ""}:
        account.aliases = [*account.aliases, row.found_account]
        account.save(update_fields=["aliases"])
        record("payments.bank_account.changed", by=by, on=account, name=account.name, number=row.found_account)
    row.account = account
    return _begin(row, isp)


@transaction.atomic
def add_account(
    *, by: Actor, name: str, number: str, currency: str, method: PaymentMethod | None = None
) -> BankAccount:
    """Note an account of the ISP; one with this number that is there is taken."""
    account, is_new = BankAccount.objects.get_or_create(
        number=account_key(number), defaults={"name": name.strip()[:80], "currency": currency, "method": method}
    )
    if is_new:
        record("payments.bank_account.added", by=by, on=account, name=account.name)
    return account


def account_of(number: str) -> BankAccount | None:
    """The account that a file names, by its number or another way to write it."""
    return BankAccount.objects.filter(Q(number=number) | Q(aliases__contains=[number])).first()


@transaction.atomic
def discard(*, statement: Statement, by: Actor) -> None:
    """Forget a file of which nothing is in the inbox. Raises CannotDo."""
    row = _locked(statement, Statement.State.OPEN, Statement.State.REFUSED)
    record("payments.statement.discarded", by=by, on=row, name=row.file_name)
    file = row.file
    row.delete()
    if file:
        uploads.remove(file)


def sums(statement: Statement) -> dict[str, Any]:
    """What the movements of a file make up, and whether they lead from one balance to the other. One query."""
    line = "line__amount"
    found = statement.appearances.order_by().aggregate(
        came=Sum(line, filter=Q(line__amount__gt=0), default=0),
        went=Sum(line, filter=Q(line__amount__lt=0), default=0),
        booked=Sum("line__booked", default=0),
        open=Count("pk", filter=Q(line__state=BankLine.State.OPEN)),
        done=Count("pk", filter=Q(line__state__in=[BankLine.State.BOOKED, BankLine.State.WANTED])),
    )
    moved = found["came"] + found["went"]
    known = statement.opening is not None and statement.closing is not None
    return {**found, "moved": moved, "agrees": statement.closing - statement.opening == moved if known else None}
