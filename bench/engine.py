"""The tenant engine beside stock django-tenants, plain Django and raw SQL, all in one run."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from bench.figure import Figure, ratio
from bench.scratch import Peer, Scratch, scratch


@dataclass(frozen=True)
class Size:
    """How much of everything one run does."""

    rounds: int  # of requests
    requests: int  # in a round, of each peer
    hosts: int  # that those requests go round
    walked: int  # ISPs whose tables are all visited by one backend
    walks: int  # requests that do so


FULL = Size(rounds=60, requests=100, hosts=10, walked=300, walks=20_000)
QUICK = Size(rounds=3, requests=10, hosts=2, walked=4, walks=40)


def figures(quick: bool) -> Iterator[Figure]:
    """All figures that issue 3 asks for, and what they are made of."""
    size = QUICK if quick else FULL
    with scratch() as place, ExitStack() as stack:
        for kind, command in (("lastmile", "migrate"), ("plain", "migrate"), ("stock", "migrate_schemas")):
            place.run(kind, "-m", "bench.manage", command, "--verbosity", "0")
        peers = {kind: stack.enter_context(place.peer(kind)) for kind in ("lastmile", "plain", "stock")}
        peers["plain"].ask("add_zone")
        peers["stock"].ask("add_tenants", first=0, count=size.hosts)
        peers["lastmile"].ask("add_tenants", first=0, count=max(size.hosts, size.walked))
        yield from requests(size, peers)
        yield from memory(size, place)


def requests(size: Size, peers: dict[str, Peer]) -> Iterator[Figure]:
    """A page with one and with ten queries, through the whole stack of middleware."""
    for queries, limit in ((1, 1.08), (10, 1.05)):
        group = f"A request with {queries} quer{'y' if queries == 1 else 'ies'}"
        times: dict[str, list[float]] = {kind: [] for kind in peers}
        for peer in peers.values():
            peer.ask("requests", count=size.requests, queries=queries, tenants=size.hosts)
        for number in range(size.rounds):
            # In turns, and in the other order each time, so that a busy moment of the machine meets all alike.
            for kind in list(peers) if number % 2 else reversed(peers):
                seconds = peers[kind].ask("requests", count=size.requests, queries=queries, tenants=size.hosts)
                times[kind].append(seconds * 1e6)
        for kind, name in (("plain", "plain Django"), ("lastmile", "Lastmile"), ("stock", "stock django-tenants")):
            yield Figure(group, name, "µs", times[kind])
        yield ratio(group, "Lastmile / plain Django", times["lastmile"], times["plain"], at_most=limit)
        yield ratio(group, "stock / Lastmile", times["stock"], times["lastmile"], at_least=1)


def memory(size: Size, place: Scratch) -> Iterator[Figure]:
    """What a backend has to itself, at most, while all tables of all ISPs are visited."""
    group = f"Memory of a backend, {size.walks:,} requests with 10 queries over {size.walked} ISPs"
    with place.peer("lastmile") as peer:
        walked = peer.ask("walk", count=size.walks, tenants=size.walked)
    yield Figure(group, "most at any time", "MB", [walked["most"]], at_most=200)
    yield Figure(group, "backends, one after the other", "", [walked["backends"]])
    yield Figure(group, "mean time of a request", "µs", [walked["seconds"] * 1e6])
