"""The outbox: how fast a flood leaves, who waits behind it, and what workers that are killed lose or send twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis

from bench.figure import Figure
from bench.imports import peak
from bench.scratch import ROOT, Scratch, scratch
from bench.sink import Sink, sink

FULL, QUICK = (2_000, 20_000), (100, 400)
KILLED = {False: (5_000, 10), True: (300, 4)}  # messages, and how often the worker is killed
PASSWORDS = {False: 10, True: 2}
PATIENCE = 300  # seconds


def figures(quick: bool) -> Iterator[Figure]:
    """Messages a second and memory, the wait of a single mail behind a flood, and the count after ten kills."""
    small, large = QUICK if quick else FULL
    with scratch() as place, sink() as there:
        place.migrate()
        told = {size: measured(place, there, size) for size in (small, large)}
        ours, theirs = flooded(place, there, large, PASSWORDS[quick])
    took = told[large]
    group = f"{large:,} mails to a server that takes 20 ms for each"
    note = "One process with eight threads, each with one SMTP session for a slice of a second; the server is real."
    yield Figure(group, "mails a second", "1/s", [large / took["seconds"]], at_least=200, note=note)
    yield Figure(group, "SMTP sessions", "", [took["sessions"]])
    yield Figure(group, "most memory of the process", "MB", [took["memory"]])
    ratio = took["memory"] / told[small]["memory"]
    yield Figure(group, f"memory for {large:,} / for {small:,}", "×", [ratio], at_most=1.2)
    group = f"A password mail while an ISP sends {large:,} others"
    each = PASSWORDS[quick]
    note = f"From its commit to its arrival; {each} of each, one after the other, with a worker of two processes."
    yield Figure(group, "of another ISP, the slowest", "s", [max(theirs)], at_most=5, note=note)
    yield Figure(group, "of another ISP", "s", theirs)
    yield Figure(group, "of the same ISP, the slowest", "s", [max(ours)], at_most=5)
    count, kills = KILLED[quick]
    with scratch() as place, sink() as there:
        place.migrate()
        tally = killed(place, there, count, kills=kills, flush=True)
    group = f"{count:,} messages, the worker killed {kills} times, Redis emptied once"
    note = "Half of them mails, half by a gateway that knows keys."
    yield Figure(group, "lost", "", [tally.lost], at_most=0, note=note)
    note = "A mail server knows no keys: what it had taken when the worker died comes once more."
    yield Figure(group, "mails that arrived twice", "", [tally.doubled_mails], note=note)
    note = "The gateway was asked again with the key that it knew, and sent nothing."
    yield Figure(group, "asked again with a key", "", [tally.repeated_keys], note=note)


def measured(place: Scratch, there: Sink, size: int) -> dict[str, float]:
    """What one process takes for so many mails of an ISP of its own."""
    there.sessions = 0
    out = place.run("lastmile", "-m", "bench.messages", "drain", str(size), **there.environment)
    return {**json.loads(out.splitlines()[-1]), "sessions": there.sessions}


def flooded(place: Scratch, there: Sink, size: int, passwords: int) -> tuple[list[float], list[float]]:
    """Seconds from commit to arrival of password mails, while an ISP's flood goes: of that ISP, and of another one."""
    with worker(place, there):
        out = place.run("lastmile", "-m", "bench.messages", "flood", str(size), str(passwords), **there.environment)
        told = json.loads(out.splitlines()[-1])
        _until(lambda: all(to in there.arrived for side in told.values() for to in side))
    ours, theirs = ([there.arrived[to] - at for to, at in told[side].items()] for side in ("ours", "theirs"))
    return ours, theirs


@dataclass(frozen=True, slots=True)
class Tally:
    """What was at the transport in the end."""

    lost: int
    doubled_mails: int
    repeated_keys: int


