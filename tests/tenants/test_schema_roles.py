"""A role for each schema: made and dropped with it, mended by `migrate` and by the janitor."""

import logging
import secrets

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from company.models import Profile
from core.db.base import RoleMissing
from core.scope import isp_scope, owner_scope, public_scope
from subscribers.models import Zone
from tenants import schema_roles
from tenants.janitor import sweep
from tenants.models import SchemaTemplate, SpareSchema, new_schema_name
from tenants.pool import claim_spare, refill
from tenants.schemas import create_empty, drop_named, drop_schema
from tests.conftest import make_isp


def is_there(name: str) -> bool:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regrole(%s) IS NOT NULL", [name])
        return cursor.fetchone()[0]


def run(statement: str) -> None:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute(statement)


def lose_role(name: str) -> None:
    run(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


def by_migrations() -> None:
    SpareSchema.objects.all().delete()
    SchemaTemplate.objects.all().delete()


@pytest.mark.parametrize("before", [lambda: refill(size=1), SpareSchema.objects.all().delete, by_migrations])
def test_an_isp_reaches_its_own_schema_however_it_was_made(in_public, other_isp, before):
    before()
    isp = make_isp("reachable")
    with isp_scope(isp):
        Zone.objects.create(name="North")
        Zone.objects.update(name="South")
        assert list(Zone.objects.values_list("name", flat=True)) == ["South"]
        with pytest.raises(ProgrammingError, match="permission denied for schema"), transaction.atomic():
            connection.cursor().execute(f"SELECT * FROM {other_isp.schema_name}.subscribers_zone")
        Zone.objects.all().delete()


def test_an_isp_that_was_not_made_leaves_no_role(in_public):
    with transaction.atomic():
        name = make_isp("undone").schema_name
        assert is_there(name)
        transaction.set_rollback(True)
    assert not is_there(name)


def test_tables_of_a_later_migration_are_reached_too(in_isp):
    with owner_scope(in_isp):
        connection.cursor().execute("CREATE TABLE later (id int GENERATED ALWAYS AS IDENTITY, text text)")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO later (text) VALUES ('x') RETURNING id")
        assert cursor.fetchone() == (1,)


def test_the_role_goes_with_the_schema(in_public, isp):
    assert is_there(isp.schema_name)
    drop_schema(isp)
    assert not is_there(isp.schema_name)


def test_a_role_that_another_database_uses_stays(committed):
    """A copy of the database on the same server has its own grants to the same roles."""
    name, copy = new_schema_name(), f"copy_{secrets.token_hex(4)}"
    real = connections.settings["default"]
    where = {"host": real["HOST"], "port": real["PORT"] or None, "user": real["USER"] or None}
    where["password"] = real["PASSWORD"] or None
    with psycopg.connect(dbname=real["NAME"], autocommit=True, **where) as direct:
        direct.execute(f"CREATE DATABASE {copy}")
        try:
            with public_scope():
                create_empty(name)
            with psycopg.connect(dbname=copy, autocommit=True, **where) as other:
                other.execute(f"CREATE SCHEMA {name}; GRANT USAGE ON SCHEMA {name} TO {name}")
            drop_named(name)
            assert schema_roles.mend() == ([], [])
            assert is_there(name)
        finally:
            direct.execute(f"DROP DATABASE {copy} WITH (FORCE)")
    assert schema_roles.mend() == ([], [name])
    assert not is_there(name)


def test_without_its_role_an_isp_is_shut_and_mending_opens_it(isp, caplog):
    with isp_scope(isp):
        Profile(pk=1, display_name="Here").save()
    lose_role(isp.schema_name)
    with pytest.raises(RoleMissing), isp_scope(isp), transaction.atomic():
        Profile.objects.get()
    assert schema_roles.mend() == ([isp.schema_name], [])
    assert f"The role {isp.schema_name} was missing" in caplog.text
    with isp_scope(isp):
        assert Profile.objects.get().display_name == "Here"
        Zone.objects.create(name="New")
    assert schema_roles.mend() == ([], [])


def test_a_role_that_lost_its_rights_gets_them_back(isp):
    """So it is where a database was restored without its privileges on a server that has the roles."""
    run(f'DROP OWNED BY "{isp.schema_name}"')
    with pytest.raises(ProgrammingError), isp_scope(isp), transaction.atomic():
        Zone.objects.count()
    assert schema_roles.mend() == ([isp.schema_name], [])
    with isp_scope(isp):
        assert Zone.objects.count() == 0


def test_a_request_without_the_role_is_a_plain_503_and_a_line_in_the_log(isp, at, caplog):
    client = at("wispmega.localhost")
    client.raise_request_exception = False
    assert client.get("/sign-in/").status_code == 200
    lose_role(isp.schema_name)
    with caplog.at_level(logging.ERROR):
        response = client.get("/sign-in/")
    assert (response.status_code, b"Not available at the moment" in response.content) == (503, True)
    assert f"The role of wispmega ({isp.schema_name}) is missing; /sign-in/ answers 503." in caplog.text


def test_the_janitor_mends_and_leaves_roles_of_others_alone(in_public, isp):
    left, foreign = new_schema_name(), new_schema_name()
    create_empty(left)
    run(f'DROP SCHEMA "{left}"')
    run(f"""CREATE ROLE "{foreign}"; COMMENT ON ROLE "{foreign}" IS 'Lastmile: elsewhere'""")
    lose_role(isp.schema_name)
    found = sweep(at=timezone.now())
    assert (found.roles_made, found.roles_dropped) == ([isp.schema_name], [left])
    assert not is_there(left)
    assert is_there(foreign)


def test_a_spare_without_a_role_is_not_given_away_before_it_has_one(in_public):
    SpareSchema.objects.all().delete()
    refill(size=1)
    name = SpareSchema.objects.get().schema_name
    lose_role(name)
    assert claim_spare() is None
    schema_roles.mend()
    assert claim_spare() == name


def test_with_the_lock_off_no_roles_are_made_and_those_there_go_with_their_schema(in_public, isp, settings):
    settings.ISP_ROLES = False
    lose_role(isp.schema_name)
    assert schema_roles.mend() == ([], [])
    name = new_schema_name()
    create_empty(name)
    assert not is_there(name)
    settings.ISP_ROLES = True
    create_empty(other := new_schema_name())
    settings.ISP_ROLES = False
    drop_named(other)
    assert not is_there(other)


def test_a_role_that_another_user_made_stops_nothing(db):
    """From PostgreSQL 16 on only its maker may drop it, and the database user may have been changed."""
    left, user = new_schema_name(), new_schema_name()
    create_empty(left)
    run(f'DROP SCHEMA "{left}"; CREATE ROLE {user} CREATEROLE ROLE CURRENT_USER')
    run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}")
    connection.connection.execute(f"SET ROLE {user}")
    may = connection.pg_version < 160000
    assert schema_roles.mend() == ([], [left] if may else [])
    connection.connection.execute("RESET ROLE")
    assert schema_roles.mend() == ([], [] if may else [left])


@pytest.fixture
def without_rights(db):
    """The database user may not make roles, as one that was given nothing but its database."""
    name = new_schema_name()
    run(f"CREATE ROLE {name} NOLOGIN ROLE CURRENT_USER; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}")
    connection.connection.execute(f"SET ROLE {name}")
    yield
    connection.connection.execute("RESET ROLE")


def test_a_user_who_may_not_make_roles_is_told_what_to_do(without_rights, settings):
    (error,) = schema_roles.check_rights(databases=["default"])
    assert (error.id, "ISP_ROLES=0" in error.hint) == ("tenants.E001", True)
    with pytest.raises(SystemCheckError, match="may not make roles"):
        call_command("migrate", verbosity=0, skip_checks=False)
    settings.ISP_ROLES = False
    assert schema_roles.check_rights(databases=["default"]) == []


def test_a_user_who_may_is_not(in_public):
    assert schema_roles.check_rights(databases=["default"]) == []
