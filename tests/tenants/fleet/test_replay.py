"""What a run does to the schemas of ISPs."""

import threading
import time

import pytest
from django.db import connection, transaction

from core.scope import isp_scope, public_scope
from tenants.fleet import replay
from tenants.fleet.capture import NeedsNoTransaction, RehearsalFailed, capture
from tenants.fleet.marks import FailedMigration
from tenants.fleet.plan import Route, behind
from tenants.fleet.run import run_fleet
from tenants.fleet.shortcut import Shortcuts
from tenants.releases import current_release

COLOUR = 'migrations.AddField("gadget", "colour", models.CharField(max_length=9, default="red")),'
UNIQUE = 'migrations.AddConstraint("gadget", models.UniqueConstraint(fields=["name"], name="one_name")),'
TRIGGER = '''migrations.RunSQL("""
    CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
    CREATE TRIGGER shout BEFORE INSERT ON payments_gadget FOR EACH ROW EXECUTE FUNCTION shout(); """),'''
FILL = """
def fill(apps, schema_editor):
    Gadget = apps.get_model("payments", "Gadget")
    Gadget.objects.update(name="touched")
    Gadget.objects.create(name=f"made beside {Gadget.objects.count()}")
"""


@pytest.fixture
def made(fleet, migrate):
    """Three ISPs at the first release."""
    isps = fleet.make(3)
    migrate()
    return isps


@pytest.fixture
def looking(monkeypatch):
    """No ISP takes the way of one text."""
    monkeypatch.setattr(Shortcuts, "take", lambda *args: 0)


def marks() -> dict[str, tuple[str, str]]:
    with public_scope():
        return {mark.isp.slug: (mark.migration, mark.error) for mark in FailedMigration.objects.select_related("isp")}


