"""The rows of a table in a file, one after the other, each with what is wrong with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from core.tabular import csv_files, workbooks
from core.tabular.kinds import XLSX
from core.tabular.problems import problem

CELL = 2000  # characters that a cell may hold


@dataclass
class Line:
    """One row: its place from 1, its cells as text, and problems that were met while reading it."""

    number: int
    cells: list[str]
    flaws: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Reading:
    """An opened table: how it is written, and its rows. Rows that are empty throughout are passed over."""

    lines: Iterator[Line]
    shape: dict[str, Any]
    sheets: list[str]
    sheet: str


def open_table(file: IO[bytes], *, kind: str, country: str, sheet: str = "") -> Reading:
    """Begin to read a file. Raises BadFile, also while its lines are taken."""
    if kind == XLSX:
        book = workbooks.Workbook(file)
        name = sheet if sheet in book.sheets else book.sheets[0]
        return Reading(_lines(book.rows(name)), {"kind": "xlsx"}, book.sheets, name)
    source = csv_files.CsvFile(file, country=country)
    return Reading(_lines(source.rows()), source.shape, [], "")


def _lines(rows: Iterator[tuple[int, list[str], list[dict[str, Any]]]]) -> Iterator[Line]:
    for number, cells, flaws in rows:
        cells = [_tidy(cell) if cell else "" for cell in cells]
        if not any(cells):
            continue
        for place, cell in enumerate(cells):
            if len(cell) > CELL:
                cells[place] = cell[:CELL]
                flaws.append(problem("long_cell", place, most=CELL))
        yield Line(number, cells, flaws)


def _tidy(cell: str) -> str:
    """A cell with single spaces, and without the apostrophe that keeps spreadsheets from taking it for a formula."""
    text = " ".join(cell.replace("\0", "").split())
    return text[1:] if text[:2] in {"'=", "'+", "'-", "'@"} else text
