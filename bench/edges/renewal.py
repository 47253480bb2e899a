"""Certificates that end soon, while people browse; and ones that have ended while nobody came."""

import time
from collections.abc import Iterator

from bench.edges.place import Client, edge, open_all, unhappy
from bench.figure import Figure
from bench.scratch import Scratch
from lab.edge import Edge
from lab.visit import visit

GROUP = "Certificates that are valid for {valid} s, {isps} ISPs browse for {seconds} s"


def renewal(place: Scratch, hosts: list[str], *, quick: bool) -> Iterator[Figure]:
    """The authority signs for a short time only: programs in Go ask the kernel, so no clock of theirs can be moved."""
    # No more than 100 orders come of it, which is the limit of an hour.
    valid, seconds, hosts = (6, 9, hosts[:2]) if quick else (90, 150, hosts)
    group = GROUP.format(valid=valid, isps=len(hosts), seconds=seconds)
    with edge(place, "renewal", valid=valid) as made:
        open_all(made, hosts)
        address = str(made.ports["https"]), str(made.root_file)
        told = Client("browse", *address, str(seconds), "0.5", *hosts).told(seconds=seconds + 60)
        time.sleep(valid + 1)
        ended = [_opens(made, host) for host in hosts]
    fewest = min(len(seen) for seen in told["certificates"].values())
    pages = f"Of {len(told['times']):,}."
    yield Figure(group, "pages that failed", "pages", [unhappy(told)], at_most=0, note=pages)
    least = seconds // valid
    yield Figure(group, "certificates of the host that had fewest", "certificates", [fewest], at_least=1 + least)
    name = "hosts served at once after nobody came until the end"
    yield Figure(group, name, "%", [100 * sum(ended) / len(ended)], at_least=100)


def _opens(made: Edge, host: str) -> bool:
    try:
        return visit(made.ports["https"], host, root=made.root).status == 200
    except OSError:
        return False
