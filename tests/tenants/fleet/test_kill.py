"""A run over a hundred ISPs, killed again and again: each ISP has each migration whole and once, or not at all."""

import multiprocessing
import os
import random
import signal
import sys
import time

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.scope import isp_scope, public_scope
from tenants.fleet import crew, replay, shortcut
from tenants.fleet.marks import FailedMigration
from tenants.fleet.plan import behind
from tests.tenants.fleet.test_replay import COLOUR

ISPS, KILLS = 100, 20
LOCKED = 3  # what a second run exits with
SLOWLY = 'migrations.RunSQL("SELECT pg_sleep(0.01)"),'
ROW = "migrations.RunSQL(\"INSERT INTO payments_gadget (name, colour) VALUES ('by sql', 'red')\"),"
BY_PYTHON = """
def add(apps, schema_editor):
    apps.get_model("payments", "Gadget").objects.create(name="by python")
"""
# What each migration leaves: a column, or a row with this name. A second application would fail or leave a second row.
COLUMNS = {"0002_colour": "colour"}
ROWS = {"0003_python": "by python", "0004_sql": "by sql"}


def start(change: object = None, **options: object) -> multiprocessing.Process:
    """`manage.py migrate` in a process of its own, which tells by `at_isps` when it comes to the ISPs."""
    context = multiprocessing.get_context("fork")
    at_isps = context.Event()

    def run() -> None:
        go = crew.Crew.go
        crew.Crew.go = lambda self, todo, **how: (at_isps.set() if todo else None, go(self, todo, **how))[1]
        if change is not None:
            change()
        try:
            call_command("migrate", verbosity=0, skip_checks=True, **options)
        except SystemExit as end:
            os._exit(end.code)
        except CommandError as error:
            os._exit(error.returncode)
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(99)
        os._exit(0)

    connection.close()
    process = context.Process(target=run)
    process.start()
    process.at_isps = at_isps
    return process


def kill_again_and_again(fleet, dice: random.Random, change: object = None) -> int:
    """Start and kill the run KILLS times, with more to do whenever it was faster. Returns how often it died at work."""
    killed = at_work = 0
    while killed < KILLS:
        process = start(change)
        if dice.random() < 0.8:  # else it may die at whatever comes before the ISPs
            while process.is_alive() and not process.at_isps.wait(0.01):
                pass
        process.join(dice.uniform(0, 0.5))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            killed += 1
            at_work += 0 < len(behind()) < ISPS
        process.join()
        if process.exitcode == 0:
            add_column(fleet)
        elif change is None:
            # Killed, or too early: the server has not yet seen that the last one died.
            assert process.exitcode in {-signal.SIGKILL, LOCKED}
    return at_work


def add_column(fleet) -> None:
    name = f"extra{len(fleet.names)}"
    field = f'migrations.AddField("gadget", "{name}", models.IntegerField(null=True)),'
    fleet.release(f"{len(fleet.names) + 1:04}_{name}", field + SLOWLY)
    platform_first()


def platform_first() -> None:
    """The platform's own schema, so that the kills meet the fleet."""
    call_command("migrate", app_label="payments", verbosity=0, skip_checks=True)


def finish() -> int:
    """Run to the end; the server may take a moment to see that the last one died."""
    code = LOCKED
    for _ in range(100):
        process = start()
        process.join()
        code = process.exitcode
        if code != LOCKED:
            break
        time.sleep(0.1)
    return code


def wrongs(fleet, isps) -> list[str]:
    """Where an ISP's tables are not what its records say."""
    wrong = []
    for isp in isps:
        recorded = fleet.recorded(isp)
        if recorded != fleet.names[: len(recorded)]:
            wrong.append(f"{isp.slug}: records {recorded}")
        extra = {name: name.split("_")[1] for name in fleet.names if "extra" in name}
        wanted = {"id", "name"} | {column for name, column in {**COLUMNS, **extra}.items() if name in recorded}
        if set(fleet.columns(isp)) != wanted:
            wrong.append(f"{isp.slug}: columns {fleet.columns(isp)} at {recorded}")
        rows = sorted(fleet.ask(f'SELECT name FROM "{isp.schema_name}".payments_gadget'))
        if rows != sorted(row for name, row in ROWS.items() if name in recorded):
            wrong.append(f"{isp.slug}: rows {rows} at {recorded}")
        if (fleet.fresh(isp).release == fleet.current()) != (recorded == fleet.names):
            wrong.append(f"{isp.slug}: release at {recorded}")
    return wrong


