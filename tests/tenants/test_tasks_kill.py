"""Workers are killed, Redis is emptied, PostgreSQL is restarted, all under load: every piece of work is done, once.

Everything here is real and its own: a PostgreSQL, a Redis and a mail server in a temporary folder, worker and scheduler
as processes. What is counted are rows.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from aiosmtpd.controller import Controller

from core.embedded import Postgres, Redis
from tests import prepared

ROOT = Path(__file__).resolve().parent.parent.parent
APP = "tests.tenants.work_under_fire"
QUEUE, UNACKED = "platform:queue:celery", "platform:unacked"


class Letterbox:
    """Counts the mails that arrive, by addressee."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802
        self.arrived.update(envelope.rcpt_tos)
        return "250 OK"


class Installation:
    """A small installation in a folder, with processes that can be killed."""

    def __init__(self, folder: Path, smtp_port: int) -> None:
        self.folder = folder
        # The server is stopped and started in this test, the machine is not: what is not yet on the disk is not lost.
        self.postgres, self.redis = Postgres(folder, fast=True), Redis(folder)
        self.database_url, self.redis_url = self.postgres.start(), self.redis.start()
        self.broker = redis.Redis(unix_socket_path=str(self.redis.socket))
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.settings = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "LASTMILE_DATA": str(folder),
            "LASTMILE_TESTING": "1",
            "TEST_SLOT": "0",
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "core.settings",
            "TASK_SECONDS": "10",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(smtp_port),
        }
        prepared.load(self.database_url)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=os.environ | self.settings, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def prepare(self, *, jobs: int, mails: int = 0) -> None:
        self.schemas = self.run("-m", APP, str(jobs), str(mails)).split()

    def start(self, name: str, *arguments: str) -> None:
        command = [str(Path(sys.executable).parent / "celery"), "-A", APP, *arguments, "--loglevel", "WARNING"]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, concurrency: str = "2") -> None:
        self.start("worker", "worker", "--concurrency", concurrency, "--without-gossip", "--without-mingle")

    def start_scheduler(self) -> None:
        self.start("scheduler", "beat", "--pidfile", "")

    def kill(self, name: str) -> None:
        """End a process and all that it started, without a word."""
        child = self.children.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def rows(self, sql: str) -> list[tuple]:
        """What all schemas answer together, in a connection of its own."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            found = []
            for schema in self.schemas:
                connection.execute(f'SET search_path TO "{schema}"')
                found += connection.execute(sql).fetchall()
            return found

    def effects(self) -> int:
        return sum(row[0] for row in self.rows("SELECT count(*) FROM effect"))

    def undone(self) -> int:
        return sum(row[0] for row in self.rows("SELECT count(*) FROM job WHERE NOT done"))

    def doubled(self) -> list[tuple]:
        return self.rows("SELECT job_id, count(*) FROM effect GROUP BY job_id HAVING count(*) > 1")

    def waiting(self) -> int:
        """Messages in the queue or in a worker's hands."""
        return int(self.broker.zcard(QUEUE)) + int(self.broker.hlen(UNACKED))

    def keys_of_nobody(self) -> list[bytes]:
        """Keys of the broker and of the cache that do not say whose they are."""
        owned = (b"platform:", b"isp")
        kept = [redis.Redis(unix_socket_path=str(self.redis.socket), db=number) for number in range(4)]
        return [key for each in kept for key in each.scan_iter(count=1000) if not key.startswith(owned)]

    def until(self, what: Callable[[], bool], *, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not what():
            told = "\n".join(log.read_text(errors="replace")[-3000:] for log in self.folder.glob("*.log"))
            assert time.monotonic() < end, f"{self.effects()} effects, {self.waiting()} messages.\n{told}"
            time.sleep(0.1)

    def close(self) -> None:
        for name in list(self.children):
            self.kill(name)
        self.postgres.stop()
        self.redis.stop()


@pytest.fixture
def letterbox() -> Iterator[Letterbox]:
    letterbox = Letterbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        letterbox.port = probe.getsockname()[1]
    controller = Controller(letterbox, hostname="127.0.0.1", port=letterbox.port)
    controller.start()
    yield letterbox
    controller.stop()


@pytest.fixture
def installation(letterbox: Letterbox) -> Iterator[Installation]:
    # Not in pytest's own folder: run by root, PostgreSQL is another user, who must not be shut out there.
    with tempfile.TemporaryDirectory(prefix="lastmile-fire-") as folder:
        installation = Installation(Path(folder), letterbox.port)
        yield installation
        installation.close()


@pytest.mark.slow
def test_ten_killed_workers_an_emptied_redis_and_a_restarted_database_lose_and_double_nothing(installation, letterbox):
    installation.prepare(jobs=1000, mails=50)
    installation.start_scheduler()
    interrupted = 0
    for kill in range(10):
        installation.start_worker()
        installation.until(lambda aim=120 * (kill + 1): installation.effects() >= aim, seconds=90)
        installation.kill("worker")
        interrupted += int(installation.broker.hlen(UNACKED))
    assert interrupted >= 10
    assert installation.keys_of_nobody() == []
    installation.start_worker()

    installation.until(lambda: installation.effects() >= 1300, seconds=90)
    assert installation.waiting() > 100
    installation.broker.flushall()
    installation.until(lambda: installation.effects() >= 1500, seconds=120)
    installation.postgres.stop()
    installation.postgres.start()
    assert installation.undone() > 100

    installation.until(lambda: installation.undone() == 0, seconds=180)
    # A worker died while a server had its mail: that is found ten minutes later, here at once.
    installation.rows("UPDATE messaging_message SET due_at = now() WHERE state = 'sending' RETURNING id")
    with psycopg.connect(installation.database_url, autocommit=True) as connection:
        connection.execute("UPDATE tenants_duework SET due_at = now() WHERE kind = 'mail'")
    installation.until(
        lambda: (
            not any(row[0] for row in installation.rows("SELECT count(*) FROM messaging_message WHERE state <> 'sent'"))
        ),
        seconds=60,
    )
    assert installation.effects() == 2000
    assert installation.doubled() == []
    assert len(letterbox.arrived) == 100
    print(f"{sum(letterbox.arrived.values()) - 100} of 100 mails arrived twice.")


@pytest.mark.slow
@pytest.mark.parametrize("early", [False, True])
def test_late_acknowledgement_alone_keeps_what_a_killed_worker_had_and_early_would_lose_it(installation, early):
    """Without any sweep. The second run is the control: the defence is off, and work is gone."""
    installation.settings |= {"EARLY_ACKNOWLEDGEMENT": str(int(early)), "JOB_SECONDS": "0.5"}
    installation.prepare(jobs=10)
    installation.start_worker()
    installation.until(lambda: installation.effects() >= 4, seconds=60)
    installation.kill("worker")
    installation.start_worker()
    installation.until(lambda: installation.waiting() == 0, seconds=90)
    assert (installation.undone() > 0) == early
    assert installation.doubled() == []


@pytest.mark.slow
@pytest.mark.parametrize("leased", [True, False])
def test_work_that_takes_longer_than_its_task_is_waited_for_is_given_away_and_done_once(installation, leased):
    """Its task comes again while it runs. The second run is the control: without the lease it is begun again."""
    installation.settings |= {"LONG_SECONDS": "25", "NO_LEASE": str(int(not leased))}
    installation.prepare(jobs=0)
    installation.start_worker("4")
    installation.until(lambda: installation.effects() > 0, seconds=60)
    assert installation.keys_of_nobody() == []
    installation.until(lambda: installation.undone() == 0 and installation.waiting() == 0, seconds=90)
    assert (installation.doubled() == []) == leased
