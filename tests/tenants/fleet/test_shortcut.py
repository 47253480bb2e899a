"""The way of one text for each ISP: taken where it may be, and never past what an ISP really has."""

import pytest
from django.db import DatabaseError, connection, transaction

from core.scope import NoScope, ScopeError, owner_scope
from tenants.fleet import replay, shortcut
from tenants.fleet.plan import behind
from tenants.fleet.run import run_fleet
from tenants.releases import current_release

COLOUR = 'migrations.AddField("gadget", "colour", models.CharField(max_length=9, default="red")),'
SIZE = 'migrations.AddField("gadget", "size", models.IntegerField(null=True)),'


@pytest.fixture
def made(fleet, migrate):
    """Three ISPs at the first release."""
    isps = fleet.make(3)
    migrate()
    return isps


@pytest.fixture
def sent(monkeypatch):
    """The texts that are sent, each with the schema it is for."""
    texts = []
    real = type(connection._connections[connection._alias]).run_whole

    def note(self, sql):
        texts.append((self.schema_name, sql))
        real(self, sql)

    monkeypatch.setattr(type(connection._connections[connection._alias]), "run_whole", note)
    return texts


@pytest.fixture
def looked(monkeypatch):
    """The slugs of the ISPs that took the other way."""
    slugs = []
    real = replay._advance
    monkeypatch.setattr(replay, "_advance", lambda isp, *args: slugs.append(isp.slug) or real(isp, *args))
    return slugs


def test_each_plain_migration_is_one_text_for_an_isp(fleet, made, sent, looked):
    fleet.release("0002_colour", COLOUR)
    fleet.release("0003_size", SIZE)
    assert run_fleet(parallel=1).done == 3
    assert [schema for schema, _ in sent] == [isp.schema_name for isp in made for _ in range(2)]
    assert looked == []
    for isp in made:
        assert fleet.columns(isp) == ["id", "name", "colour", "size"]
        assert fleet.recorded(isp) == fleet.names
        assert fleet.fresh(isp).release == current_release()
    assert behind() == []


def test_a_migration_with_code_is_not(fleet, made, sent, looked):
    fleet.release("0002_colour", COLOUR)
    fleet.release("0003_code", "migrations.RunPython(lambda apps, editor: None)")
    assert run_fleet(parallel=1).done == 3
    assert (sent, looked) == ([], [isp.slug for isp in made])


def test_an_isp_that_has_less_than_its_release_says_gets_all_it_lacks(fleet, made, looked):
    fleet.release("0002_colour", COLOUR)
    run_fleet()
    fleet.do(made[2], "ALTER TABLE payments_gadget DROP COLUMN colour")
    fleet.do(made[2], "DELETE FROM django_migrations WHERE name = '0002_colour'")
    fleet.release("0003_size", SIZE)
    assert run_fleet(parallel=1).done == 3
    assert looked == [made[2].slug]
    assert fleet.columns(made[2]) == ["id", "name", "colour", "size"]


def test_without_the_look_at_its_records_it_would_be_passed_over(fleet, made, monkeypatch):
    """The control of the digest."""
    fleet.release("0002_colour", COLOUR)
    run_fleet()
    fleet.do(made[2], "ALTER TABLE payments_gadget DROP COLUMN colour")
    fleet.do(made[2], "DELETE FROM django_migrations WHERE name = '0002_colour'")
    fleet.release("0003_size", SIZE)
    monkeypatch.setattr(shortcut, "_DIGEST", "0")
    assert run_fleet(parallel=1).done == 3
    assert fleet.columns(made[2]) == ["id", "name", "size"]
    assert behind() == []


def test_an_isp_that_was_migrated_but_not_noted_is_only_noted(fleet, made, looked):
    """As after a run that was killed between two of its ISPs' stages."""
    fleet.release("0002_colour", COLOUR)
    run_fleet()
    for isp in made[1:]:
        fleet.do(isp, f"UPDATE public.tenants_isp SET release = 'older' WHERE id = {isp.pk}")
    assert run_fleet(parallel=1).done == 2
    assert [fleet.recorded(isp) for isp in made] == [fleet.names] * 3
    assert behind() == []


def test_a_text_that_fails_leaves_nothing_and_is_told_like_any_failure(fleet, made, looked):
    fleet.do(made[1], "ALTER TABLE payments_gadget ADD COLUMN colour integer")
    fleet.release("0002_colour", COLOUR)
    report = run_fleet(parallel=1)
    assert [failure.isp.slug for failure in report.failures] == looked == [made[1].slug]
    assert fleet.recorded(made[1]) == ["0001_initial"]
    assert fleet.fresh(made[1]).release != current_release()
    assert fleet.columns(made[0]) == fleet.columns(made[2]) == ["id", "name", "colour"]


def test_a_connection_that_is_lost_is_made_again(fleet, made, looked, monkeypatch):
    fleet.release("0002_colour", COLOUR)
    real, cut = shortcut.Stage.text, []

    def lose(stage, isp):
        if isp.pk == made[1].pk and not cut:
            cut.append(isp)
            connection.connection.close()
        return real(stage, isp)

    monkeypatch.setattr(shortcut.Stage, "text", lose)
    report = run_fleet(parallel=1)
    assert (len(cut), report.done, report.failures, looked) == (1, 3, [], [made[1].slug])


def run(isp, sql):
    with owner_scope(isp):
        connection.run_whole(sql)


def test_a_text_is_one_transaction_in_the_scope_and_leaves_nothing_on_the_connection(fleet, made):
    run(made[0], "INSERT INTO payments_gadget (name) VALUES ('a'); INSERT INTO payments_gadget (name) VALUES ('b')")
    assert connection.connection.execute("SHOW search_path").fetchone() == ('"$user", public',)
    with pytest.raises(DatabaseError):
        run(made[0], "INSERT INTO payments_gadget (name) VALUES ('c'); SELECT 1 / 0")
    assert fleet.ask(f'SELECT name FROM "{made[0].schema_name}".payments_gadget ORDER BY 1') == ["a", "b"]
    assert fleet.ask(f'SELECT name FROM "{made[1].schema_name}".payments_gadget') == []


def test_a_text_needs_a_scope_and_no_transaction_and_moves_no_path(fleet, made):
    with pytest.raises(NoScope):
        connection.run_whole("SELECT 1")
    with pytest.raises(ScopeError, match="search path"):
        run(made[0], f"SET LOCAL search_path TO {made[1].schema_name}; DELETE FROM payments_gadget")
    with owner_scope(made[0]), transaction.atomic(), pytest.raises(ScopeError, match="transaction"):
        connection.run_whole("SELECT 1")
