"""The template of a release: whatever a migration contains, a replayed schema is the same as a migrated one."""

import importlib
import uuid
from contextlib import suppress

import pytest
from django.db import IntegrityError, connection, migrations, transaction

from core.scope import current, isp_scope, owner_scope, public_scope
from tenants import schemas
from tenants.fingerprint import contents, fingerprint
from tenants.models import ISP, SchemaTemplate, SpareSchema, new_schema_name
from tenants.pool import refill
from tenants.releases import current_release
from tenants.template import NoTemplate, Unowned, build_template, replay_template
from tests.conftest import make_isp

pytestmark = pytest.mark.usefixtures("in_public")


@pytest.fixture
def few_apps(settings):
    """The ISPs have a few apps only, so that a schema is migrated in a second. All of them are tried elsewhere."""
    settings.TENANT_APPS = ["django.contrib.sessions", "core", "company"]


@pytest.fixture
def nasty(few_apps, settings):
    """The ISPs' apps include one with everything in its migrations."""
    settings.TENANT_APPS = [*settings.TENANT_APPS, "tests.nasty"]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.nasty"]


@pytest.fixture
def also_runs(nasty, monkeypatch):
    """`also_runs(operation)` puts one more operation at the end of that app's migrations."""
    module = importlib.import_module("tests.nasty.migrations.0002_rows_and_changes")

    def add(operation) -> None:
        monkeypatch.setattr(module.Migration, "operations", [*module.Migration.operations, operation])

    return add


def python(code) -> migrations.RunPython:
    return migrations.RunPython(code, migrations.RunPython.noop)


def migrated() -> str:
    name = new_schema_name()
    schemas.create_empty(name)
    schemas.migrate_schema(Unowned(name))
    return name


def replayed() -> str:
    name = new_schema_name()
    replay_template(name)
    return name


def rows(name: str, query: str) -> list[tuple]:
    with isp_scope(Unowned(name)), connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_the_migrations_of_this_release_can_be_replayed():
    assert build_template().why_not == ""
    one, other = replayed(), migrated()
    assert fingerprint(one) == fingerprint(other)
    first, second = contents(one), contents(other)
    assert {table for table in first if first[table] != second[table]} == {"django_migrations"}  # when, not what


@pytest.mark.usefixtures("nasty")
def test_everything_that_a_migration_may_contain_is_replayed():
    template = build_template()
    assert template.why_not == ""
    one, other = migrated(), replayed()

    lines = fingerprint(one)
    assert fingerprint(other) == lines
    for words in (
        "relation r nasty_thing p",
        "relation v nasty_names",
        "relation m nasty_sizes",
        "column nasty_log id integer t a",
        "column nasty_thing double integer",
        "constraint nasty_thing nasty_name_later UNIQUE (name) DEFERRABLE INITIALLY DEFERRED",
        "constraint nasty_thing nasty_no_overlap EXCLUDE USING gist",
        "index CREATE UNIQUE INDEX nasty_any_case",
        "index CREATE INDEX nasty_big",
        "trigger CREATE TRIGGER counted",
        "function count_up",
        "type shade",
        "sequence ticket_numbers",
        "policy nasty_log calm_only",
        "rule CREATE RULE no_wipe",
        "statistics CREATE STATISTICS",
        "rows nasty_thing 40",
    ):
        assert any(words in line.replace("~.", "") for line in lines), words
    for table in ("nasty_thing", "nasty_slice", "nasty_log", "nasty_names"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2" if table != "nasty_names" else "SELECT * FROM nasty_names"
        assert sorted(map(repr, rows(one, query))) == sorted(map(repr, rows(other, query)))


@pytest.mark.usefixtures("nasty")
def test_what_was_replayed_works_by_itself_and_touches_no_other_schema():
    build_template()
    one, other = replayed(), replayed()

    change = "UPDATE nasty_thing SET name = 'New' WHERE id = 1 RETURNING changes, double"
    assert rows(one, change) == [(1, 2)]
    assert rows(one, "SELECT what FROM nasty_log ORDER BY id DESC LIMIT 1") == [("changed New",)]
    assert rows(one, "INSERT INTO nasty_thing (name, changes, colour) VALUES ('x', 0, '#') RETURNING id, size") == [
        (41, 4)
    ]
    assert rows(one, "SELECT next_ticket()") == rows(other, "SELECT next_ticket()")
    assert rows(other, "SELECT count(*) FROM nasty_thing WHERE name IN ('New', 'x')") == [(0,)]
    with connection.cursor() as cursor:
        # No default, trigger, constraint, index or view of one schema depends on something in the other.
        cursor.execute(
            """SELECT count(*) FROM pg_depend d
                 JOIN pg_class a ON a.oid = d.objid JOIN pg_class b ON b.oid = d.refobjid
                WHERE a.relnamespace = %s::regnamespace AND b.relnamespace <> a.relnamespace
                  AND b.relnamespace <> 'pg_catalog'::regnamespace""",
            [other],
        )
        assert cursor.fetchone() == (0,)


def test_a_row_that_names_its_schema_names_the_right_one(also_runs):
    def add(apps, schema_editor):
        apps.get_model("nasty", "Thing").objects.create(name=schema_editor.connection.schema_name, size=1)

    also_runs(python(add))
    build_template()
    name = replayed()
    assert rows(name, "SELECT name FROM nasty_thing WHERE name LIKE 't\\_%'") == [(name,)]


def test_values_that_the_server_makes_are_made_for_each_schema(also_runs):
    also_runs(migrations.RunSQL("INSERT INTO nasty_log (what) VALUES (gen_random_uuid()::text)"))
    assert build_template().why_not == ""
    made = [rows(replayed(), "SELECT what FROM nasty_log ORDER BY id DESC LIMIT 1") for _ in range(2)]
    assert made[0] != made[1]


def test_another_set_of_migrations_is_another_release(settings):
    all_apps = settings.TENANT_APPS
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "tests.nasty"]
    settings.TENANT_APPS = [*all_apps, "tests.nasty"]
    name = current_release()
    settings.TENANT_APPS = all_apps
    assert current_release() != name
    assert SchemaTemplate.objects.filter(release=current_release()).exists()
    assert not SchemaTemplate.objects.filter(release=name).exists()


