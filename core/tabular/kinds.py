"""Which kind a file is, decided by its content, and whether a workbook is safe to open."""

import zipfile
import zlib
from typing import IO, Any

import filetype
from django.utils.translation import gettext_lazy as _

from core.tabular.problems import problem

CSV = "text/csv"
XLSX = "application/x-xlsx"  # the official name is longer than a content type may be here
ENTRIES = 2_000  # files inside a workbook
UNFOLDED = 400 * 2**20  # bytes, of all of them together
SHARED = 120 * 2**20  # bytes, of the texts that are kept in memory while a workbook is read
RATIO = 150  # unfolded bytes for each byte of a file inside a workbook, where that is large
LARGE = 5 * 2**20
PROLOG = 4096  # bytes of each part of a workbook that are looked at
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

REFUSALS: dict[str, Any] = {
    "empty": _("This file is empty. Please choose it again."),
    "old_excel": _("This is a workbook of an old Excel (.xls). Save it as .xlsx or CSV and choose that one."),
    "ods": _("This is an OpenDocument sheet. Save it as .xlsx or CSV and choose that one."),
    "page": _(
        "This is a web page, whatever its name says. Open it in a spreadsheet, save it as .xlsx and choose that."
    ),
    "other": _("This file is of another kind. Please choose a CSV or an XLSX file."),
    "locked": _("This workbook has a password. Save it without one and choose it again."),
    "bomb": _("This workbook unfolds to far more than its size, so it is not opened. Save it once more, or as CSV."),
    "entities": _("This workbook holds instructions that a table does not need, so it is not opened."),
    "damaged": _("This workbook is damaged. Open it in a spreadsheet and save it once more."),
}


class BadFile(Exception):
    """A file that cannot be read. Carries a problem, see imports.problems."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.problem = problem(code, **details)


class Refused(ValueError):
    """A file that is not taken. The text tells the person why."""

    def __init__(self, why: str) -> None:
        super().__init__(str(REFUSALS[why]))
        self.why = why


def kind_of(file: IO[bytes]) -> str:
    """CSV or XLSX. Reads the beginning, and the list of contents of a workbook. Raises Refused."""
    file.seek(0)
    head = file.read(8192)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Refused("empty")
    if head.startswith(OLD_EXCEL):
        raise Refused("locked" if b"E\0n\0c\0r\0y\0p\0t\0e\0d" in head else "old_excel")
    if head.startswith(b"PK\x03\x04"):
        _check_workbook(file)
        return XLSX
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta")):
        raise Refused("page")
    if filetype.guess_mime(head) or _is_binary(head):
        raise Refused("other")
    return CSV


def _is_binary(head: bytes) -> bool:
    """Whether it is no text: NUL bytes elsewhere than in UTF-16, or many control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if even + odd:
        return max(even, odd) < len(head) // 5 or min(even, odd) > len(head) // 50
    return sum(byte < 32 and byte not in b"\t\n\r\f\x1a" for byte in head) > len(head) // 50


def _check_workbook(file: IO[bytes]) -> None:
    """Raise Refused unless it is a workbook that unfolds to a sensible size. Unfolds nothing itself."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES:
                raise Refused("bomb")
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels", ".vml")):
                    with archive.open(entry) as part:
                        _check_prolog(part.read(PROLOG))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise Refused("damaged") from error
    names = {entry.filename for entry in entries}
    if "content.xml" in names and "mimetype" in names:
        raise Refused("ods")
    if sum(entry.file_size for entry in entries) > UNFOLDED:
        raise Refused("bomb")
    for entry in entries:
        if entry.file_size > LARGE and entry.file_size > RATIO * max(entry.compress_size, 1):
            raise Refused("bomb")
        if entry.filename.endswith("sharedStrings.xml") and entry.file_size > SHARED:
            raise Refused("bomb")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise Refused("other")


def _check_prolog(head: bytes) -> None:
    """Raise Refused for a document type, which no part of a workbook has: entities are declared there."""
    if b"<!DOCTYPE" in head.replace(b"\0", b"").upper():
        raise Refused("entities")