def killed(place: Scratch, there: Sink, count: int, *, kills: int, flush: bool, defence_off: str = "") -> Tally:
    """Send messages with a worker that is killed again and again, and count what arrived."""
    place.run("lastmile", "-m", "bench.messages", "write", str(count), **there.environment)
    aims = [count * (turn + 1) // (kills + 2) for turn in range(kills)]
    at_transport = lambda: len(there.mails) + len(there.keys)  # noqa: E731
    broker = redis.Redis(unix_socket_path=str(place.redis.socket))
    with scheduler(place, there):
        for turn, aim in enumerate(aims):
            with worker(place, there, defence_off=defence_off):
                _until(lambda aim=aim: at_transport() >= aim)  # type: ignore[misc]
            if flush and turn == kills // 2:
                broker.flushall()
        with worker(place, there, defence_off=defence_off):
            _until(lambda: not _is_unsent(place))
    return Tally(
        lost=len(_written(place) - there.known),
        doubled_mails=there.mails.total() - len(there.mails),
        repeated_keys=there.keys.total() - len(there.keys),
    )


def _is_unsent(place: Scratch) -> bool:
    return bool(_messages(place, "WHERE state IN ('waiting', 'sending') LIMIT 1"))


def _written(place: Scratch) -> set[str]:
    """The keys of all messages, as the transports get them."""
    return {str(uuid) for uuid in _messages(place)}


def _messages(place: Scratch, which: str = "") -> list[UUID]:
    with place.connect("lastmile") as link:
        schemas = [row[0] for row in link.execute("SELECT schema_name FROM public.tenants_isp").fetchall()]
        asked = "SELECT uuid FROM {}.messaging_message " + which  # noqa: S608 - parts of our own
        return [uuid for name in schemas for (uuid,) in link.execute(asked.format(name)).fetchall()]  # type: ignore[call-overload]


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("The messages did not arrive.")
        time.sleep(0.02)


@contextmanager
def worker(place: Scratch, there: Sink, defence_off: str = "", imports: str = "bench.carrier") -> Iterator[None]:
    """A worker of two processes, killed without a word at the end."""
    flags = ["worker", "-I", imports, "--concurrency", "2", "--without-gossip", "--without-mingle"]
    with _celery(place, there, *flags, BENCH_DEFENCE_OFF=defence_off):
        yield


@contextmanager
def scheduler(place: Scratch, there: Sink) -> Iterator[None]:
    """Hands out what sweeps are due."""
    with _celery(place, there, "beat", "--pidfile", ""):
        yield


@contextmanager
def _celery(place: Scratch, there: Sink, *arguments: str, **more: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "core", *arguments, "--loglevel", "ERROR"],
        cwd=ROOT,
        env=place.environment("lastmile", TASK_SECONDS="10", **there.environment, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def main(what: str, *sizes: int) -> None:
    """The part that runs with Django."""
    import django

    django.setup()
    import bench.carrier  # noqa: F401 - the gateway with keys

    {"drain": _drain, "flood": _flood, "write": _write}[what](*sizes)


def isp_of_bench(number: int) -> Any:
    """An ISP of the benchmark, made if it is not there yet."""
    from bench.peer import _make_isp
    from core.scope import public_scope
    from tenants.directory import open_isp
    from tenants.models import ISP
    from tenants.services import due_work

    with public_scope():
        if not ISP.objects.filter(slug=f"isp-{number}").exists():
            _make_isp(number)
        due_work.plan_what_lacks()
        return open_isp(ISP.objects.get(slug=f"isp-{number}").pk)


def _fill(size: int, medium: str = "email", lane: int = 2) -> None:
    from messaging.models import Message

    text = "Su factura está lista. " * 20
    to = "c{}@correo.example" if medium == "email" else "+52155{:08d}"
    for first in range(0, size, 500):
        numbers = range(first, min(first + 500, size))
        Message.objects.bulk_create(
            [Message(medium=medium, lane=lane, to=to.format(n), subject="Su factura", text=text) for n in numbers]
        )


def _drain(size: int) -> None:
    from django.db import connection, transaction

    from core.scope import isp_scope
    from messaging.models import Message
    from messaging.outbox import turns

    isp = isp_of_bench(size)
    with isp_scope(isp):
        with transaction.atomic():
            _fill(size)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ANALYZE messaging_message")
        began = time.perf_counter()
        while turns.take_turn(isp_id=isp.pk, medium="email") is not None:
            pass
        seconds = time.perf_counter() - began
        with transaction.atomic():
            assert Message.objects.filter(state="sent").count() == size  # noqa: S101
    print(json.dumps({"seconds": seconds, "memory": peak()}))


def _flood(size: int, passwords: int) -> None:
    from django.db import transaction

    from core.scope import isp_scope
    from messaging.services import send_mail
    from messaging.tasks import take_turn

    flooding, quiet = isp_of_bench(1), isp_of_bench(2)
    with isp_scope(flooding), transaction.atomic():
        _fill(size)
    take_turn.delay(isp_id=flooding.pk, medium="email")
    time.sleep(3)
    told: dict[str, dict[str, float]] = {"ours": {}, "theirs": {}}
    for number in range(passwords):
        for side, isp in (("ours", flooding), ("theirs", quiet)):
            to = f"{side}{number}@example.com"
            with isp_scope(isp), transaction.atomic():
                send_mail(template="accounts/password_changed", language="en", to=to, has_secret=True)
            told[side][to] = time.time()
            time.sleep(0.7)
    print(json.dumps(told))


def _write(size: int) -> None:
    from django.db import transaction

    from core.scope import isp_scope
    from messaging.models import ChannelAccount
    from messaging.services import write_message

    isp = isp_of_bench(1)
    with isp_scope(isp):
        with transaction.atomic():
            ChannelAccount.objects.create(channel="bench", medium="sms")
        for first in range(0, size, 100):
            with transaction.atomic():
                for number in range(first, min(first + 100, size)):
                    medium = "email" if number % 2 else "sms"
                    to = f"c{number}@correo.example" if number % 2 else f"+52155{number:08d}"
                    write_message(medium=medium, to=to, text="Su factura está lista.", subject="Su factura")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
