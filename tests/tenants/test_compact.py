"""Fewer statements for a whole schema: which are put together, which are not, and that nothing rests on trust."""

import pytest
from django.db import connection, migrations

from tenants import template
from tenants.compact import compact
from tenants.fingerprint import fingerprint
from tenants.models import SchemaTemplate, new_schema_name
from tenants.releases import current_release
from tenants.template import build_template
from tests.tenants.test_template import also_runs, few_apps, migrated, nasty, replayed  # noqa: F401

pytestmark = pytest.mark.usefixtures("in_public")

A = 'CREATE TABLE "a" ("id" bigint NOT NULL PRIMARY KEY)'
B = 'CREATE TABLE "b" ("id" bigint NOT NULL PRIMARY KEY, "a_id" bigint NOT NULL)'
KEY = 'CONSTRAINT "b_to_a" FOREIGN KEY ("a_id") REFERENCES "a" ("id") DEFERRABLE INITIALLY DEFERRED'
LATER = f'ALTER TABLE "b" ADD {KEY}'
WITH_KEY = f"{B[:-1]}, {KEY})"
INDEX = 'CREATE INDEX "b_a_id" ON "b" ("a_id")'


def test_a_foreign_key_goes_into_its_table():
    assert compact([A, B, LATER, INDEX]) == [A, WITH_KEY, INDEX]
    assert compact([A, B, INDEX, LATER]) == [A, WITH_KEY, INDEX]
    earlier = 'ALTER TABLE "a" ADD COLUMN "name" text NULL'
    assert compact([A, earlier, B, LATER]) == [A, earlier, WITH_KEY]


@pytest.mark.parametrize(
    "statements",
    [
        [B, A, LATER],  # what it leads to is not there yet
        [A, LATER],
        [B, LATER],
        [A, B, 'ALTER TABLE "a" RENAME TO "c"', LATER],
        [A, B, 'ALTER TABLE "b" ALTER COLUMN "a_id" TYPE integer', LATER],
        [A, B, "DO $$ BEGIN PERFORM * FROM b; END $$", LATER],
        [A, f'{B} PARTITION BY RANGE ("id")', LATER],
        [A, B, f'{LATER}; SET CONSTRAINTS "b_to_a" IMMEDIATE'],
        [A, f"{B}; SELECT f()", LATER],
    ],
)
def test_one_that_may_mean_something_else_by_then_stays_where_it_is(statements):
    assert compact(statements) == statements


def test_a_key_of_a_table_to_itself_goes_into_it():
    own = 'CONSTRAINT "own" FOREIGN KEY ("a_id") REFERENCES "b" ("id") DEFERRABLE INITIALLY DEFERRED'
    assert compact([B, f'ALTER TABLE "b" ADD {own}']) == [f"{B[:-1]}, {own})"]


def test_records_are_one_statement_in_their_order():
    start = 'INSERT INTO "django_migrations" ("app", "name", "applied") VALUES '
    rows = [f"('app', '000{number}_x', '2026-01-01 00:00:00+00:00'::timestamptz)" for number in (1, 2)]
    told = ' RETURNING "django_migrations"."id"'
    assert compact([start + rows[0] + told, A, start + rows[1]]) == [A, start + ", ".join(rows)]


def test_this_releases_template_is_made_so():
    ddl = build_template().ddl
    assert len([line for line in ddl.splitlines() if line.startswith("CREATE TABLE") and "FOREIGN KEY" in line]) >= 7
    assert ddl.count('INSERT INTO "django_migrations"') == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda made: made[:-1],
        lambda made: [*made, "SELECT 1 / 0"],
        lambda made: [
            text.replace(
                '"verb" varchar(80) NOT NULL, "actor_kind" varchar(20) NOT NULL',
                '"actor_kind" varchar(20) NOT NULL, "verb" varchar(80) NOT NULL',
            )
            for text in made
        ],
        lambda made: [text.replace(" DEFERRABLE INITIALLY DEFERRED", "") for text in made],
    ],
    ids=["records lost", "fails", "other order of columns", "other constraints"],
)
@pytest.mark.usefixtures("nasty")
def test_where_it_would_make_something_else_all_statements_are_kept(monkeypatch, damage):
    with_keys_in_tables = build_template().ddl
    SchemaTemplate.objects.all().delete()
    monkeypatch.setattr(template, "compact", lambda statements: damage(compact(statements)))
    built = build_template()
    assert built.why_not == ""
    assert built.ddl.count("ADD CONSTRAINT") >= with_keys_in_tables.count("ADD CONSTRAINT") + 3
    assert built.ddl.count('INSERT INTO "django_migrations"') > 1
    assert fingerprint(replayed()) == fingerprint(migrated())


@pytest.mark.usefixtures("nasty")
def test_what_the_migrations_do_to_tables_in_between_is_kept(also_runs):  # noqa: F811
    also_runs(migrations.RunSQL("ALTER TABLE nasty_log RENAME TO nasty_diary"))
    assert build_template().why_not == ""
    assert SchemaTemplate.objects.get(release=current_release()).ddl.count('INSERT INTO "django_migrations"') == 1
    name = replayed()
    assert fingerprint(name) == fingerprint(migrated())
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{name}.nasty_diary"])
        assert cursor.fetchone() != (None,)
    assert new_schema_name() != name
