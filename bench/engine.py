"""The tenant engine beside stock django-tenants, plain Django and raw SQL, all in one run."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.figure import Figure, ratio
from bench.scratch import Peer, Scratch, scratch


@dataclass(frozen=True)
class Size:
    """How much of everything one run does."""

    isps: int
    stock: int  # tenants of stock django-tenants, whose times are scaled to `isps`
    claims: int
    rounds: int  # of requests
    requests: int  # in a round, of each peer
    hosts: int  # that those requests go round
    walked: int  # ISPs whose tables are all visited by one backend
    walks: int  # requests that do so
    batches: int  # of tasks
    tasks: int  # in a batch
    migrates: int  # runs of a command with nothing to do
    columns: int  # runs that add one


FULL = Size(
    1_000,
    100,
    50,
    rounds=120,
    requests=25,
    hosts=10,
    walked=300,
    walks=20_000,
    batches=12,
    tasks=100,
    migrates=3,
    columns=3,
)
QUICK = Size(6, 2, 2, rounds=3, requests=5, hosts=2, walked=4, walks=40, batches=2, tasks=10, migrates=1, columns=2)
MANAGE = ("-m", "bench.manage")
STARTED = "What Python and Django take to start is taken off, measured as the same command with `--help`."


def figures(quick: bool) -> Iterator[Figure]:
    """All figures that issue 3 asks for, and what they are made of."""
    size = QUICK if quick else FULL
    with scratch() as place, ExitStack() as stack:
        for kind, command in (("lastmile", "migrate"), ("plain", "migrate"), ("stock", "migrate_schemas")):
            place.migrate(kind, command)
        queues = {kind: {"BENCH_QUEUE": f"bench-{kind}"} for kind in ("lastmile", "plain", "stock")}
        peers = {kind: stack.enter_context(place.peer(kind, **more)) for kind, more in queues.items()}
        peers["plain"].ask("add_zone")
        peers["lastmile"].ask("build_template")
        yield from creation(size, place, peers)
        yield from requests(size, place)
        yield from memory(size, place)
        yield from tasks(size, place, peers)
        yield from nothing_to_migrate(size, place)
        yield from a_new_column(size, place, peers)


def creation(size: Size, place: Scratch, peers: dict[str, Peer]) -> Iterator[Figure]:
    """Make the tenants, the last ones in turns with the raw statements and with stock's."""
    ours, stock = peers["lastmile"], peers["stock"]
    name, ddl = ours.ask("ddl")
    first = size.isps - size.stock - size.claims
    ours.ask("add_tenants", first=0, count=first)
    times: dict[str, list[float]] = {"ours": [], "raw": [], "stock": []}
    with place.connect("lastmile") as raw:
        made = []
        for number in range(size.stock):
            times["ours"] += ours.ask("add_tenants", first=first + number, count=1)
            made.append(f"t_{secrets.token_hex(6)}")
            began = time.perf_counter()
            with raw.transaction():
                raw.execute(
                    f"CREATE SCHEMA {made[-1]}; SET LOCAL search_path TO {made[-1]};\n{ddl.replace(name, made[-1])}"
                )
            times["raw"].append(time.perf_counter() - began)
            times["stock"] += stock.ask("add_tenants", first=number, count=1)
        for schema in made:
            raw.execute(f"DROP SCHEMA {schema} CASCADE")
    ours.ask("fill_pool", size=size.claims)
    claimed = ours.ask("add_tenants", first=size.isps - size.claims, count=size.claims)
    milli = {kind: [seconds * 1e3 for seconds in samples] for kind, samples in times.items()}
    group = f"Creating an ISP, with {size.isps:,} there"
    yield Figure(group, "from the pool", "ms", [seconds * 1e3 for seconds in claimed], at_most=20)
    yield Figure(group, "without the pool", "ms", milli["ours"])
    yield Figure(group, "the statements alone, replayed", "ms", milli["raw"])
    note = f"The first {size.stock} tenants of an empty database."
    yield Figure(group, "stock django-tenants", "ms", milli["stock"], note=note)
    yield ratio(group, "without the pool / statements alone", milli["ours"], milli["raw"], at_most=1.3)
    yield ratio(group, "stock / without the pool", milli["stock"], milli["ours"], at_least=8)


