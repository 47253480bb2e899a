"""Many made-up names while people browse."""

import statistics
import time
from collections.abc import Iterator

from bench.edges.place import Client, Cpu, edge, open_all, unhappy
from bench.figure import Figure
from bench.scratch import Scratch
from lab.authority import orders
from lab.edge import Edge

GROUP = "{count:,} made-up names at {rate}/s while {isps} ISPs browse"
SUFFIX = ".storm.example"


def storm(place: Scratch, hosts: list[str], *, quick: bool) -> Iterator[Figure]:
    """People browse in quiet, beside the flood, and in quiet again; the flood is compared with both quiet times."""
    count, rate, quiet_seconds = (200, 100, 2) if quick else (50_000, 200, 40)
    group = GROUP.format(count=count, rate=rate, isps=len(hosts))
    with edge(place, "storm") as made:
        open_all(made, hosts)
        _browse(place, made, hosts, 1 if quick else 5)  # what is slow only once
        before = len(orders(made.processes.log("authority")))
        first, _, _ = _browse(place, made, hosts, quiet_seconds)
        flood = Client("hello", str(made.ports["https"]), str(rate), str(count), SUFFIX)
        loud, busy, cpu = _browse(place, made, hosts, count / rate - 1, flood=flood)
        told = flood.told(seconds=count / rate + 120)
        last, _, _ = _browse(place, made, hosts, quiet_seconds)
        log = made.processes.log("authority")
    quiet = first + last
    pace = f"The flood came at {count / told['seconds']:.0f} a second: " + ", ".join(
        f"{kind} {int(number):,}" for kind, number in sorted(told.items()) if kind != "seconds"
    )
    yield Figure(group, "orders for made-up names", "orders", [log.count(SUFFIX)], at_most=0, note=f"{pace}.")
    yield Figure(group, "orders at all meanwhile", "orders", [len(orders(log)) - before], at_most=0)
    yield Figure(group, "names that got no handshake", "%", [100 * told.get("refused", 0) / count], at_least=100)
    yield Figure(group, "pages that failed", "pages", [busy], at_most=0)
    for name, share in ((50, "median"), (95, "p95")):
        one, other = _percentile(quiet, name), _percentile(loud, name)
        yield Figure(group, f"browsing in quiet, {share}", "ms", [one], note=f"Of {len(quiet):,} pages.")
        yield Figure(group, f"browsing in the flood, {share}", "ms", [other], note=f"Of {len(loud):,} pages.")
        limit = {"at_most": 2} if name == 95 else {}
        shares = ", ".join(f"{part} {used:.0f}" for part, used in sorted(cpu.items(), key=lambda row: -row[1]))
        note = f"Percent of one core meanwhile: {shares}. Clients and servers share the machine's cores."
        yield Figure(group, f"flood / quiet, {share}", "×", [other / one], note=note if limit else "", **limit)


def _browse(
    place: Scratch, made: Edge, hosts: list[str], seconds: float, flood: Client | None = None
) -> tuple[list[float], int, dict[str, float]]:
    """Milliseconds of the pages, how many failed, and the processor time of each part."""
    people = Client("browse", str(made.ports["https"]), str(made.root_file), str(seconds), "0.5", *hosts)
    clients = {"browsing": people.process.pid} | ({"flood": flood.process.pid} if flood else {})
    began, before = time.monotonic(), Cpu.of(place, made, clients)
    time.sleep(max(seconds - 0.5, 0.1))
    cpu = Cpu.of(place, made, clients).since(before, time.monotonic() - began)
    told = people.told(seconds=60)
    return told["times"], unhappy(told), cpu


def _percentile(times: list[float], share: int) -> float:
    return statistics.quantiles(times, n=100)[share - 1]
