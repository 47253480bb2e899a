"""What a check or an import came to, for staff to read. A fixed number of queries."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from imports.models import Batch, Row
from imports.problems import TEXTS

VIEWS = ("bad", "new", "update", "skip", "kept", "told")
_GROUPS = """
SELECT p ->> 'code', (p ->> 'column')::int, (p ->> 'is_error')::boolean, count(*)
FROM imports_row r, jsonb_array_elements(r.problems) p WHERE r.batch_id = %s GROUP BY 1, 2, 3 ORDER BY 3 DESC, 4 DESC
"""


@dataclass
class Group:
    """All problems of one kind in one column."""

    code: str
    column: str
    is_error: bool
    count: int


def groups(batch: Batch) -> list[Group]:
    """How often each kind of problem stands in each column, errors first."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [batch.pk])
        return [
            Group(code, batch.title_of(place) if place is not None else "", is_error, count)
            for code, place, is_error, count in cursor.fetchall()
            if code in TEXTS
        ]


def shown_rows(batch: Batch, *, view: str, code: str) -> QuerySet[Row]:
    """The rows of a verdict, or all; with a code those with this problem."""
    rows = batch.rows.select_related("subscriber")
    if view == "kept":
        rows = rows.filter(outcome=Row.Outcome.KEPT)
    elif view in Row.Verdict.values:
        rows = rows.filter(verdict=view)
    if code in TEXTS:
        rows = rows.filter(problems__contains=[{"code": code}])
    return rows


def tabs(batch: Batch) -> list[tuple[str, int]]:
    """The verdicts that rows have, with how many."""
    counts: dict[str, Any] = batch.counts
    return [(view, counts[view]) for view in VIEWS if isinstance(counts.get(view), int) and counts[view]]