def random_row(apps, schema_editor) -> None:
    apps.get_model("nasty", "Thing").objects.create(name=uuid.uuid4().hex, size=1)


def row_of_the_isp(apps, schema_editor) -> None:
    apps.get_model("nasty", "Thing").objects.create(name=str(current().isp_uuid), size=1)


def reads_isps(apps, schema_editor) -> None:
    with public_scope():
        ISP.objects.count()


def fails_and_goes_on(apps, schema_editor) -> None:
    thing = apps.get_model("nasty", "Thing")
    with suppress(IntegrityError), transaction.atomic():
        thing.objects.bulk_create([thing(id=1, name="again", size=1)])


def changes_unseen(apps, schema_editor) -> None:
    with connection.cursor() as cursor:
        list(cursor.stream("UPDATE nasty_log SET what = 'unseen' WHERE id = 7 RETURNING id"))


def copies(apps, schema_editor) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY nasty_log (what) FROM STDIN") as copy:
        copy.write_row(["unseen"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (random_row, "something different each time"),
        (row_of_the_isp, "something different each time"),
        (changes_unseen, "other rows in: nasty_log"),
        (reads_isps, "outside the schema"),
        (fails_and_goes_on, "fails and they go on"),
        (copies, "rows, sequence"),
    ],
)
def test_what_cannot_be_replayed_is_told_and_each_isp_migrated_by_itself(also_runs, code, reason):
    also_runs(python(code))
    template = build_template()
    assert reason in template.why_not
    assert template.ddl == ""
    with pytest.raises(NoTemplate):
        replay_template(new_schema_name())
    assert refill(size=2) == 0

    isp = make_isp("by-itself")

    assert isp.release == current_release()
    assert fingerprint(isp.schema_name) == fingerprint(migrated())


def test_a_migration_that_raises_makes_no_template(also_runs):
    also_runs(python(lambda apps, schema_editor: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        build_template()
    assert not SchemaTemplate.objects.filter(release=current_release()).exists()


@pytest.mark.usefixtures("few_apps")
def test_building_again_runs_nothing_and_leaves_no_schema(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace")
        before = cursor.fetchone()
        SchemaTemplate.objects.all().delete()
        template = build_template()
        cursor.execute("SELECT count(*) FROM pg_namespace")
        assert cursor.fetchone() == before
    monkeypatch.setattr(schemas, "migrate_schema", lambda isp: 1 / 0)
    assert build_template().pk == template.pk


@pytest.mark.usefixtures("few_apps")
def test_without_a_template_an_isp_is_migrated():
    SchemaTemplate.objects.all().delete()
    SpareSchema.objects.all().delete()
    isp = make_isp("slowly")
    assert isp.release == current_release()
    assert fingerprint(isp.schema_name) == fingerprint(migrated())


def test_a_difference_in_any_part_changes_the_fingerprint():
    whole = fingerprint(replayed())
    for damage in (
        "DROP INDEX {index}",
        "ALTER TABLE core_auditentry ADD COLUMN more int",
        "ALTER TABLE core_auditentry ALTER COLUMN verb DROP NOT NULL",
        "DELETE FROM django_migrations WHERE app = 'core'",
        "CREATE SEQUENCE more",
    ):
        name = replayed()
        [(index,)] = rows(
            name,
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'core_auditentry'::regclass "
            "AND NOT indisunique LIMIT 1",
        )
        with owner_scope(Unowned(name)), connection.cursor() as cursor:
            cursor.execute(damage.format(index=index))
        assert fingerprint(name) != whole, damage
    assert fingerprint(new_schema_name()) == []
