"""What can be wrong with a table in a file, as codes with their details."""

from typing import Any

from django.utils.translation import gettext_lazy as _

TEXTS: dict[str, Any] = {
    # A file
    "empty": _("This file is empty."),
    "one_column": _("Only one column was found. Save the file with commas or semicolons between the columns."),
    "long_line": _("Line %(line)s is longer than a line of a table can be. Is a quotation mark missing?"),
    "open_quote": _("A quotation mark that is opened in row %(row)s is never closed."),
    "unreadable": _("This file cannot be read as a table. Save it once more as CSV or XLSX."),
    "unknown_encoding": _("The letters of this file are written in an unknown way. Save it as CSV UTF-8 or XLSX."),
    "broken_workbook": _("This workbook is damaged. Open it in a spreadsheet and save it once more."),
    "no_sheet": _("This workbook has no sheet with a table."),
    "bomb": _("This workbook unfolds to far more than its size, so it is not opened. Save it once more, or as CSV."),
    "entities": _("This workbook holds instructions that a table does not need, so it is not opened."),
    # A row while it is read
    "other_encoding": _(
        "This row is written in another encoding than the rest of the file. It was read as Windows-1252: look at its accents."
    ),
    "extra_cells": _("There are more cells than titles. Is a separator inside a text?"),
    "formula": _(
        "This cell is a formula without a stored result. Save the workbook in a spreadsheet, or put the value in."
    ),
    "cell_error": _("The formula in this cell gives an error: %(value)s"),
    "long_cell": _("This cell holds more than %(most)s characters."),
}


def problem(code: str, column: int | None = None, *, is_error: bool = True, **details: Any) -> dict[str, Any]:
    """A problem as it is kept."""
    return {"code": code, "column": column, "is_error": is_error, "with": details}
