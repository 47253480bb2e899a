"""Tables for spreadsheets."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from babel import Locale
from django.utils import translation
from openpyxl import load_workbook

from core.spreadsheets import csv_pieces, harmless, xlsx_pieces

ATTACKS = ["=1+1", "+52 55", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "  +1"]
ROW = ['Ana; "Ñ", <b>&amp;</b>', 7, Decimal("-1234.50"), date(2026, 3, 9), None, ""]


def read_csv(pieces, delimiter):
    text = b"".join(pieces).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def read_xlsx(pieces):
    return load_workbook(io.BytesIO(b"".join(pieces)))


@pytest.mark.parametrize("text", ATTACKS)
def test_what_begins_like_a_formula_is_a_text_in_both(text):
    assert harmless(text) == f"'{text}"
    assert read_csv(csv_pieces(["A"], [[text]], locale=Locale("en")), ",")[1] == [f"'{text}"]
    cell = read_xlsx(xlsx_pieces(["A"], [[text]], name="S")).active["A2"]
    # The control: what a library does with such a text by itself.
    assert cell.data_type in {"s", "inlineStr"}
    assert str(cell.value).strip() == text.strip()


def test_a_library_that_is_left_alone_writes_a_formula():
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"] = "=1+1"
    assert book.active["A1"].data_type == "f"


@pytest.mark.parametrize("text", ["", "Ana", "a=b", "1-2", "'=1", "x@y.mx"])
def test_other_texts_stay_as_they_are(text):
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("language", "locale", "delimiter", "amount", "day"),
    [
        ("en", "en_US", ",", "-1234.50", "03/09/2026"),
        ("es", "es_MX", ",", "-1234.50", "09/03/2026"),
        ("es", "es_AR", ";", "-1234,50", "09/03/2026"),
    ],
)
def test_csv_is_what_programs_of_the_country_read(language, locale, delimiter, amount, day):
    with translation.override(language):
        data = b"".join(csv_pieces(["Name", "=evil"], [ROW], locale=Locale.parse(locale)))
    assert data.startswith(b"\xef\xbb\xbf")
    rows = read_csv([data], delimiter)
    assert rows == [["Name", "'=evil"], [ROW[0], "7", amount, day, "", ""]]


def test_xlsx_has_texts_numbers_and_dates_as_such():
    book = read_xlsx(xlsx_pieces(["Name", "=N"], [ROW, ["bad \x00\x0b char", "x" * 40_000]], name="A/B [c]: *?" * 9))
    sheet = book.active
    assert len(sheet.title) == 31
    cells = list(sheet.iter_rows(min_row=1, values_only=True))
    assert cells[0][:2] == ("Name", "=N")
    text, number, amount, day, *rest = cells[1]
    assert (text, number, amount, day.date(), rest) == (ROW[0], 7, -1234.5, ROW[3], [None, None])
    assert (sheet["C2"].number_format, sheet["D2"].number_format) == ("#,##0.00", "mm-dd-yy")
    assert cells[2][0] == "bad  char"
    assert len(cells[2][1]) == 32_767
    assert sheet.freeze_panes == "A2"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_pieces_come_while_rows_are_still_being_made(kind):
    made = []

    def rows():
        for number in range(20_000):
            made.append(number)
            yield [f"Row {number}", number, Decimal(number)]

    write = csv_pieces if kind == "csv" else xlsx_pieces
    more = {"locale": Locale("en")} if kind == "csv" else {"name": "S"}
    pieces = write(["A", "B", "C"], rows(), **more)
    next(pieces)
    assert len(made) < 15_000
    rest = list(pieces)
    assert len(made) == 20_000
    assert max(map(len, rest)) < 300_000


def test_an_empty_table_is_a_whole_file():
    assert read_csv(csv_pieces(["A"], [], locale=Locale("en")), ",") == [["A"]]
    data = b"".join(xlsx_pieces(["A"], [], name="S"))
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert read_xlsx([data]).active.max_row == 1
