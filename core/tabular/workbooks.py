"""Tables in workbooks. Formulas are never worked out; the result that the spreadsheet stored is taken."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from core.tabular.kinds import BadFile, Refused, kind_of
from core.tabular.problems import problem

DAMAGED = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, AttributeError,
           IndexError, OSError, EOFError, OverflowError, NotImplementedError)  # fmt: skip
WIDEST = 2000  # cells of a row that are looked at


class _NoResult:
    """Stands in a cell whose formula has no stored result."""


class _Parser(WorkSheetParser):
    def parse_cell(self, element: Any) -> Any:
        cell = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["value"] = _NoResult
        return cell


class Workbook:
    """A workbook whose sheets are read row by row. Raises BadFile."""

    def __init__(self, file: IO[bytes]) -> None:
        if not DEFUSEDXML:
            raise RuntimeError("Without defusedxml a workbook could unfold entities without end.")
        try:
            kind_of(file)
        except Refused as error:
            raise BadFile("broken_workbook") from error
        file.seek(0)
        try:
            self._book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            self.sheets = [sheet.title for sheet in self._book.worksheets if sheet.sheet_state == "visible"]
        except DefusedXmlException as error:
            raise BadFile("entities") from error
        except DAMAGED as error:
            is_forbidden = isinstance(error.__cause__, DefusedXmlException)
            raise BadFile("entities" if is_forbidden else "broken_workbook") from error
        if not self.sheets:
            raise BadFile("no_sheet")

    def rows(self, name: str) -> Iterator[tuple[int, list[str], list[dict[str, Any]]]]:
        """Each row with its place from 1 and its problems."""
        sheet = self._book[name]
        try:
            with sheet._get_source() as source:
                parser = _Parser(
                    source,
                    sheet._shared_strings,
                    data_only=True,
                    epoch=self._book.epoch,
                    date_formats=self._book._date_formats,
                    timedelta_formats=self._book._timedelta_formats,
                )
                for number, cells in parser.parse():
                    yield number, *_row(cells)
        except DefusedXmlException as error:
            raise BadFile("entities") from error
        except DAMAGED as error:
            raise BadFile("broken_workbook") from error


def _row(cells: list[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    width = max((cell["column"] for cell in cells), default=0)
    texts, flaws = [""] * min(width, WIDEST), []
    for cell in cells:
        place = cell["column"] - 1
        if place >= WIDEST:
            continue
        if cell["value"] is _NoResult:
            flaws.append(problem("formula", place))
        elif cell["data_type"] == "e":
            flaws.append(problem("cell_error", place, value=str(cell["value"])))
        else:
            texts[place] = _text(cell["value"])
    return texts, flaws


def _text(value: Any) -> str:
    """A value of a cell as a person would have typed it; dates as year-month-day."""
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case datetime():
            has_time = value.time() != time()
            return value.isoformat(" ", "minutes") if has_time else value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)