@pytest.fixture
def made(fleet, migrate):
    isps = fleet.make(ISPS)
    migrate()
    fleet.release("0002_colour", COLOUR + SLOWLY)
    fleet.release("0003_python", "migrations.RunPython(add)," + SLOWLY, before=BY_PYTHON)
    fleet.release("0004_sql", ROW + SLOWLY)
    platform_first()
    return isps


@pytest.mark.long
def test_a_run_killed_at_twenty_random_points_converges(fleet, made):
    dice = random.Random(3)
    assert kill_again_and_again(fleet, dice) >= KILLS // 4
    assert wrongs(fleet, made) == []
    assert finish() == 0
    assert wrongs(fleet, made) == []
    assert behind() == []
    with public_scope():
        assert not FailedMigration.objects.exists()
    assert {tuple(fleet.recorded(isp)) for isp in made} == {tuple(fleet.names)}


def kill_in_the_middle_of_a_message(fleet, isps, change: object = None) -> int:
    """Have one connection send all ISPs in one message and kill the process meanwhile. Returns how many were done."""

    def all_at_once() -> None:
        crew._some = lambda waiting, size: [waiting.popleft() for _ in range(len(waiting))]
        if change is not None:
            change()

    process = start(all_at_once, parallel=1)
    deadline = time.monotonic() + 30
    while len(behind()) > ISPS - 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return ISPS - len(behind())


@pytest.fixture
def plain(fleet, migrate):
    isps = fleet.make(ISPS)
    migrate()
    fleet.release("0002_colour", COLOUR + SLOWLY)
    platform_first()
    return isps


def test_a_run_killed_in_the_middle_of_a_message_for_all_converges(fleet, plain):
    assert 0 < kill_in_the_middle_of_a_message(fleet, plain) < ISPS
    # The server may be going on with what it was sent: each ISP is whole all the same, also for the next run.
    assert wrongs(fleet, plain[:5]) == []
    assert finish() == 0
    assert wrongs(fleet, plain) == []
    assert behind() == []
    with public_scope():
        assert not FailedMigration.objects.exists()


def test_with_the_record_in_a_transaction_after_the_change_it_leaves_a_wrong_state(fleet, plain):
    """The control of the transactions in such a message."""

    def apart() -> None:
        real = shortcut.Stage.text

        def text(stage, isp):
            later = f'COMMIT; BEGIN; SELECT pg_sleep(0.3); INSERT INTO "{isp.schema_name}".django_migrations'
            return real(stage, isp).replace("INSERT INTO django_migrations", later)

        shortcut.Stage.text = text

    kill_in_the_middle_of_a_message(fleet, plain, apart)
    stop_the_server_processes()
    assert wrongs(fleet, plain) != []


def stop_the_server_processes() -> None:
    """As if the server had been stopped as well."""
    with public_scope(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.long
def test_with_records_in_a_transaction_of_their_own_kills_leave_a_wrong_state(fleet, made):
    """The control: the same kills, and a record that is written after the change was committed."""
    change, record, records = replay._apply, replay.record, replay.records

    def apart() -> None:
        def later(isp, key, route, *args):
            def write():
                time.sleep(0.005)
                with isp_scope(isp), transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(record(records(key, route, set())))

            transaction.on_commit(write)
            change(isp, key, route, *args)

        replay._apply, replay.record = later, lambda *args: "SELECT 1"

    kill_again_and_again(fleet, random.Random(3), apart)
    assert wrongs(fleet, made) != []
