"""Many domains brought in at once: how many orders the authority gets."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from bench.edges.place import SIGN, edge
from bench.figure import Figure
from bench.scratch import Scratch
from lab.authority import orders
from lab.edge import CADDYFILE, Edge
from lab.visit import visit

GROUP = "{count} domains brought in at once"
AT_A_TIME = 20


def limit(place: Scratch, *, quick: bool) -> Iterator[Figure]:
    """The project's own configuration as long as orders come; then one whose hour is short, to the end."""
    count, most = (6, 100) if quick else (300, 100)
    group = GROUP.format(count=count)
    with edge(place, "limit") as made:
        names, began = [f"d{number}.example" for number in range(1, count + 1)], time.monotonic()
        _visit(made, names)
        _until_quiet(made, 2 if quick else 30)
        served = _visit(made, names)  # a first visitor whose order took long was sent away
        took = time.monotonic() - began
        came = orders(made.processes.log("authority"))
    seen = f"Watched for {took:.0f} s, in which all {count} names were visited twice; {len(served)} have a certificate."
    yield Figure(group, "orders within the hour", "orders", [len(came)], at_most=most, note=seen)
    names, burst, seconds = (4, 2, 3) if quick else (15, 5, 30)
    caddyfile = _shorter(place.folder / "Caddyfile", burst, seconds)
    with edge(place, "hours", caddyfile=caddyfile) as made:
        left, began = [f"d{number}.example" for number in range(1, names + 1)], time.monotonic()
        while left and time.monotonic() - began < 10 * seconds:
            there = set(_visit(made, left))
            left = [name for name in left if name not in there]
            time.sleep(0.5)
        took = time.monotonic() - began
        came = orders(made.processes.log("authority"))
    name = f"an hour of {seconds} s, {burst} orders: "
    note = f"{names} names, asked for again and again; all had their certificate after {took:.0f} s."
    window = timedelta(seconds=seconds - 1)  # the log has whole seconds
    worst = max(sum(first <= when <= first + window for when in came) for first in came)
    yield Figure(group, f"{name}most in any of them", "orders", [worst], at_most=burst, note=note)
    yield Figure(group, f"{name}names served at the end", "%", [100 * (names - len(left)) / names], at_least=100)


def _visit(made: Edge, names: list[str]) -> list[str]:
    """Visit each name once, some at a time; those that got a page."""

    def one(name: str) -> bool:
        try:
            return visit(made.ports["https"], name, root=made.root, path=SIGN, seconds=170).status == 200
        except OSError:
            return False

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return [name for name, works in zip(names, pool.map(one, names), strict=True) if works]


def _until_quiet(made: Edge, seconds: float) -> None:
    """Until no order has come for some time."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        if (now := len(orders(made.processes.log("authority")))) != seen:
            seen, since = now, time.monotonic()
        time.sleep(0.2)


def _shorter(path: Path, burst: int, seconds: int) -> Path:
    """The project's Caddyfile with another limit of orders, and nothing else different."""
    short = rf"interval {seconds}s\n\1burst {burst}\n"
    text, changed = re.subn(r"interval 1h\n(\s+)burst 100\n", short, CADDYFILE.read_text())
    if changed != 1:
        raise AssertionError("deploy/Caddyfile does not say that 100 names may be ordered in an hour.")
    path.write_text(text)
    return path
