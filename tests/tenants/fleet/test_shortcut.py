"""The way of texts, those of several ISPs at once: taken where it may be, and never past what an ISP really has."""

import pytest
from django.db import DatabaseError, connection, transaction

from core.scope import ScopeConflict, ScopeError, owner_scope, public_scope
from tenants.fleet import crew, replay, run, shortcut
from tenants.fleet.marks import FailedMigration
from tenants.fleet.plan import behind
from tenants.fleet.run import run_fleet
from tenants.releases import current_release

COLOUR = 'migrations.AddField("gadget", "colour", models.CharField(max_length=9, default="red")),'
FIELD = "models.IntegerField(null=True)"
SIZE = 'migrations.AddField("gadget", "size", models.IntegerField(null=True)),'


@pytest.fixture
def made(fleet, migrate):
    """Three ISPs at the first release."""
    isps = fleet.make(3)
    migrate()
    return isps


@pytest.fixture
def sent(monkeypatch):
    """The messages that are sent: the schema of each of their transactions."""
    messages = []
    real = type(connection._connections[connection._alias]).run_whole

    def note(self, works):
        messages.append([isp.schema_name for isp, _ in works])
        real(self, works)

    monkeypatch.setattr(type(connection._connections[connection._alias]), "run_whole", note)
    return messages


@pytest.fixture
def many(monkeypatch):
    """As many ISPs at once as there are, from the first message on, whatever they take."""
    monkeypatch.setattr(crew, "_some", lambda waiting, size: [waiting.popleft() for _ in range(len(waiting))])


@pytest.fixture
def looked(monkeypatch):
    """The slugs of the ISPs that took the other way."""
    slugs = []
    real = replay._advance
    monkeypatch.setattr(replay, "_advance", lambda isp, *args: slugs.append(isp.slug) or real(isp, *args))
    return slugs


def test_each_plain_migration_is_a_transaction_for_an_isp_and_all_go_together(fleet, made, sent, looked, many):
    fleet.release("0002_colour", COLOUR)
    fleet.release("0003_size", SIZE)
    assert run_fleet(parallel=1).done == 3
    assert sent == [[isp.schema_name for isp in made for _ in range(2)]]
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


def test_one_of_those_sent_together_fails_alone(fleet, made, sent, looked, many):
    """The one before it stays, it takes the other way by itself, and the one after it is sent again."""
    test_a_text_that_fails_leaves_nothing_and_is_told_like_any_failure(fleet, made, looked)
    assert sent == [[isp.schema_name for isp in made], [made[2].schema_name]]
    assert [fleet.fresh(isp).release == current_release() for isp in made] == [True, False, True]
    with public_scope():
        assert [mark.isp_id for mark in FailedMigration.objects.all()] == [made[1].pk]


def test_in_one_transaction_the_failure_would_undo_the_others_too(fleet, made, looked, many, monkeypatch):
    """The control of the transactions: without them the message is one, and nobody in it gets there that way."""
    real = type(connection._connections[connection._alias])._send
    monkeypatch.setattr(
        type(connection._connections[connection._alias]),
        "_send",
        lambda self, sql: real(self, sql.replace("COMMIT;\nBEGIN;", "") if sql.startswith("BEGIN; ") else sql),
    )
    fleet.do(made[1], "ALTER TABLE payments_gadget ADD COLUMN colour integer")
    fleet.release("0002_colour", COLOUR)
    run_fleet(parallel=1)
    assert made[0].slug in looked


def test_who_cannot_be_told_to_have_got_there_is_looked_at(fleet, made, looked, many, monkeypatch):
    """As when the connection is lost and the server goes on: what it has done meanwhile is found, not done again."""
    real = shortcut.Shortcuts._arrived
    monkeypatch.setattr(shortcut.Shortcuts, "_arrived", lambda self, isps: real(self, isps) and 0)
    fleet.do(made[1], "ALTER TABLE payments_gadget ADD COLUMN colour integer")
    fleet.release("0002_colour", COLOUR)
    report = run_fleet(parallel=1)
    assert (report.done, [failure.isp.slug for failure in report.failures]) == (2, [made[1].slug])
    assert fleet.recorded(made[0]) == fleet.names


