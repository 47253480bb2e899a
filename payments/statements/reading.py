"""Opening a statement: its lines one after the other, and what the file says about the account."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from core.tabular import BadFile
from payments.statements import camt, mt940, tables
from payments.statements.kinds import CAMT, MT940
from payments.statements.lines import Line, Rules, Summary
from payments.statements.refusals import BadStatement
from payments.statements.tables import Mapping


@dataclass
class Reader:
    """An opened statement. `summary` is right once all lines were taken without BadStatement."""

    lines: Iterator[Line]
    summary: Summary


def open_statement(file: IO[bytes], *, kind: str, rules: Rules, mapping: Mapping | None = None) -> Reader:
    """Begin to read a statement; a table needs a mapping. Raises BadStatement, also while its lines are taken.

    Until all lines were taken nobody knows whether the file is whole, so store nothing before.
    """
    summary = Summary()
    if kind == CAMT:
        lines = camt.lines(file, summary, rules)
    elif kind == MT940:
        lines = mt940.lines(file, summary, rules)
    else:
        if mapping is None:
            raise BadStatement("missing_column", column="")
        lines = tables.lines(file, summary, rules, kind=kind, mapping=mapping)
    return Reader(_plain(lines), summary)


def _plain(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines, where the readers of tables refuse as those of statements do."""
    try:
        yield from lines
    except BadFile as error:
        raise BadStatement(error.problem["code"], **error.problem["with"]) from error
