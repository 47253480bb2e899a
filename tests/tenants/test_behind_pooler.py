"""A whole installation behind PgBouncer in transaction mode: given the address and nothing else, as operators do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections

from tests.pooler import pgbouncer

pytestmark = pytest.mark.needs("pgbouncer")
ROOT = Path(__file__).resolve().parent.parent.parent
MAKE = """
from django.db import transaction
from core.scope import isp_scope, public_scope
from subscribers.models import Zone
from tenants import pool, slugs
from tenants.models import ISP
from tenants.schemas import create_schema
made = pool.refill(size=1)
for number in range(3):  # one from the pool, two by the template
    slug = f"pooled-{number}-isp"
    with transaction.atomic():
        isp = ISP.objects.create(slug=slug, slug_skeleton=slugs.skeleton(slug), name=slug, country="MX", language="en",
                                 currency="MXN", timezone="America/Mexico_City")
        create_schema(isp)
    with isp_scope(isp), transaction.atomic():
        Zone.objects.create(name=slug)
print(made)
"""
READ = """
from django.db import transaction
from core.scope import isp_scope
from subscribers.models import Zone
from tenants.models import ISP
for isp in list(ISP.objects.order_by("slug")):
    with isp_scope(isp), transaction.atomic():
        print(isp.slug, *Zone.objects.values_list("name", flat=True))
"""


@pytest.fixture
def manage(django_db_setup: None) -> Iterator[object]:
    """`manage(...)` runs manage.py on an empty database of its own, through a pooler with three connections."""
    real = dict(connections.settings["default"])
    real["NAME"] = name = f"{real['NAME']}_pooled"
    where = {"host": real["HOST"], "port": real["PORT"] or None, "user": real["USER"] or None}
    with psycopg.connect(dbname="postgres", password=real["PASSWORD"] or None, autocommit=True, **where) as direct:
        direct.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        direct.execute(f'CREATE DATABASE "{name}"')
        try:
            with pgbouncer(real, size=3) as port:
                url = f"postgresql://{real['USER'] or 'postgres'}@127.0.0.1:{port}/{name}"

                def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
                    return subprocess.run(
                        [sys.executable, "manage.py", *arguments],
                        cwd=ROOT,
                        env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
                        check=False,
                        capture_output=True,
                        text=True,
                        timeout=240,
                    )

                yield manage
        finally:
            direct.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.long
def test_migrating_and_making_isps_need_nothing_but_the_address(manage):
    first = manage("migrate", "--verbosity", "0")
    assert first.returncode == 0, first.stderr
    made = manage("shell", "--no-imports", "-c", MAKE)
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip() == "1", "the pool was filled"
    again = manage("migrate", "--verbosity", "0")
    assert again.returncode == 0, again.stderr
    assert manage("migrate", "--check").returncode == 0
    told = manage("shell", "--no-imports", "-c", READ).stdout.splitlines()
    assert told == [f"pooled-{number}-isp pooled-{number}-isp" for number in range(3)]
