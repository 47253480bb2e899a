"""Reading a file into rows, and finding out what its columns are."""

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import IO, Any

from django.db import connection, transaction

from core import uploads
from core.folding import folded
from core.scope import required
from core.tabular import BadFile, open_table
from core.tabular.problems import problem
from core.tabular.profiles import Profile, looks_like_titles, names
from core.tabular.reading import Line, Reading
from imports.answers import supposed
from imports.guesses import mapping_for
from imports.models import Batch, Preset, Row
from imports.presets import BY_KEY, recognised
from tenants.directory import IspRef, open_isp

COLUMNS, ROWS = 200, 200_000  # most of a file
CHUNK = 1000
LOOKED_AT = 20  # lines among which the titles are


def step(batch_id: int) -> bool:
    """Read a whole file, from its beginning whatever an earlier attempt has left. Raises BadFile."""
    with transaction.atomic():
        batch = Batch.objects.select_related("file").filter(pk=batch_id, state=Batch.State.READING).first()
        if batch is None:
            return False
        rows = Row.objects.filter(batch=batch)
        rows._raw_delete(rows.db)
    if batch.file is None:
        raise BadFile("gone")
    isp = this_isp()
    try:
        source = uploads.open_file(batch.file)
    except uploads.MissingFile as error:
        raise BadFile("gone") from error
    with source:
        table, header_row, titles, lines = _open(batch, source, isp)
        profiles = [Profile(name) for name in names(titles)]
        last = _store(batch, lines, profiles, titles if header_row else [])
    if not last:
        raise BadFile("no_rows")
    _finish(batch, table, header_row, titles, profiles, last, isp)
    return False


def this_isp() -> IspRef:
    """The ISP whose scope is open, as tasks know it."""
    from core.scope import public_scope

    isp_id = required().isp_id
    with public_scope():
        return open_isp(isp_id)


def _open(batch: Batch, source: IO[bytes], isp: IspRef) -> tuple[Reading, int, list[str], Iterator[Line]]:
    """The table, and what _titles finds in it; of a workbook the chosen sheet, or the first one with a table."""
    kind, forced = batch.file.content_type, batch.shape.get("titles", "")
    table = open_table(source, kind=kind, country=isp.country, sheet=batch.sheet)
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(sheets=table.sheets)
    for sheet in [] if batch.sheet else table.sheets[:-1]:
        try:
            table = open_table(source, kind=kind, country=isp.country, sheet=sheet)
            return table, *_titles(table, forced=forced)
        except BadFile:
            continue
    last = batch.sheet or (table.sheets[-1] if table.sheets else "")
    table = open_table(source, kind=kind, country=isp.country, sheet=last)
    return table, *_titles(table, forced=forced)


def _titles(table: Reading, *, forced: str) -> tuple[int, list[str], Iterator[Line]]:
    """Where the titles stand (0: nowhere), what they are, and the lines below them. Raises BadFile."""
    first = list(islice(table.lines, LOOKED_AT))
    if not first:
        raise BadFile("empty")
    width = max(_width(line.cells) for line in first)
    if width > COLUMNS:
        raise BadFile("too_many_columns", count=width, most=COLUMNS)
    if width < 2:
        raise BadFile("one_column")
    # Above the titles may stand the name of the list or a date.
    place = next(i for i, line in enumerate(first) if sum(map(bool, line.cells)) >= max(2, 0.5 * width))
    found = first[place]
    has_titles = forced == "yes" or (forced != "no" and looks_like_titles(found.cells))
    if not has_titles:
        return 0, [""] * width, chain(first[place:], table.lines)
    titles = found.cells + [""] * (width - len(found.cells))
    return found.number, titles[:width], chain(first[place + 1 :], table.lines)


def _width(cells: list[str]) -> int:
    return max((place + 1 for place, cell in enumerate(cells) if cell), default=0)


def _store(batch: Batch, lines: Iterator[Line], profiles: list[Profile], titles: list[str]) -> int:
    """Write the rows, a chunk in each transaction; returns the number of the last one. Raises BadFile."""
    width, count, last = len(profiles), 0, 0
    while chunk := list(islice(lines, CHUNK)):
        count += len(chunk)
        if count > ROWS:
            raise BadFile("too_many_rows", most=ROWS)
        rows = []
        for line in chunk:
            flaw, cells = line.flaws, line.cells
            if any(cells[width:]):
                flaw = [*flaw, problem("extra_cells")]
            cells = cells[:width] + [""] * (width - len(cells))
            if titles and cells == titles:
                flaw = [*flaw, problem("repeated_titles", is_error=False)]
            else:
                for profile, cell in zip(profiles, cells, strict=True):
                    if cell:
                        profile.look(cell)
            rows.append({"number": line.number, "cells": cells, "flaw": flaw})
            last = line.number
        with transaction.atomic():
            _insert(batch, rows)
            Batch.objects.filter(pk=batch.pk).update(position=count)
    return last


_ROWS = """
INSERT INTO imports_row (batch_id, number, cells, flaw, values, problems, verdict, outcome, made, before, kept)
SELECT %s, x.number, x.cells, x.flaw, '{}', '[]', '', '', '{}', '{}', '[]'
FROM jsonb_to_recordset(%s) AS x(number int, cells jsonb, flaw jsonb)
"""


def _insert(batch: Batch, rows: list[dict[str, Any]]) -> None:
    """Add rows in one statement, which takes a third of the time of one with a place for each value."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [batch.pk, json.dumps(rows)])


@transaction.atomic
def _finish(
    batch: Batch,
    table: Reading,
    header_row: int,
    titles: list[str],
    profiles: list[Profile],
    last: int,
    isp: IspRef,
) -> None:
    columns: list[dict[str, Any]] = [
        {**profile.kept(), "title": title} for profile, title in zip(profiles, titles, strict=True)
    ]
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.state != Batch.State.READING:
        return
    names_there = [column["name"] for column in columns]
    system, saved = recognised(names_there), _saved(names_there)
    batch.state, batch.position, batch.total = Batch.State.OPEN, 0, last
    batch.sheets, batch.sheet, batch.header_row = table.sheets, table.sheet, header_row
    batch.shape = {**table.shape, "titles": batch.shape.get("titles", ""), "rows": batch.rows.count()}
    batch.columns = columns
    batch.system = system.key if system else ""
    batch.mapping = mapping_for(columns, system=system, saved=saved.titles if saved else None)
    given = {**(BY_KEY[system.key].answers if system else {}), **(saved.answers if saved else {})}
    batch.answers = supposed(columns, batch.mapping, country=isp.country, language=isp.language, given=given)
    batch.save()


def _saved(titles: list[str]) -> Preset | None:
    """A saved mapping all of whose titles are there."""
    there = {folded(title) for title in titles}
    fitting = [preset for preset in Preset.objects.all()[:50] if preset.titles and preset.titles.keys() <= there]
    return max(fitting, key=lambda preset: len(preset.titles), default=None)
