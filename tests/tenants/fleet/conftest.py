"""A fleet of small ISPs in a database of its own, whose tenant app's migrations each test writes."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from core.scope import owner_scope, public_scope
from domains import resolver
from tenants import slugs
from tenants.models import ISP, SchemaTemplate
from tenants.releases import current_release
from tenants.schemas import create_empty, drop_schema

APP = "payments"  # its label is borrowed for the migrations of a test; its own tables play no part
TABLE = "payments_gadget"
INITIAL = """migrations.CreateModel("Gadget", [("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=40))]),"""
_MODULE = """from django.db import migrations, models
{before}

class Migration(migrations.Migration):
    {fields}
    dependencies = [{dependencies}]
    operations = [{operations}]
"""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def fleet_database(django_db_setup: None, django_db_blocker: object) -> Iterator[None]:
    """A copy of the test database with no ISPs in it, where a test may commit."""
    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        copy = f"{name}_fleet"
        _administer(f'DROP DATABASE IF EXISTS "{copy}" WITH (FORCE)', f'CREATE DATABASE "{copy}" TEMPLATE "{name}"')
        connection.settings_dict["NAME"] = copy
        try:
            _clean_up()
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = name
            _administer(f'DROP DATABASE "{copy}" WITH (FORCE)')


def _administer(*statements: str) -> None:
    connection.close()
    name = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = "postgres"
    try:
        with public_scope(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name


def _clean_up() -> None:
    with public_scope(), transaction.atomic():
        for isp in ISP.objects.all():
            drop_schema(isp)
        ISP.objects.all().delete()
        SchemaTemplate.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = %s AND name <> '0001_initial'", [APP])
    resolver.forget_all()


class Fleet:
    """The ISPs and the migrations of one test."""

    def __init__(self, folder: Path, package: str) -> None:
        self.folder, self.package = folder, package
        self.names: list[str] = []

    def release(
        self, name: str, operations: str, *, before: str = "", fields: str = "", after: list[str] | None = None
    ) -> None:
        """Write the next migration of the tenant app."""
        previous = self.names[-1:] if after is None else after
        text = _MODULE.format(
            before=before,
            fields=fields,
            dependencies=", ".join(f'("{APP}", "{other}")' for other in previous),
            operations=operations,
        )
        (self.folder / f"{name}.py").write_text(text)
        self.names.append(name)
        self.changed()

    def withdraw(self, name: str) -> None:
        """Take a migration out of the code again."""
        (self.folder / f"{name}.py").unlink()
        self.names.remove(name)
        self.changed()

    def changed(self) -> None:
        from tenants import releases

        for module in [name for name in sys.modules if name.startswith(f"{self.package}.")]:
            del sys.modules[module]
        releases._release.cache_clear()

    def make(self, count: int = 1, prefix: str = "kdorra") -> list[ISP]:
        """ISPs whose schema has nothing but Django's table of migrations; the next run brings them up."""
        made = []
        with public_scope(), transaction.atomic():
            for number in range(count):
                slug = f"{prefix}{_letters(number)}"
                isp = ISP.objects.create(slug=slug, slug_skeleton=slugs.skeleton(slug), name=slug, timezone="UTC")
                create_empty(isp.schema_name)
                with owner_scope(isp):
                    MigrationRecorder(connection).ensure_schema()
                made.append(isp)
        return made

    def columns(self, isp: ISP) -> list[str]:
        """The columns of the app's table at an ISP, in the order in which they were made."""
        return self.ask(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
            "ORDER BY ordinal_position",
            isp.schema_name,
            TABLE,
        )

    def recorded(self, isp: ISP) -> list[str]:
        """The migrations of the app that an ISP has a record of, one for each row."""
        return self.ask(f'SELECT name FROM "{isp.schema_name}".django_migrations WHERE app = %s ORDER BY id', APP)

    def ask(self, sql: str, *params: object) -> list[str]:
        with public_scope(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, params or ([APP] if "%s" in sql else None))
            return [row[0] for row in cursor.fetchall()]

    def do(self, isp: ISP, sql: str) -> None:
        """Run a statement in an ISP's schema and commit it."""
        with owner_scope(isp), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)

    def current(self) -> str:
        """The release that an ISP is at once it has all migrations."""
        return current_release()

    def fresh(self, isp: ISP) -> ISP:
        with public_scope():
            return ISP.objects.get(pk=isp.pk)


def _letters(number: int) -> str:
    return "".join("bcdfghjkmnpqrstvwxz"[number // 19**place % 19] for place in (2, 1, 0))


@pytest.fixture
def fleet(
    fleet_database: None, django_db_blocker: object, settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    """No ISPs yet, and a tenant app with one migration."""
    package = f"fleet_migrations_{next(_numbers)}"
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.TENANT_APPS = [APP]
    settings.MIGRATION_MODULES = {APP: package}
    settings.MIGRATION_LOCK_TIMEOUT = 0.2
    with django_db_blocker.unblock():
        made = Fleet(folder, package)
        made.release("0001_initial", INITIAL)
        yield made
        assert not connection.in_atomic_block
        _clean_up()
        connection.close()
        made.changed()


@pytest.fixture
def migrate() -> Callable[..., None]:
    """`manage.py migrate` for the fleet alone, quietly."""

    def run(**options: object) -> None:
        call_command("migrate", **{"verbosity": 0, "skip_checks": True, **options})

    return run
