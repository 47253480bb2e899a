"""The permission endpoint, asked as the edge asks it: over a connection that is kept, by one at a time."""

import http.client
import random
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.figure import Figure
from bench.scratch import ROOT, PeerFailed, Scratch, scratch

GROUP = "Permission endpoint, {domains:,} domains"
DOMAINS = """
INSERT INTO public.domains_domain (isp_id, host, surface, is_primary, verified_at, created_at)
SELECT (SELECT min(id) FROM public.tenants_isp), 'd' || n || '.example', 'portal', false, now(), now()
FROM generate_series(1, %s) n
"""


def figures(quick: bool) -> Iterator[Figure]:
    """What issue 4 asks of one answer: names not asked about before, names in the cache, names that nobody has."""
    domains, batches, asked = (200, 2, 40) if quick else (50_000, 20, 1_000)
    with scratch() as place, ExitStack() as stack:
        place.run("lastmile", "-m", "bench.manage", "migrate", "--verbosity", "0")
        peer = stack.enter_context(place.peer("lastmile"))
        peer.ask("build_template")
        peer.ask("add_tenants", first=0, count=1)
        with place.connect("lastmile") as raw:
            raw.execute(DOMAINS, [domains])
            raw.execute("ANALYZE public.domains_domain")
        port = stack.enter_context(_served(place))
        places = random.Random(4).sample(range(1, domains + 1), batches * asked)  # noqa: S311 - the same in each run
        live = [f"d{number}.example" for number in places]
        _times(port, live[:10], 200)
        cold = [_times(port, live[i * asked : (i + 1) * asked], 200) for i in range(batches)]
        warm = [_times(port, live[-20:] * (asked // 20), 200) for _ in range(batches)]
        made_up = [[f"{secrets.token_hex(8)}.example" for _ in range(asked)] for _ in range(batches)]
        unknown = [_times(port, names, 404) for names in made_up]
        group = GROUP.format(domains=domains)
        kinds = {"names not asked about before": cold, "names in the cache": warm, "made-up names": unknown}
        for name, rows in kinds.items():
            yield Figure(group, f"{name}, median", "ms", [statistics.median(times) for times in rows])
            worst = [statistics.quantiles(times, n=100)[98] for times in rows]
            yield Figure(
                group, f"{name}, p99", "ms", worst, at_most=5, note=f"Of {asked:,} questions, {batches} times."
            )


@contextmanager
def _served(place: Scratch) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    environment = place.environment("lastmile") | {"DJANGO_SETTINGS_MODULE": "core.settings"}
    process = subprocess.Popen(
        [*command, "--workers", "1", "domains.edge:application"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            try:
                _times(port, ["localhost"], 200)
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


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
