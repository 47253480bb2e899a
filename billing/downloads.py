"""Answers that are files."""

from collections.abc import Iterable
from typing import Any

from babel import Locale
from django.http import HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.papers import Paper, of_statement, render
from billing.statements import Statement
from core.requests import outside_transaction
from core.spreadsheets import csv_pieces
from core.templatetags.ui import reader_locale
from tenants.directory import IspRef


def as_pdf(paper: Paper) -> HttpResponse:
    """A paper to look at and to keep. It is drawn when nothing is held in the database any more."""
    with outside_transaction():
        content = render(paper)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{paper.file_name.encode("ascii", "ignore").decode()}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def as_csv(name: str, titles: list[str], rows: Iterable[Iterable[Any]], *, locale: Locale) -> HttpResponse:
    """A table for a spreadsheet."""
    response = HttpResponse(b"".join(csv_pieces(titles, rows, locale=locale)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def statement_as(kind: str, made: Statement, *, isp: IspRef) -> HttpResponse:
    """A statement of account, as `pdf` or `csv`."""
    if kind == "pdf":
        return as_pdf(of_statement(made, isp=isp))
    titles = [_("Date"), _("Entry"), _("Text"), _("Amount"), _("Balance")]
    rows = ([row.on, capfirst(row.get_kind_display()), row.text, row.amount, row.after] for row in made.rows())  # type: ignore[attr-defined]
    name = f"{isp.slug}-{made.subscriber.number}-{made.first}-{made.last}"
    return as_csv(name, titles, rows, locale=reader_locale(isp.country))
