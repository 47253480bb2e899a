"""Billing runs begun at once, their workers killed and PostgreSQL restarted meanwhile: each invoice is there once.

Everything is real and of its own: a PostgreSQL and a Redis in a temporary folder, and processes that are killed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from core.embedded import Postgres, Redis
from tests import prepared
from tests.billing import runs_killed

ROOT = Path(__file__).resolve().parents[2]
PRICE = Decimal("499.99")
RUNS = 5


class Fire:
    """ISPs whose runs were begun, and the processes that work them off."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The server is stopped and started in this test, the machine is not: what is not yet on the disk is not lost.
        self.postgres, self.redis = Postgres(folder, fast=True), Redis(folder)
        self.url = self.postgres.start()
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.url,
            "REDIS_URL": self.redis.start(),
            "LASTMILE_DATA": str(folder),
            "LASTMILE_TESTING": "1",
            "TEST_SLOT": "0",
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "core.settings",
            "LOG_LEVEL": "ERROR",
        }
        self.log = (folder / "workers.log").open("ab")
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        prepared.load(self.url)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def prepare(self, isps: int, subscribers: int, defences: str = "all") -> None:
        self.environment["DEFENCES"] = defences
        program = runs_killed.__name__
        self.schemas = self.run("-m", program, "prepare", str(isps), str(subscribers), str(RUNS)).split()

    def start(self, number: int) -> None:
        self.workers[number] = subprocess.Popen(
            [sys.executable, "-m", runs_killed.__name__, "work", str(number)],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
        )

    def kill(self, number: int) -> bool:
        """Whether there was still somebody to kill."""
        worker = self.workers[number]
        was_alive = worker.poll() is None
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        return was_alive

    def restart_postgres(self) -> None:
        self.postgres.stop()
        assert self.postgres.start() == self.url

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for worker in self.workers.values():
            worker.wait(max(1, end - time.monotonic()))
            assert worker.returncode == 0, self.folder.joinpath("workers.log").read_text()[-3000:]

    def rows(self, sql: str) -> list[tuple]:
        """What all schemas answer together."""
        found = []
        with psycopg.connect(self.url, autocommit=True) as connection:
            for schema in self.schemas:
                connection.execute(f'SET search_path TO "{schema}"')
                found += connection.execute(sql).fetchall()
        return found

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait()
        self.log.close()
        self.postgres.stop()
        self.redis.stop()


@pytest.fixture
def fire() -> Iterator[Fire]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        made = Fire(Path(folder))
        yield made
        made.close()


def doubled(fire: Fire) -> int:
    lines = "SELECT 1 FROM billing_invoiceline GROUP BY service_id, period_from HAVING count(*) > 1"
    return sum(row[0] for row in fire.rows(f"SELECT count(*) FROM ({lines}) doubled"))


def told(fire: Fire) -> str:
    """What explains a result that is not right: the runs that did not bill all, and the last words of the workers."""
    runs = fire.rows(
        "SELECT current_schema(), id, state, cursor, looked_at, count, left_out, report::text FROM billing_billingrun"
        " WHERE left_out > 0 OR state <> 'done' ORDER BY 1, 2"
    )
    log = fire.folder.joinpath("workers.log").read_text()[-3000:]
    return "\n".join([*map(str, runs), log])


def nothing_is_missing_and_nothing_is_twice(fire: Fire, subscribers: int) -> None:
    for count, total, last, owed, entries in fire.rows(
        "SELECT count(*), sum(total), max(sequence), (SELECT sum(balance) FROM billing_account),"
        " (SELECT count(*) FROM billing_ledgerentry WHERE open = amount) FROM billing_invoice"
    ):
        assert (count, last, entries) == (subscribers, subscribers, subscribers), told(fire)
        assert total == owed == subscribers * PRICE
    assert doubled(fire) == 0
    states = fire.rows("SELECT state, sum(count) FROM billing_billingrun GROUP BY 1")
    assert {state for state, _ in states} == {"done"}, told(fire)
    assert sum(made for _, made in states) == subscribers * len(fire.schemas)


@pytest.mark.slow
def test_five_runs_at_once_with_killed_workers_and_a_restarted_server_bill_ten_thousand_once(fire):
    isps, subscribers, kills, restarts = 50, 200, 20, 3
    fire.prepare(isps, subscribers)
    chance = random.Random(6)
    for number in range(RUNS):
        fire.start(number)
    hits = 0
    for moment in range(kills + restarts):
        time.sleep(chance.uniform(0.3, 1.2))
        if moment % (kills // restarts) == kills // restarts - 1:
            fire.restart_postgres()
            continue
        number = chance.randrange(RUNS)
        hits += fire.kill(number)
        fire.start(number)
    fire.wait(240)
    print(f"{hits} of {kills} kills hit a worker that was still at it.")
    assert hits > kills // 2
    nothing_is_missing_and_nothing_is_twice(fire, subscribers)


@pytest.mark.slow
@pytest.mark.parametrize("defences", ["constraint", "none"])
def test_the_constraint_alone_keeps_invoices_apart_and_without_it_they_are_doubled(fire, defences):
    """Without lease and locks. The second run is the control: without the constraint either."""
    isps, subscribers = 2, 100
    fire.prepare(isps, subscribers, defences)
    for number in range(RUNS):
        fire.start(number)
    fire.wait(120)
    if defences == "constraint":
        nothing_is_missing_and_nothing_is_twice(fire, subscribers)
    else:
        assert doubled(fire) > 0
