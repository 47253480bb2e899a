"""The rows that were not taken, as a file to mend and load again: the same columns, and one with the reasons."""

import csv
from collections.abc import Iterator

from django.utils.translation import gettext as _

from core.tabular.profiles import letter
from imports.models import Batch, Row
from imports.problems import sentence

FORMULA = ("=", "+", "-", "@", "\t", "\r")
CHUNK = 1000


class _Echo:
    def write(self, value: str) -> str:
        return value


def reasons_title() -> str:
    """The title of the last column. A file that has it is known by it, and the column is passed over."""
    return _("Reasons")


def lines(batch: Batch) -> Iterator[str]:
    """The file, line by line, for a spreadsheet: UTF-8 with its mark, commas or semicolons as in the original."""
    delimiter = batch.shape.get("delimiter") or ","
    writer = csv.writer(_Echo(), delimiter=delimiter)
    yield "\ufeff"
    titles = [column.get("title") or column.get("name", "") for column in batch.columns]
    yield writer.writerow([safe(title) for title in [*titles, reasons_title()]])
    last = 0
    while rows := list(batch.rows.refused().filter(number__gt=last).order_by("number")[:CHUNK]):
        for row in rows:
            yield writer.writerow([safe(cell) for cell in [*row.cells, reasons(row, batch)]])
        last = rows[-1].number


def reasons(row: Row, batch: Batch) -> str:
    """Why a row is not taken, in one line."""
    parts = []
    for each in row.problems:
        if each["is_error"]:
            column = each["column"]
            title = (batch.title_of(column) or letter(column)) if column is not None else ""
            parts.append(f"{title}: {sentence(each)}" if title else sentence(each))
    return " / ".join(parts)


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula. A phone number or an amount with its sign is none."""
    if cell.startswith(FORMULA) and not cell[1:].replace(" ", "").replace(".", "").replace(",", "").isdecimal():
        return f"'{cell}"
    return cell
