"""Database and permission process away for minutes, while people browse names that have their certificates."""

import time
from collections.abc import Iterator
from typing import Any

from bench.edges.place import Client, edge, open_all, unhappy
from bench.figure import Figure
from bench.scratch import PeerFailed, Scratch
from lab.edge import Edge
from lab.visit import visit

GROUP = "Database away for {seconds} s, permission process for the second half of it"


def outage(place: Scratch, hosts: list[str], *, quick: bool) -> Iterator[Figure]:
    """Nobody's TLS may fail; what the pages answer meanwhile is written down."""
    half = 2 if quick else 60
    group = GROUP.format(seconds=2 * half)
    with edge(place, "outage") as made:
        open_all(made, hosts)
        first = _browse(made, hosts, half, _stop_database, place)
        second = _browse(made, hosts, half, lambda made, place: made.processes.stop("permission"), place)
        made.processes.stop("caddy")
        made.start_caddy()
        restarted = sum(_answers(made, host) for host in hosts)
        place.postgres.start()
        made.start_permission()
        back = _until_well(made, hosts)
        after = Client("browse", str(made.ports["https"]), str(made.root_file), "3", "0.2", *hosts).told(seconds=60)
    answers = {
        page: first["answers"].get(page, 0) + second["answers"].get(page, 0)
        for page in sorted({**first["answers"], **second["answers"]})
    }
    asked = sum(answers.values())
    said = "Pages and their statuses: " + ", ".join(f"{page} {times:,} times" for page, times in answers.items())
    failed = len(first["failed"]) + len(second["failed"])
    yield Figure(group, "pages without an answer over TLS", "pages", [failed], at_most=0, note=f"Of {asked:,}. {said}.")
    note = "Nothing but Caddy and the web processes ran then."
    name = "names served by a Caddy that was started anew meanwhile"
    yield Figure(group, name, "%", [100 * restarted / len(hosts)], at_least=100, note=note)
    yield Figure(group, "until all pages are back", "s", [back])
    yield Figure(group, "pages that failed afterwards", "pages", [unhappy(after)], at_most=0)


def _browse(made: Edge, hosts: list[str], seconds: float, break_it: Any, place: Scratch) -> Any:
    """Let people browse, break something as they begin; what they saw."""
    address = str(made.ports["https"]), str(made.root_file)
    people = Client("browse", *address, str(seconds), "0.5", *hosts)
    break_it(made, place)
    return people.told(seconds=seconds + 60)


def _stop_database(made: Edge, place: Scratch) -> None:
    place.postgres.stop()


def _answers(made: Edge, host: str) -> bool:
    """Whether a name is served over TLS, whatever the page says."""
    try:
        return visit(made.ports["https"], host, root=made.root).status in {200, 503}
    except OSError:
        return False


def _until_well(made: Edge, hosts: list[str]) -> float:
    began = time.monotonic()
    while time.monotonic() - began < 60:
        if all(visit(made.ports["https"], host, root=made.root).status == 200 for host in hosts):
            return time.monotonic() - began
        time.sleep(0.1)
    raise PeerFailed("The pages did not come back after the database had.")