def test_a_mark_of_an_earlier_failure_goes_with_success(fleet, made, many):
    fleet.do(made[1], "ALTER TABLE payments_gadget ADD COLUMN colour integer")
    fleet.release("0002_colour", COLOUR)
    run_fleet()
    fleet.do(made[1], "ALTER TABLE payments_gadget DROP COLUMN colour")
    assert run_fleet().is_good
    with public_scope():
        assert not FailedMigration.objects.exists()


def test_how_many_go_together_depends_on_how_long_they_take(fleet, sent, migrate):
    isps = fleet.make(20)
    migrate()
    sent.clear()
    fleet.release("0002_slow", 'migrations.RunSQL("SELECT pg_sleep(0.06)"),')
    run_fleet(parallel=1)
    assert sent == [[isp.schema_name] for isp in isps]
    sent.clear()
    fleet.release("0003_size", SIZE)
    run_fleet(parallel=1)
    assert len(sent[0]) == 1 < max(map(len, sent))


@pytest.mark.parametrize("settles", [True, False], ids=["settled", "control"])
def test_what_was_committed_in_haste_is_on_the_disk_at_the_end(fleet, made, monkeypatch, settles):
    """The test's server waits for no disk by itself, so the connection asks it to. The control has no such end."""
    real, is_written = run.settle, []

    def settle():
        (there,) = fleet.ask("SELECT pg_current_wal_insert_lsn()::text")
        if settles:
            real()
        is_written.extend(fleet.ask("SELECT pg_current_wal_flush_lsn() >= %s::pg_lsn", there))

    monkeypatch.setattr(run, "settle", settle)
    for number in range(5):
        connection.connection.execute("SET synchronous_commit TO on")
        fleet.release(f"{number + 2:04}_more", f'migrations.AddField("gadget", "more{number}", {FIELD}),')
        assert run_fleet(parallel=1).done == 3
    assert len(is_written) == 5
    # Now and then the server is quicker.
    assert all(is_written) == settles


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


def names(fleet, isp):
    return fleet.ask(f'SELECT name FROM "{isp.schema_name}".payments_gadget ORDER BY 1')


def add(*values):
    return "; ".join(f"INSERT INTO payments_gadget (name) VALUES ('{value}')" for value in values)


def test_each_text_is_a_transaction_in_its_isps_scope_and_leaves_nothing_on_the_connection(fleet, made):
    connection.run_whole([(made[0], add("a", "b")), (made[1], add("c") + "-- a comment"), (made[0], add("d"))])
    assert (names(fleet, made[0]), names(fleet, made[1])) == (["a", "b", "d"], ["c"])
    assert connection.connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_the_text_that_fails_is_undone_those_before_it_stay_and_those_after_it_do_not_begin(fleet, made):
    with pytest.raises(DatabaseError):
        connection.run_whole([(made[0], add("a")), (made[1], add("b") + "; SELECT 1 / 0"), (made[2], add("c"))])
    assert [names(fleet, isp) for isp in made] == [["a"], [], []]
    with pytest.raises(DatabaseError):  # one that fails at its commit alone
        connection.run_whole(
            [
                (made[0], add("d")),
                (
                    made[1],
                    add("e") + "; ALTER TABLE payments_gadget ADD UNIQUE (name) DEFERRABLE "
                    "INITIALLY DEFERRED; " + add("e"),
                ),
                (made[2], add("f")),
            ]
        )
    assert [names(fleet, isp) for isp in made] == [["a", "d"], [], []]
    assert connection.connection.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_texts_need_that_no_transaction_and_no_other_isp_is_open_and_move_no_path(fleet, made):
    with pytest.raises(ScopeError, match="search path"):
        connection.run_whole(
            [(made[0], add("a")), (made[0], f"SET LOCAL search_path TO {made[1].schema_name}; {add('b')}")]
        )
    with owner_scope(made[0]), transaction.atomic(), pytest.raises(ScopeError, match="transaction"):
        connection.run_whole([(made[0], add("a"))])
    with owner_scope(made[1]), pytest.raises(ScopeConflict):
        connection.run_whole([(made[0], add("a"))])
    assert [names(fleet, isp) for isp in made] == [[], [], []]
