"""The rehearsal from the template of the release that the ISPs are at: as good as one from nothing, and undone."""

import pytest
from django.db import connection

from core.scope import public_scope
from tenants.fleet import capture as module
from tenants.fleet.capture import RehearsalFailed, capture
from tenants.fleet.plan import Route, behind
from tenants.fleet.run import run_fleet
from tenants.models import SchemaTemplate
from tenants.releases import current_release

COLOUR = 'migrations.AddField("gadget", "colour", models.CharField(max_length=9, default="red")),'
SEED = "migrations.RunSQL(\"INSERT INTO payments_gadget (name) VALUES ('seed'), ('seed')\"),"
UNIQUE = 'migrations.AlterField("gadget", "name", models.CharField(max_length=40, unique=True)),'
CODE = """
def fill(apps, schema_editor):
    apps.get_model("payments", "Gadget").objects.update(colour="blue")
"""


@pytest.fixture
def made(fleet, migrate):
    """Three ISPs at a release with rows of its own, whose template `migrate` has made."""
    isps = fleet.make(3)
    fleet.release("0002_seed", SEED)
    migrate()
    with public_scope():
        assert SchemaTemplate.objects.get(release=current_release()).ddl
    return isps


@pytest.fixture
def replayed(monkeypatch):
    """How many migrations each rehearsal found done in the schema that it began with."""
    counts = []
    real = module._begun
    monkeypatch.setattr(module, "_begun", lambda *args: counts.append(found := real(*args)) or found)
    return counts


def test_what_is_new_comes_out_as_it_does_from_nothing_and_is_undone(fleet, made):
    old = current_release()
    fleet.release("0003_colour", COLOUR)
    fleet.release("0004_code", "migrations.RunPython(fill),", before=CODE)
    fleet.release("0005_unique", UNIQUE.replace("unique=True", "db_index=True"))
    before = fleet.ask("SELECT nspname FROM pg_namespace ORDER BY 1")
    from_template, from_nothing = capture(Route(), {old}), capture(Route())
    new = [("payments", name) for name in ("0003_colour", "0004_code", "0005_unique")]
    assert list(from_template) == new
    assert from_template == {key: from_nothing[key] for key in new}
    assert from_template[new[1]] is None
    assert fleet.ask("SELECT nspname FROM pg_namespace ORDER BY 1") == before
    assert run_fleet().done == 3
    assert {tuple(fleet.recorded(isp)) for isp in made} == {tuple(fleet.names)}


@pytest.mark.parametrize(
    ("operations", "error"),
    [
        ('migrations.RunSQL("SELECT 1 / 0"),', "DivisionByZero"),
        (UNIQUE, "UniqueViolation"),  # for the rows that each ISP of the old release has
    ],
)
def test_what_is_broken_for_everybody_is_found_before_anybody_is_touched(fleet, made, replayed, operations, error):
    fleet.release("0003_colour", COLOUR)
    fleet.release("0004_broken", operations)
    with pytest.raises(RehearsalFailed, match=r"payments\.0004_broken") as failed:
        run_fleet()
    assert type(failed.value.__cause__.__cause__).__name__ == error
    assert len(replayed) == 1
    assert ("payments", "0002_seed") in replayed[0]
    assert {tuple(fleet.recorded(isp)) for isp in made} == {("0001_initial", "0002_seed")}
    assert len(behind()) == 3


def test_in_an_empty_schema_the_same_would_pass(fleet, made, migrate, monkeypatch):
    """The control of the old release's rows: without them the rehearsal is content, and each ISP fails by itself."""
    with public_scope():
        template = SchemaTemplate.objects.get()
        template.ddl = template.ddl.replace("('seed'), ('seed')", "('seed')")
        template.save()
    fleet.release("0003_unique", UNIQUE)
    assert len(run_fleet().failures) == 3


def test_with_several_releases_or_no_template_all_migrations_are_rehearsed(fleet, made, migrate, replayed):
    old = current_release()
    fleet.release("0003_colour", COLOUR)
    migrate(isp=made[0].slug)
    middle = current_release()
    fleet.release("0004_unique", UNIQUE.replace("unique=True", "db_index=True"))
    whole = capture(Route())
    assert len(whole) == 4
    for releases in ({old, middle}, {"unknown"}, {""}, set()):
        assert capture(Route(), releases) == whole
    with public_scope():
        SchemaTemplate.objects.filter(release=old).update(ddl="SELECT nothing")
    assert capture(Route(), {old}) == whole
    assert replayed[1:] == [set()] * 6
    assert run_fleet().done == 3
    assert not connection.in_atomic_block


def test_an_isp_that_has_less_than_its_release_says_runs_what_was_not_rehearsed(fleet, made):
    fleet.do(made[1], "DELETE FROM django_migrations WHERE name = '0002_seed'")
    fleet.do(made[1], "DELETE FROM payments_gadget")
    fleet.release("0003_colour", COLOUR)
    assert run_fleet().done == 3
    assert fleet.recorded(made[1]) == fleet.names
    assert fleet.ask(f'SELECT name FROM "{made[1].schema_name}".payments_gadget') == ["seed", "seed"]


@pytest.mark.parametrize("operations", ['migrations.RunSQL("SELECT 1 / 0"),', "migrations.RunPython(fill),"])
def test_an_old_migration_that_was_broken_since_is_told_where_all_are_run(fleet, made, migrate, capsys, operations):
    """The ISPs have it and are migrated; a new one could not be made, which must not go unnoticed."""
    fleet.withdraw("0002_seed")
    fleet.release("0002_seed", operations, before="def fill(apps, schema_editor):\n    raise ValueError")
    fleet.release("0003_colour", COLOUR)
    with pytest.raises(SystemExit) as ended:
        migrate()
    assert ended.value.code == 1
    assert "The template for new ISPs could not be made" in capsys.readouterr().err
    assert behind() == []
    assert {tuple(fleet.recorded(isp)) for isp in made} == {tuple(fleet.names)}
