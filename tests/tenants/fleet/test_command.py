"""`manage.py migrate` as its user meets it."""

import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from core.scope import public_scope
from tenants.fleet.plan import behind
from tenants.fleet.progress import Progress
from tenants.fleet.report import Report
from tenants.fleet.run import AlreadyRunning, only_one, run_fleet
from tests.tenants.fleet.test_replay import COLOUR, UNIQUE


def told(**options: object) -> str:
    out = io.StringIO()
    call_command("migrate", stdout=out, skip_checks=True, **options)
    return out.getvalue()


@pytest.fixture
def made(fleet, migrate):
    isps = fleet.make(4)
    migrate()
    return isps


def test_nothing_to_do_costs_the_same_for_one_isp_and_for_thirty(fleet, migrate, made):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert "All ISPs are up to date." in told()
        return [query["sql"] for query in asked]

    few = queries()
    fleet.make(30, prefix="many")
    migrate()
    many = queries()
    assert len(many) == len(few)
    assert len(many) < 15
    assert not any("t_" in sql and "django_migrations" in sql and "SELECT app" in sql for sql in many)


def test_the_isps_migrations_are_noted_in_the_platforms_schema_and_do_nothing_there(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    assert "The platform's schema is up to date." in told()
    noted = "SELECT name FROM public.django_migrations WHERE app = 'payments' AND name = '0002_colour'"
    assert fleet.ask(noted) == ["0002_colour"]
    assert fleet.ask("SELECT to_regclass('public.payments_gadget')") == [None]


def test_one_query_tells_who_is_behind(fleet, made):
    fleet.release("0002_colour", COLOUR)
    with CaptureQueriesContext(connection) as asked:
        assert [isp.slug for isp in behind()] == [isp.slug for isp in made]
    assert len(asked) == 1


def test_check_lists_who_is_behind_and_changes_nothing(fleet, made, capsys):
    assert told(check_unapplied=True) == ""
    fleet.release("0002_colour", COLOUR)
    with pytest.raises(SystemExit) as ended:
        call_command("migrate", check_unapplied=True, skip_checks=True)
    assert ended.value.code == 1
    lines = capsys.readouterr().out.splitlines()
    assert "The platform's schema lacks migrations: 1." in lines
    assert [line for line in lines if ": at release" in line] == [
        f"{isp.slug}: at release {fleet.fresh(isp).release}" for isp in made
    ]
    assert fleet.columns(made[0]) == ["id", "name"]


def test_plan_shows_isps_that_lack_the_same_together_and_changes_nothing(fleet, made, migrate):
    fleet.release("0002_colour", COLOUR)
    migrate(isp=made[0].slug)
    fleet.release("0003_unique", UNIQUE)
    text = told(plan=True)
    assert re.search(rf"3 ISPs \({made[1].slug}.*\):\n    payments.0002_colour\n    payments.0003_unique\n", text)
    assert f"1 ISP ({made[0].slug}):\n    payments.0003_unique\n" in text
    assert fleet.columns(made[1]) == ["id", "name"]


def test_one_isp_can_be_named(fleet, made):
    fleet.release("0002_colour", COLOUR)
    assert "Migrated 1 ISP." in told(isp=made[2].slug)
    assert [isp.slug for isp in behind()] == [made[0].slug, made[1].slug, made[3].slug]


def test_an_unknown_slug_is_one_line_and_nothing_happens(fleet, made):
    fleet.release("0002_colour", COLOUR)
    with pytest.raises(CommandError) as refused:
        told(isp="nobody")
    assert (str(refused.value), refused.value.returncode) == ("No ISP has the slug nobody.", 2)
    assert len(behind()) == 4


@pytest.mark.parametrize("options", [{"parallel": 0}, {"canary": -1}])
def test_numbers_that_make_no_sense_are_one_line(fleet, options):
    with pytest.raises(CommandError) as refused:
        told(**options)
    assert refused.value.returncode == 2


def test_a_canary_that_fails_keeps_the_fleet_as_it_was(fleet, made, capsys):
    fleet.do(made[1], "INSERT INTO payments_gadget (name) VALUES ('x'), ('x')")
    fleet.release("0002_unique", UNIQUE)
    with pytest.raises(SystemExit):
        call_command("migrate", canary=2, verbosity=0, skip_checks=True)
    assert [isp.slug for isp in behind()] == [isp.slug for isp in made[1:]]
    said = capsys.readouterr().err
    assert "A canary failed. 2 ISPs not begun; run it again to go on." in said


def test_canaries_that_do_well_are_followed_by_all_others(fleet, made):
    fleet.release("0002_unique", UNIQUE)
    assert "Migrated 4 ISPs." in told(canary=2)
    assert behind() == []


def template(fleet):
    """The template of the release of the code, if there is one, and why it cannot be replayed."""
    sql = "SELECT why_not || '.' FROM tenants_schematemplate WHERE release = %s AND (ddl <> '' OR why_not <> '')"
    return fleet.ask(sql, fleet.current())


def test_a_release_comes_with_its_template(fleet, made, migrate, monkeypatch):
    fleet.release("0002_colour", COLOUR)
    assert template(fleet) == []
    migrate()
    assert template(fleet) == ["."]
    # The second time nothing is made anew.
    monkeypatch.setattr("tenants.template._verified", None)
    migrate()
    assert template(fleet) == ["."]


def test_a_release_that_cannot_be_replayed_says_so_and_is_migrated(fleet, made, capsys):
    code = "import uuid\n\ndef write(apps, schema_editor):\n"
    code += "    apps.get_model('payments', 'Gadget').objects.create(name=uuid.uuid4().hex)\n"
    fleet.release("0002_random", "migrations.RunPython(write),", before=code)
    call_command("migrate", verbosity=0, skip_checks=True)
    assert "The release has no template for new ISPs: They write something different" in capsys.readouterr().err
    assert behind() == []


def test_a_run_that_canaries_ended_makes_no_template(fleet, made):
    fleet.release("0002_unique", UNIQUE)
    fleet.do(made[0], "INSERT INTO payments_gadget (name) VALUES ('x'), ('x')")
    with pytest.raises(SystemExit):
        call_command("migrate", verbosity=0, skip_checks=True, canary=1)
    assert template(fleet) == []


def test_a_second_run_at_the_same_time_is_refused_with_one_line(fleet, made):
    fleet.release("0002_colour", COLOUR)
    with only_one(), pytest.raises(CommandError, match="Another migrate is running") as refused:
        told()
    assert (refused.value.returncode, len(behind())) == (3, 4)
    assert "Migrated 4 ISPs." in told()


def test_the_lock_is_free_again_when_a_run_ends_badly(fleet):
    with pytest.raises(ZeroDivisionError), only_one():
        1 / 0  # noqa: B018
    with only_one(), pytest.raises(AlreadyRunning), only_one():
        pass


def test_the_lock_is_free_before_the_server_has_seen_the_connection_close(fleet, monkeypatch):
    left, kind = [], type(connections["default"])
    close = kind.close
    monkeypatch.setattr(kind, "close", lambda each: left.append(each))
    try:
        for _ in range(2):
            with only_one():
                pass
    finally:
        for each in left:
            close(each)
    assert len(left) == 2


def test_ctrl_c_ends_the_run_between_two_isps_and_the_next_one_goes_on(fleet, made, monkeypatch):
    fleet.release("0002_colour", COLOUR)

    def interrupt(report, total):
        if report.done == 1:
            raise KeyboardInterrupt

    report = run_fleet(parallel=1, tell=interrupt)
    assert (report.done, report.left, report.stopped_by) == (1, 3, "Interrupted.")
    assert run_fleet().done == 3


def test_isps_that_old_code_makes_meanwhile_are_migrated_too(fleet, made):
    fleet.release("0002_colour", COLOUR)
    late = []

    def make_one(report, total):
        if not late:
            late.extend(fleet.make(1, prefix="late"))

    report = run_fleet(parallel=1, tell=make_one)
    assert report.done == 5
    assert fleet.columns(late[0]) == ["id", "name", "colour"]


def test_the_platforms_schema_alone_is_left_to_djangos_command(fleet, made):
    fleet.release("0002_colour", COLOUR)
    told(app_label="payments")
    assert len(behind()) == 4


def test_a_terminal_gets_a_bar_with_rate_and_time_and_others_get_plain_lines():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, plain = Terminal(), io.StringIO()
    for out in (terminal, plain):
        progress = Progress(OutputWrapper(out))
        progress._begun = progress._told = progress._begun - 60
        progress(Report(done=30), 60)
        progress(Report(done=60), 60)
    drawn = terminal.getvalue().split("\r")
    assert "[###############...............] 30 of 60 ISPs, 0 a second, 1 min 0 s left" in drawn[1]
    assert drawn[2].endswith("60 of 60 ISPs, 1 a second, 0 s left\n")
    assert plain.getvalue().splitlines() == [
        "30 of 60 ISPs, 0 a second, 1 min 0 s left",
        "60 of 60 ISPs, 1 a second, 0 s left",
    ]


def test_an_empty_database_is_migrated_and_asked_about_without_a_traceback(fleet_database, django_db_blocker):
    from tests.tenants.fleet.conftest import _administer

    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
        _administer(f'CREATE DATABASE "{name}_empty"')
        connection.settings_dict["NAME"] = f"{name}_empty"
        try:
            with pytest.raises(CommandError, match="No ISP has the slug nobody"):
                told(isp="nobody")
            with pytest.raises(SystemExit):
                told(check_unapplied=True)
            assert "All ISPs are up to date." in told(plan=True)
            assert "All ISPs are up to date." in told()
            with public_scope():
                assert told(check_unapplied=True) == ""
        finally:
            connection.settings_dict["NAME"] = name
            _administer(f'DROP DATABASE "{name}_empty"')