def test_a_new_column_comes_to_every_isp(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    migrate()
    for isp in made:
        assert fleet.columns(isp) == ["id", "name", "colour"]
        assert fleet.recorded(isp) == ["0001_initial", "0002_colour"]
        assert fleet.fresh(isp).release == current_release()
    assert behind() == []


def test_isps_at_different_releases_get_what_each_lacks_in_order(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    migrate(isp=made[0].slug)
    fleet.do(made[1], "INSERT INTO payments_gadget (name) VALUES ('old')")
    fleet.release("0003_fill", "migrations.RunPython(fill)", before=FILL)
    fleet.release("0004_trigger", TRIGGER)
    fleet.release("0005_size", 'migrations.AddField("gadget", "size", models.IntegerField(null=True))')
    newest = fleet.make(1, prefix="later")[0]
    migrate()
    for isp in [*made, newest]:
        assert fleet.columns(isp) == ["id", "name", "colour", "size"]
        assert fleet.recorded(isp) == fleet.names
        fleet.do(isp, "INSERT INTO payments_gadget (name, colour) VALUES ('loud', 'x')")
    names = 'SELECT name FROM "{}".payments_gadget ORDER BY id'
    assert fleet.ask(names.format(made[1].schema_name)) == ["touched", "made beside 1", "LOUD"]
    assert fleet.ask(names.format(made[2].schema_name)) == ["made beside 0", "LOUD"]


def test_sql_is_taken_down_once_and_replayed(fleet, made, migrate, monkeypatch):
    fleet.release("0002_colour", COLOUR)
    applied = []
    from django.db.migrations import AddField

    real = AddField.database_forwards
    monkeypatch.setattr(AddField, "database_forwards", lambda self, *args: applied.append(self) or real(self, *args))
    assert run_fleet(parallel=1).done == 3
    assert len(applied) == 1


def test_the_rehearsal_leaves_no_schema(fleet, made):
    fleet.release("0002_colour", COLOUR)
    before = fleet.ask("SELECT nspname FROM pg_namespace ORDER BY 1")
    sql = capture(Route())
    assert 'ADD COLUMN "colour"' in sql["payments", "0002_colour"]
    assert fleet.ask("SELECT nspname FROM pg_namespace ORDER BY 1") == before


def test_a_default_with_signs_of_its_own_arrives_as_it_is(fleet, made, migrate):
    for isp in made:
        fleet.do(isp, "INSERT INTO payments_gadget (name) VALUES ('old')")
    fleet.release("0002_note", 'migrations.AddField("gadget", "note", models.TextField(default="100 % of \'it\'; %s"))')
    migrate()
    for isp in made:
        assert fleet.ask(f'SELECT note FROM "{isp.schema_name}".payments_gadget') == ["100 % of 'it'; %s"]


def test_a_value_that_code_makes_is_never_the_same_for_two_isps(fleet, made, migrate):
    for isp in made:
        fleet.do(isp, "INSERT INTO payments_gadget (name) VALUES ('old')")
    field = "models.UUIDField(default=uuid.uuid4)"
    fleet.release("0002_key", f'migrations.AddField("gadget", "key", {field})', before="import uuid")
    migrate()
    keys = [fleet.ask(f'SELECT key FROM "{isp.schema_name}".payments_gadget')[0] for isp in made]
    assert len(set(keys)) == 3


def test_such_a_value_replayed_as_sql_would_be_the_same_for_all(fleet, made, migrate, monkeypatch):
    for isp in made:
        fleet.do(isp, "INSERT INTO payments_gadget (name) VALUES ('old')")
    monkeypatch.setattr("tenants.fleet.capture._makes_values", lambda field: False)
    field = "models.UUIDField(default=uuid.uuid4)"
    fleet.release("0002_key", f'migrations.AddField("gadget", "key", {field})', before="import uuid")
    migrate()
    keys = [fleet.ask(f'SELECT key FROM "{isp.schema_name}".payments_gadget')[0] for isp in made]
    assert len(set(keys)) == 1


def test_an_isp_whose_migration_fails_is_left_alone_and_marked_until_it_succeeds(fleet, made, migrate, capsys):
    bad = made[1]
    fleet.do(bad, "INSERT INTO payments_gadget (name) VALUES ('secret'), ('secret')")
    old = current_release()
    fleet.release("0002_colour", COLOUR)
    fleet.release("0003_unique", UNIQUE)
    with pytest.raises(SystemExit) as ended:
        migrate()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert "1 ISP failed" in told
    assert f"{bad.slug}: payments.0003_unique: UniqueViolation" in told
    assert "secret" not in told
    assert [isp.slug for isp in behind()] == [bad.slug]
    assert fleet.fresh(bad).release == old
    assert fleet.recorded(bad) == ["0001_initial", "0002_colour"]
    assert fleet.recorded(made[2]) == ["0001_initial", "0002_colour", "0003_unique"]
    ((marked, (migration, error)),) = marks().items()
    assert (marked, migration) == (bad.slug, "payments.0003_unique")
    assert error.startswith("UniqueViolation")
    assert "secret" not in error

    fleet.do(bad, "DELETE FROM payments_gadget")
    migrate()
    assert marks() == {}
    assert fleet.fresh(bad).release == current_release()


def test_python_that_fails_at_one_isp_is_told_by_its_place_not_by_its_text(fleet, made, capsys):
    fleet.do(made[0], "INSERT INTO payments_gadget (name) VALUES ('canary-text')")
    code = """
def fail(apps, schema_editor):
    for gadget in apps.get_model("payments", "Gadget").objects.all():
        raise ValueError(gadget.name)
"""
    fleet.release("0002_fail", "migrations.RunPython(fail)", before=code)
    report = run_fleet()
    assert (report.done, [failure.isp.slug for failure in report.failures]) == (2, [made[0].slug])
    assert "ValueError in 0002_fail.py, line" in report.failures[0].line
    assert "canary-text" not in report.failures[0].line + marks()[made[0].slug][1]


def test_a_migration_that_is_broken_for_everybody_touches_nobody(fleet, made, migrate):
    fleet.release("0002_broken", COLOUR + 'migrations.RunSQL("SELECT no_such_column FROM payments_gadget")')
    with pytest.raises(RehearsalFailed, match="0002_broken"):
        run_fleet()
    assert {tuple(fleet.columns(isp)) for isp in made} == {("id", "name")}
    assert marks() == {}


@pytest.mark.parametrize(
    ("fields", "operation"),
    [
        ("atomic = False", 'AddIndexConcurrently("gadget", models.Index(fields=["name"], name="by_name")),'),
        ("", 'migrations.RunSQL("CREATE INDEX CONCURRENTLY by_name ON payments_gadget (name)"),'),
    ],
)
def test_what_cannot_run_in_a_transaction_is_refused_before_anything_is_touched(fleet, made, fields, operation):
    imported = "from django.contrib.postgres.operations import AddIndexConcurrently"
    fleet.release("0002_index", COLOUR + operation, fields=fields, before=imported)
    with pytest.raises(NeedsNoTransaction, match="0002_index"):
        run_fleet()
    assert {tuple(fleet.columns(isp)) for isp in made} == {("id", "name")}


def test_a_migration_that_is_not_atomic_becomes_a_transaction_all_the_same(fleet, made):
    fleet.do(made[0], "INSERT INTO payments_gadget (name) VALUES ('x'), ('x')")
    fleet.release("0002_two", COLOUR + UNIQUE, fields="atomic = False")
    report = run_fleet()
    assert [failure.isp.slug for failure in report.failures] == [made[0].slug]
    assert fleet.columns(made[0]) == ["id", "name"]
    assert fleet.columns(made[1]) == ["id", "name", "colour"]


def test_a_squashed_migration_is_only_noted_where_its_parts_are_applied(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    migrate()
    parts = '[("payments", "0001_initial"), ("payments", "0002_colour")]'
    from tests.tenants.fleet.conftest import INITIAL

    fleet.release("0001_squashed", INITIAL + COLOUR, fields=f"replaces = {parts}", after=[])
    newcomer = fleet.make(1, prefix="later")[0]
    migrate()
    for isp in [*made, newcomer]:
        assert fleet.columns(isp) == ["id", "name", "colour"]
        assert sorted(fleet.recorded(isp)) == ["0001_initial", "0001_squashed", "0002_colour"]


def test_parts_of_a_squashed_migration_are_a_failure_that_says_so(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    migrate(isp=made[0].slug)
    parts = '[("payments", "0001_initial"), ("payments", "0002_colour")]'
    from tests.tenants.fleet.conftest import INITIAL

    fleet.release("0001_squashed", INITIAL + COLOUR, fields=f"replaces = {parts}", after=[])
    report = run_fleet()
    assert {failure.isp.slug for failure in report.failures} == {made[1].slug, made[2].slug}
    assert "PartlySquashed" in report.failures[0].line


class _Holder:
    """Somebody whose open transaction has a table of an ISP locked."""

    def __init__(self, isp):
        self.isp, self.locked, self.release = isp, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._hold)

    def _hold(self):
        with isp_scope(self.isp), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE payments_gadget IN ACCESS SHARE MODE")
            self.locked.set()
            self.release.wait(20)
        connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.locked.wait(10)
        return self

    def __exit__(self, *exc):
        self.release.set()
        self.thread.join()


def test_a_lock_is_waited_for_briefly_and_tried_again(fleet, made, settings):
    settings.MIGRATION_LOCK_TIMEOUT = 0.05
    fleet.release("0002_colour", COLOUR)
    with _Holder(made[1]) as holder:
        threading.Timer(0.7, holder.release.set).start()
        report = run_fleet()
    assert (report.done, report.failures) == (3, [])
    assert fleet.columns(made[1]) == ["id", "name", "colour"]


def test_a_lock_that_is_never_given_up_stops_one_isp_alone_and_holds_nobody_up(fleet, made, settings):
    settings.MIGRATION_LOCK_TIMEOUT, settings.MIGRATION_LOCK_ATTEMPTS = 0.05, 2
    fleet.release("0002_colour", COLOUR)
    with _Holder(made[1]):
        begun = time.monotonic()
        report = run_fleet()
        assert time.monotonic() - begun < 10
    assert report.done == 2
    assert "LockNotAvailable" in report.failures[0].line
    assert run_fleet().done == 1


def test_a_connection_that_is_lost_is_made_again(fleet, made, looking, monkeypatch):
    fleet.release("0002_colour", COLOUR)
    real, cut = replay._apply, []

    def lose(isp, *args):
        if isp.pk == made[0].pk and not cut:
            cut.append(isp)
            connection.connection.close()
        real(isp, *args)

    monkeypatch.setattr(replay, "_apply", lose)
    report = run_fleet()
    assert (bool(cut), report.done, report.failures) == (True, 3, [])


def test_an_isp_deleted_meanwhile_is_no_failure(fleet, made, monkeypatch):
    fleet.release("0002_colour", COLOUR)
    real = Shortcuts.take

    def delete_first(shortcuts, isps):
        if made[0].pk in {isp.pk for isp in isps}:
            with public_scope(), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("DELETE FROM tenants_isp WHERE id = %s", [made[0].pk])
                cursor.execute(f'DROP SCHEMA "{made[0].schema_name}" CASCADE')
        return real(shortcuts, isps)

    monkeypatch.setattr(Shortcuts, "take", delete_first)
    report = run_fleet()
    assert (report.done, report.failures) == (3, [])


def test_a_record_written_apart_from_the_change_would_apply_it_twice(fleet, made, looking, monkeypatch):
    """The control: one transaction for change and record is what makes a killed run converge."""
    fleet.release("0002_colour", COLOUR)

    class Killed(BaseException):
        pass

    def killed_before_the_record(*args):
        transaction.on_commit(lambda: (_ for _ in ()).throw(Killed))
        return "SELECT 1"

    with monkeypatch.context() as apart:
        apart.setattr(replay, "record", killed_before_the_record)
        apart.setattr(replay, "arrive", lambda *args: "SELECT 1")
        with pytest.raises(Killed):
            run_fleet(parallel=1)
    report = run_fleet(parallel=1)
    assert [failure.error.split(":")[0] for failure in report.failures] == ["DuplicateColumn"]
