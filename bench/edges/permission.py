"""The permission endpoint, asked as the edge asks it: over a connection that is kept, by one at a time."""

import http.client
import random
import secrets
import statistics
import time
from collections.abc import Iterator

from bench.edges.place import environment
from bench.figure import Figure
from bench.scratch import PeerFailed, Scratch
from lab.edge import Edge

GROUP = "Permission endpoint, {domains:,} domains"


def permission(place: Scratch, *, domains: int, quick: bool) -> Iterator[Figure]:
    """What issue 4 asks of one answer: names not asked about before, in the cache, and that nobody has; and `www.`
    names that the DNS does not know, of which each leaves a mark."""
    batches, asked = (2, 40) if quick else (20, 1_000)
    made = Edge(place.folder / "permission", environment(place))
    try:
        made.start_permission()
        port = made.ports["ask"]
        places = random.Random(4).sample(range(1, domains + 1), batches * asked)  # noqa: S311 - the same in each run
        live = [f"d{number}.example" for number in places]
        _times(port, live[:10], 200)
        cold = [_times(port, live[i * asked : (i + 1) * asked], 200) for i in range(batches)]
        warm = [_times(port, live[-20:] * (asked // 20), 200) for _ in range(batches)]
        made_up = [[f"{secrets.token_hex(8)}.example" for _ in range(asked)] for _ in range(batches)]
        unknown = [_times(port, names, 404) for names in made_up]
        www = [f"www.{name}" for name in live]
        twins = [_times(port, www[i * asked : (i + 1) * asked], 404) for i in range(batches)]
    finally:
        made.processes.stop_all()
    group = GROUP.format(domains=domains)
    kinds = {"names not asked about before": cold, "names in the cache": warm, "made-up names": unknown}
    kinds["www. before live domains, without records"] = twins
    for name, rows in kinds.items():
        yield Figure(group, f"{name}, median", "ms", [statistics.median(times) for times in rows])
        worst = [statistics.quantiles(times, n=100)[98] for times in rows]
        yield Figure(group, f"{name}, p99", "ms", worst, at_most=5, note=f"Of {asked:,} questions, {batches} times.")


def _times(port: int, names: list[str], status: int) -> list[float]:
    """Milliseconds of each answer, which all must have this status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times = []
    for name in names:
        began = time.perf_counter()
        connection.request("GET", f"/?domain={name}")
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != status:
            raise PeerFailed(f"The permission endpoint answered {answer.status} for {name}.")
    connection.close()
    return times