def requests(size: Size, place: Scratch) -> Iterator[Figure]:
    """A page with one and with ten queries, through the whole stack of middleware.

    Where the scheduler puts a client and its backend decides more than what is compared here, so it is laid down.
    """
    for spread, where in ((True, "database on a core of its own"), (False, "all on one core")):
        with place.placed(spread=spread), ExitStack() as stack:
            peers = {kind: stack.enter_context(place.peer(kind)) for kind in ("lastmile", "plain", "stock")}
            yield from _requests(size, peers, where)


def _requests(size: Size, peers: dict[str, Peer], where: str) -> Iterator[Figure]:
    note = f"Medians of {size.requests} requests, in turns; each peer with its own middleware for the same purposes."
    for queries, limit in ((1, 1.08), (10, 1.05)):
        group = f"A request with {queries} quer{'y' if queries == 1 else 'ies'}, {where}"
        times: dict[str, list[float]] = {kind: [] for kind in peers}
        for peer in peers.values():
            peer.ask("requests", count=size.requests, queries=queries, tenants=size.hosts)
        for number in range(size.rounds):
            # In turns, and in the other order each time, so that a busy moment of the machine meets all alike.
            for kind in list(peers) if number % 2 else reversed(peers):
                seconds = peers[kind].ask("requests", count=size.requests, queries=queries, tenants=size.hosts)
                times[kind].append(seconds * 1e6)
        for kind, name in (("plain", "plain Django"), ("lastmile", "Lastmile"), ("stock", "stock django-tenants")):
            yield Figure(group, name, "µs", times[kind], note=note if kind == "plain" else "")
        yield ratio(group, "Lastmile / plain Django", times["lastmile"], times["plain"], at_most=limit)
        yield ratio(group, "stock / Lastmile", times["stock"], times["lastmile"], at_least=1)


def memory(size: Size, place: Scratch) -> Iterator[Figure]:
    """What a backend has to itself, at most, while all tables of all ISPs are visited."""
    group = f"Memory of a backend, {size.walks:,} requests with 10 queries over {size.walked} ISPs"
    note = "A connection that has visited CONN_MAX_ISPS (100) ISPs is closed and another one opened."
    with place.peer("lastmile") as peer:
        walked = peer.ask("walk", count=size.walks, tenants=size.walked)
    yield Figure(group, "most at any time", "MB", [walked["most"]], at_most=200, note=note)
    yield Figure(group, "backends, one after the other", "", [walked["backends"]])
    yield Figure(group, "mean time of a request", "µs", [walked["seconds"] * 1e6])


def tasks(size: Size, place: Scratch, peers: dict[str, Peer]) -> Iterator[Figure]:
    """A task with one query, in one worker process, over the same broker and queue."""
    times: dict[str, list[float]] = {"lastmile": [], "plain": []}
    with place.worker("lastmile"), place.worker("plain"):
        for kind in times:
            peers[kind].ask("tasks", count=size.tasks)
        for number in range(size.batches):
            for kind in list(times) if number % 2 else reversed(times):
                times[kind].append(peers[kind].ask("tasks", count=size.tasks) * 1e6)
    group = "A task with one query"
    yield Figure(group, "plain task with one transaction", "µs", times["plain"])
    yield Figure(group, "Lastmile's task for an ISP", "µs", times["lastmile"])
    yield ratio(group, "Lastmile / plain task", times["lastmile"], times["plain"], at_most=1.15)


def above_start(place: Scratch, kind: str, command: str, *options: str, **more: str) -> tuple[float, float]:
    """Seconds that a command takes, and those above the start of its process."""
    start = place.timed(kind, *MANAGE, command, "--help", **more)
    took = place.timed(kind, *MANAGE, command, "--verbosity", "0", *options, **more)
    return took, max(took - start, 0.001)


