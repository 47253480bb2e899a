"""Tables for spreadsheets, written piece by piece: memory does not grow with their length.

XLSX is written by hand: a library keeps the file until it is whole, and a reader waits as long. What begins like a
formula stays a text in both formats.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from babel import Locale
from django.utils.formats import date_format

Value = str | int | Decimal | date | None
BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LONGEST = 32_767  # characters that a cell may hold
_EPOCH = date(1899, 12, 30).toordinal()  # the day 0 of spreadsheets


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: with an apostrophe before what would begin one."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) or text.startswith(FORMULA) else text


def csv_pieces(titles: Sequence[str], rows: Iterable[Iterable[Value]], *, locale: Locale) -> Iterator[bytes]:
    """A CSV file as the programs of the reader's country read it: semicolons where numbers have a decimal comma."""
    point = locale.number_symbols.get("latn", {}).get("decimal", ".")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";" if point == "," else ",", lineterminator="\r\n")
    out.write(BOM)
    writer.writerow(map(harmless, titles))
    for row in rows:
        writer.writerow([_csv_cell(value, point) for value in row])
        if out.tell() > 32_000:
            yield _taken(out)
    yield _taken(out)


def _csv_cell(value: Value, point: str) -> str:
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", point)
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    return harmless(value) if isinstance(value, str) else ("" if value is None else str(value))


def _taken(out: io.StringIO) -> bytes:
    piece = out.getvalue().encode()
    out.seek(0)
    out.truncate()
    return piece


class _Pipe:
    """Where a zip file is written to that nobody can seek in; what has been written is taken out again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        piece, self.pieces = b"".join(self.pieces), []
        return piece


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Styles by number: 0 texts and whole numbers, 1 dates, 2 amounts, 3 titles.
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/relationships/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/relationships/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def xlsx_pieces(titles: Sequence[str], rows: Iterable[Iterable[Value]], *, name: str) -> Iterator[bytes]:
    """An XLSX file with one sheet. Texts are texts, dates and amounts are such; no cell is a formula."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]
        sheet = escape(re.sub(r"[][*?:/\\]", " ", name)[:31], {'"': "&quot;"})
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}/relationships"><sheets>'
        book += f'<sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        for part, text in {**_PARTS, "xl/workbook.xml": book}.items():
            archive.writestr(part, _HEAD + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as out:
            frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
            out.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'.encode())
            out.write(f"{frozen}</sheetView></sheetViews><sheetData>".encode())
            out.write(_xlsx_row(titles, style=3))
            for row in rows:
                out.write(_xlsx_row(row))
                if len(pipe.pieces) > 3:
                    yield pipe.take()
            out.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _xlsx_row(row: Iterable[Value], style: int = 0) -> bytes:
    return f"<row>{''.join([_xlsx_cell(value, style) for value in row])}</row>".encode()


def _xlsx_cell(value: Value, style: int) -> str:
    if isinstance(value, Decimal):
        return f'<c s="2"><v>{value}</v></c>'
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    if isinstance(value, date):
        return f'<c s="1"><v>{value.toordinal() - _EPOCH}</v></c>'
    if not value:
        return "<c/>"
    text = escape(_UNWRITABLE.sub("", value)[:LONGEST])
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{text}</t></is></c>'
