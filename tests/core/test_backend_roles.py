"""The second lock: in an ISP's scope the server itself refuses whatever is not in that ISP's schema."""

import pytest
from django.db import ProgrammingError, connection
from django.db.transaction import atomic

from core.db import base
from core.db.base import RoleMissing
from core.scope import ScopeError, isp_scope, owner_scope, public_scope
from tenants.schemas import drop_named
from tests.core.conftest import raw_isp, read


def ask(statement: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]


def acting() -> str:
    return ask("SELECT current_user::text")


@pytest.fixture
def without_roles(settings):
    """The second lock is open. Takes hold with the next transaction."""
    settings.ISP_ROLES = False


def test_an_isps_statements_run_as_its_role_and_nothing_of_it_stays(canaries):
    with public_scope():
        login = acting()
    for ending in (None, KeyError):
        for isp in canaries.both:
            try:
                with isp_scope(isp), atomic():
                    assert acting() == isp.schema_name
                    with public_scope():
                        assert acting() == login
                    assert acting() == isp.schema_name
                    if ending:
                        raise ending
            except KeyError:
                pass
            with public_scope():
                assert acting() == login


def test_a_rollback_to_a_savepoint_does_not_undo_the_role(canaries):
    with public_scope(), atomic():
        read()
        savepoint = connection.savepoint()
        with isp_scope(canaries.a):
            assert acting() == canaries.a.schema_name
            connection.savepoint_rollback(savepoint)
            assert acting() == canaries.a.schema_name


def read_by_name(isp, schema):
    with isp_scope(isp), atomic():
        return ask(f"SELECT text FROM {schema}.canary")


def test_a_statement_that_names_another_schema_is_refused_by_the_server(canaries):
    assert read_by_name(canaries.a, canaries.a.schema_name) == canaries.a.schema_name
    with pytest.raises(ProgrammingError, match="permission denied for schema"):
        read_by_name(canaries.a, canaries.b.schema_name)
    with pytest.raises(ProgrammingError, match="permission denied for table"):
        read_by_name(canaries.a, "public")


def test_named_schema_control_without_the_role_its_rows_are_read(canaries, without_roles):
    assert read_by_name(canaries.a, canaries.b.schema_name) == canaries.b.schema_name
    assert read_by_name(canaries.a, "public") == "public"


@pytest.fixture
def wrong_path(canaries, monkeypatch):
    """The first lock fails: the search path is always that of the ISP `b`."""
    real = base._settings_of

    def settings_of(scope):
        return real(scope).replace(f'"{canaries.a.schema_name}"', f'"{canaries.b.schema_name}"')

    monkeypatch.setattr(base, "_settings_of", settings_of)


def read_as(isp):
    with isp_scope(isp), atomic():
        return read()


def test_where_the_search_path_is_wrong_the_server_refuses(canaries, wrong_path):
    # What a role may not use is not even looked at.
    with pytest.raises(ProgrammingError, match=r'relation "canary" does not exist'):
        read_as(canaries.a)
    assert read_as(canaries.b) == canaries.b.schema_name


def test_wrong_path_control_without_the_role_the_rows_of_the_other_are_read(canaries, wrong_path, without_roles):
    assert read_as(canaries.a) == canaries.b.schema_name


def test_tables_themselves_are_changed_as_their_owner_alone(canaries):
    change = "ALTER TABLE canary ADD COLUMN more text"
    with isp_scope(canaries.a), pytest.raises(ProgrammingError, match="must be owner"), atomic():
        connection.cursor().execute(change)
    with owner_scope(canaries.a), pytest.raises(KeyError), atomic():  # noqa: PT012
        connection.cursor().execute(change)
        connection.cursor().execute("CREATE TABLE later (id int GENERATED ALWAYS AS IDENTITY, text text)")
        with isp_scope(canaries.a):
            assert acting() == canaries.a.schema_name
            assert ask("INSERT INTO later (text) VALUES ('x') RETURNING id") == 1
            assert ask("SELECT setval('later_id_seq', 7)") == 7
        raise KeyError


TAKING = [
    "SET ROLE postgres",
    "set local role to {b}",
    "SET SESSION ROLE NONE",
    "SELECT 1; reset  ROLE",
    "SET/* x */LOCAL -- y\nROLE {b}",
    'SET "role" TO {b}',
    'SELECT 1; SET LOCAL "role" = {b}',
    "SELECT set_config('role', '{b}', true)",
    "SELECT set_config ( 'session_authorization', '{b}', true)",
    "SET SESSION AUTHORIZATION DEFAULT",
    "SET LOCAL SESSION AUTHORIZATION {b}",
    "RESET SESSION AUTHORIZATION",
    "SET session_authorization TO {b}",
]


@pytest.mark.parametrize("statement", TAKING)
def test_statements_that_would_take_another_role_are_refused(canaries, statement):
    with isp_scope(canaries.a), atomic():
        with pytest.raises(ScopeError, match="role"):
            connection.cursor().execute(statement.format(b=canaries.b.schema_name))
        assert acting() == canaries.a.schema_name


def test_taking_a_role_control_the_server_itself_allows_it(canaries, monkeypatch):
    monkeypatch.setattr(base, "_ROLE_WORDS", ())
    with isp_scope(canaries.a), atomic():
        connection.cursor().execute(f"SET LOCAL ROLE {canaries.b.schema_name}")
        assert ask(f"SELECT text FROM {canaries.b.schema_name}.canary") == canaries.b.schema_name


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "canary" SET "text" = \'set a role; or reset none\'',
        "WITH m AS (SELECT 1 AS role) SELECT role FROM m",
        'UPDATE canary SET "text" = "role" FROM (SELECT 1 AS "role") r',
    ],
)
def test_statements_about_columns_of_that_name_are_not(canaries, statement):
    with isp_scope(canaries.a), atomic():
        connection.cursor().execute(statement)
        connection.set_rollback(True)


def test_a_missing_role_is_an_error_that_says_so(canaries):
    orphan = raw_isp(8)
    with public_scope():
        connection.cursor().execute(f"CREATE SCHEMA {orphan.schema_name}")
        connection.cursor().execute(f"CREATE TABLE {orphan.schema_name}.canary AS SELECT 'no role'::text AS text")
    try:
        with isp_scope(orphan), pytest.raises(RoleMissing, match=r"manage\.py migrate"), atomic():
            read()
        with public_scope(), atomic():
            read()
            with isp_scope(orphan), pytest.raises(RoleMissing, match=orphan.schema_name), atomic():
                read()
            assert read() == "public", "what surrounds it goes on"
    finally:
        with public_scope():
            drop_named(orphan.schema_name)


def test_missing_role_control_without_the_second_lock_the_rows_are_read(canaries, without_roles):
    orphan = raw_isp(8)
    with public_scope(), atomic():
        connection.cursor().execute(f"CREATE SCHEMA {orphan.schema_name}")
        connection.cursor().execute(f"CREATE TABLE {orphan.schema_name}.canary AS SELECT 'no role'::text AS text")
        with isp_scope(orphan):
            assert read() == "no role"
        connection.set_rollback(True)
