"""The dry run: every row against the rules, the other rows and the base. It writes to the rows of the import alone."""

import json
import zoneinfo
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from company.models import InvoiceGroup
from core.folding import plain
from core.tabular.problems import problem
from imports.cleaning import Rules, clean
from imports.models import Batch, Row
from imports.problems import has_errors
from imports.services.base import Base
from imports.services.reading import this_isp
from subscribers.models import Router, Tariff, Zone
from tenants.directory import IspRef

CHUNK = 500
# What must not stand in two rows, and what may, but is told.
ALONE = ("number", "id_number", "username", "service_number", "address_key")
PERSON = ("number", "id_number", "username")
TOLD = ("mobile", "email")


def rules_of(batch: Batch, isp: IspRef) -> Rules:
    """How the rows of an import are read today. Four queries."""
    known = {
        "tariff": {plain(name) for name in Tariff.objects.values_list("name", flat=True)},
        "zone": {plain(name) for name in Zone.objects.values_list("name", flat=True)},
        "router": {plain(name) for name in Router.objects.values_list("name", flat=True)},
        "group": {plain(name) for name in InvoiceGroup.objects.values_list("name", flat=True)},
    }
    today = timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone))
    return Rules.of(batch, country=isp.country, today=today, known=known)


@transaction.atomic
def step(batch_id: int) -> bool:
    """Check the next rows; after the last ones compare the rows with one another."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id, state=Batch.State.CHECKING).first()
    if batch is None:
        return False
    rows = list(batch.rows.filter(number__gt=batch.position).order_by("number")[:CHUNK])
    if not rows:
        _finish(batch)
        return False
    check(rows, batch=batch, rules=rules_of(batch, this_isp()))
    write(rows)
    batch.position = rows[-1].number
    batch.save(update_fields=["position"])
    return True


def check(rows: list[Row], *, batch: Batch, rules: Rules) -> None:
    """Give rows their values, problems and verdicts."""
    for row in rows:
        clean(row, rules)
        row.matched = row.leader = None
    Base(rows, existing=batch.answers.get("existing", "skip")).compare()
    for row in rows:
        if any(each["code"] == "repeated_titles" for each in row.flaw):
            row.problems, row.verdict = list(row.flaw), Row.Verdict.SKIP
        elif has_errors(row.problems):
            row.verdict = Row.Verdict.BAD
        elif row.matched:
            is_update = batch.answers.get("existing", "skip") != "skip"
            row.verdict = Row.Verdict.UPDATE if is_update else Row.Verdict.SKIP
        else:
            row.verdict = Row.Verdict.NEW


_WRITE = """
UPDATE imports_row r SET values = x.values, problems = x.problems, verdict = x.verdict, matched = x.matched,
  leader = NULL
FROM jsonb_to_recordset(%s) AS x(id bigint, values jsonb, problems jsonb, verdict text, matched bigint)
WHERE r.id = x.id
"""


def write(rows: Iterable[Row]) -> None:
    """Store what a check found, in one statement."""
    found = [
        {"id": row.pk, "values": row.values, "problems": row.problems, "verdict": row.verdict, "matched": row.matched}
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(found)])


_FIRST = """
SELECT id, number, first, shown FROM (
  SELECT id, number, verdict, values ->> '{key}' AS shown,
    first_value(number) OVER (PARTITION BY lower(values ->> '{key}') ORDER BY number) AS first
  FROM imports_row WHERE batch_id = %s AND verdict <> 'skip' AND coalesce(values ->> '{key}', '') <> ''
) d WHERE first <> number
"""
_ERROR = """
UPDATE imports_row r SET verdict = 'bad', problems = r.problems || jsonb_build_array(jsonb_build_object(
    'code', 'same_in_file', 'column', %s::int, 'is_error', true,
    'with', jsonb_build_object('what', %s::text, 'row', d.first, 'value', d.shown)))
FROM ({first}) d WHERE d.id = r.id {unless}
"""
_TELL = """
UPDATE imports_row r SET problems = r.problems || jsonb_build_array(jsonb_build_object(
    'code', 'same_in_file', 'column', %s::int, 'is_error', false,
    'with', jsonb_build_object('what', %s::text, 'row', d.first, 'value', d.shown)))
FROM ({first}) d WHERE d.id = r.id AND r.verdict <> 'bad' AND r.leader IS NULL
"""
_FOLLOW = """
UPDATE imports_row r SET leader = d.first FROM ({first}) d
WHERE d.id = r.id AND r.leader IS NULL AND r.values ? 'tariff'
"""
_LEFT_BEHIND = """
UPDATE imports_row r SET verdict = 'bad', problems = r.problems || jsonb_build_array(jsonb_build_object(
    'code', 'leader_is_bad', 'column', NULL, 'is_error', true, 'with', jsonb_build_object('row', r.leader)))
FROM imports_row l WHERE r.batch_id = %s AND l.batch_id = r.batch_id AND l.number = r.leader
  AND l.verdict = 'bad' AND r.verdict <> 'bad'
"""


def _finish(batch: Batch) -> None:
    """Find what stands in two rows, count, and hand the import back to staff."""
    places = {
        target: int(place) for place, target in sorted(batch.mapping.items(), key=lambda i: int(i[0]), reverse=True)
    }
    several = batch.answers.get("same") == "service"
    with connection.cursor() as cursor:
        for key in PERSON if several else ():
            cursor.execute(_FOLLOW.format(first=_FIRST.format(key=key)), [batch.pk])
        for key in ALONE:
            place = places.get("ip" if key == "address_key" else key)
            unless = "AND r.leader IS NULL" if key in PERSON else ""
            statement = _ERROR.format(first=_FIRST.format(key=key), unless=unless)
            cursor.execute(statement, [place, key, batch.pk])
        for key in TOLD:
            cursor.execute(_TELL.format(first=_FIRST.format(key=key)), [places.get(key), key, batch.pk])
        cursor.execute(_LEFT_BEHIND, [batch.pk])
    batch.counts = counted(batch)
    batch.state, batch.position, batch.checked_at, batch.trouble = Batch.State.CHECKED, 0, timezone.now(), {}
    batch.save(update_fields=["counts", "state", "position", "checked_at", "trouble"])


def counted(batch: Batch) -> dict[str, Any]:
    """How many rows have which verdict."""
    return dict(batch.rows.order_by().values_list("verdict").annotate(Count("pk")))


def meanwhile(rows: list[Row], *, existing: str) -> None:
    """Refuse rows whose number, user name or address somebody else has got since they were checked."""
    for row in rows:
        row.problems = [each for each in row.problems if each["code"] != "meanwhile"]
    before = {row.pk: len(row.problems) for row in rows}
    matched = {row.pk: row.matched for row in rows}
    Base(rows, existing=existing, only_taken=True).compare()
    for row in rows:
        taken = row.problems[before[row.pk] :]
        came = row.matched and not matched[row.pk]
        row.matched = matched[row.pk]
        if came or has_errors(taken):
            row.problems.append(problem("meanwhile"))
            row.verdict = Row.Verdict.BAD
