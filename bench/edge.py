"""The edge: the permission endpoint by itself, then Caddy in floods, beyond its limits, in outages and renewals."""

from collections.abc import Iterator

from bench.edges.limit import limit
from bench.edges.outage import outage
from bench.edges.permission import permission
from bench.edges.place import fill
from bench.edges.renewal import renewal
from bench.edges.storm import storm
from bench.figure import Figure
from bench.scratch import scratch


def figures(quick: bool) -> Iterator[Figure]:
    """What issue 4 asks of the edge. Caddy, Pebble, our processes, PostgreSQL and visitors share this machine."""
    isps, domains = (3, 200) if quick else (20, 50_000)
    with scratch() as place:
        hosts = fill(place, isps=isps, domains=domains)
        yield from permission(place, domains=domains, quick=quick)
        yield from storm(place, hosts, quick=quick)
        yield from limit(place, quick=quick)
        yield from outage(place, hosts, quick=quick)
        yield from renewal(place, hosts, quick=quick)