def nothing_to_migrate(size: Size, place: Scratch) -> Iterator[Figure]:
    """`manage.py migrate` where all is up to date."""
    group = f"Nothing to migrate, {size.isps:,} ISPs"
    scale = size.isps / size.stock
    ours, whole, stock = [], [], []
    for _ in range(size.migrates):
        took, above = above_start(place, "lastmile", "migrate")
        whole.append(took)
        ours.append(above)
        stock.append(above_start(place, "stock", "migrate_schemas")[1] * scale)
    yield Figure(group, "the whole command", "s", whole)
    yield Figure(group, "above the start of the process", "s", ours, at_most=1, note=STARTED)
    scaled = f"Measured with {size.stock} tenants and scaled by {scale:g}."
    yield Figure(group, "stock django-tenants, scaled", "s", stock, note=scaled)
    yield ratio(group, "stock / Lastmile", stock, ours, at_least=100)


def a_new_column(size: Size, place: Scratch, peers: dict[str, Peer]) -> Iterator[Figure]:
    """A release that adds a column to a table of each ISP."""
    group = f"Adding a column, {size.isps:,} ISPs"
    schemas = peers["lastmile"].ask("schema_names")
    scale = size.isps / size.stock
    release = peers["lastmile"].ask("release")
    took, raw, ratios = [], [], []
    for number in range(size.columns):
        before = raw_column(place, schemas, f"raw_before_{number}")
        ours = above_start(place, "lastmile", "migrate", "--no-template", BENCH_RELEASE="after")[1]
        after = raw_column(place, schemas, f"raw_after_{number}")
        took.append(ours)
        raw += [before, after]
        ratios.append(ours / ((before + after) / 2))
        if number + 1 < size.columns:
            take_column_back(place, schemas, release)
    template = above_start(place, "lastmile", "migrate", BENCH_RELEASE="after")[1]
    stock = above_start(place, "stock", "migrate_schemas", BENCH_RELEASE="after")[1] * scale
    yield Figure(group, "Lastmile", "s", took, note=f"{STARTED} The template for new ISPs is left to its own line.")
    yield Figure(group, "the template for new ISPs, once", "s", [template], note="`migrate` with nothing else to do.")
    yield Figure(
        group, "raw loop", "s", raw, note="ALTER TABLE alone, a transaction for each schema, 2 connections; ours has 3."
    )
    scaled = f"Measured with {size.stock} tenants and scaled by {scale:g}."
    yield Figure(group, "stock django-tenants, scaled", "s", [stock], note=scaled)
    yield Figure(group, "Lastmile / raw loop", "×", ratios, at_most=2)
    yield Figure(group, "stock / Lastmile", "×", [stock / ours for ours in took], at_least=40)


def take_column_back(place: Scratch, schemas: list[str], release: str) -> None:
    """Leave the ISPs as they were before the release, so that it can be measured again."""
    undo = "DELETE FROM {}.django_migrations WHERE app = 'column' AND name <> '0001_initial'"
    with place.connect("lastmile") as raw:
        for schema in schemas:
            raw.execute(f"ALTER TABLE {schema}.column_note DROP COLUMN colour; {undo.format(schema)}")
        raw.execute(undo.format("public"))
        raw.execute("UPDATE tenants_isp SET release = %s", [release])


def raw_column(place: Scratch, schemas: list[str], column: str) -> float:
    """Seconds to add a column in each schema with nothing but the database, over two connections."""

    def alter(some: list[str]) -> None:
        with place.connect("lastmile") as raw:
            for schema in some:
                raw.execute(
                    f"BEGIN; SET LOCAL search_path TO {schema}; "
                    f"ALTER TABLE column_note ADD COLUMN {column} varchar(20) DEFAULT '' NOT NULL; COMMIT"
                )

    threads = [threading.Thread(target=alter, args=(schemas[part::2],)) for part in range(2)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began
