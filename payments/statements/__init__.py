"""Statements of banks, read line by line from files of strangers. Nothing here touches the database."""

from core.tabular import CSV, XLSX
from payments.statements.kinds import CAMT, MT940, kind_of
from payments.statements.lines import Line, Rules, Summary
from payments.statements.reading import Reader, open_statement
from payments.statements.refusals import BadStatement, sentence

__all__ = [
    "CAMT",
    "CSV",
    "MT940",
    "XLSX",
    "BadStatement",
    "Line",
    "Reader",
    "Rules",
    "Summary",
    "kind_of",
    "open_statement",
    "sentence",
]
