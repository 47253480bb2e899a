"""The dashboard of one large ISP: its lists, searches, filters and exports, with the number of their queries."""

from collections.abc import Iterator
from urllib.parse import urlencode

from bench.customer_base import Size, fill
from bench.figure import Figure
from bench.scratch import Peer, scratch

FULL = Size(subscribers=100_000, services=120_000, entries=1_000_000, requests=20_000, acts=300_000)
QUICK = Size(subscribers=500, services=600, entries=3_000, requests=200, acts=500)
SLUG = "isp-0"
ALLOWED = 150  # ms of server time
NO_LISTS = {"money dashboard"}  # sums over everything, which nothing was asked of
NOTE = "{queries} statements, {cpu:.0f} ms of processor time in Python and PostgreSQL together."


def figures(quick: bool) -> Iterator[Figure]:
    """What issue 5 asks of each list: 150 ms of server time at 100,000 subscribers."""
    size, times = (QUICK, 2) if quick else (FULL, 9)
    with scratch() as place:
        place.migrate()
        with place.peer("lastmile", DJANGO_SETTINGS_MODULE="core.settings") as peer:
            peer.ask("build_template")
            peer.ask("add_tenants", first=0, count=1)
            with place.connect("lastmile") as raw:
                fill(raw, peer.ask("schema_names")[0], size)
            peer.ask("hire", slug=SLUG)
            yield from pages(peer, size, times)
            yield from exports(peer, size)


def pages(peer: Peer, size: Size, times: int) -> Iterator[Figure]:
    """Each page as a clerk asks for it, in turns of its own."""
    group = f"Server time of a page, {size.subscribers:,} subscribers, {size.entries:,} ledger entries"
    for name, path in addresses(peer, size):
        told = peer.ask("staff_page", path=path, times=times)
        allowed = None if name in NO_LISTS else ALLOWED
        yield Figure(group, name, "ms", told["ms"], at_most=allowed, note=NOTE.format(**told))


def addresses(peer: Peer, size: Size) -> Iterator[tuple[str, str]]:
    """What is measured."""
    known = peer.ask("staff_examples", slug=SLUG)
    lists = f"/{SLUG}/subscribers/"

    def search(**query: str) -> str:
        return f"{lists}?{urlencode(query)}"

    deep = min(400, size.subscribers // 25 - 1)
    yield "subscribers, first page", search(all="1")
    yield f"subscribers, page {deep}", search(all="1", page=str(deep))
    for column in ("number", "balance", "since"):
        yield f"sorted by {column}, backwards", search(sort=f"-{column}")
        yield f"sorted by {column}, page {deep}", search(sort=column, page=str(deep))
    for text in ("name", "phone", "username", "address", "service", "number", "id_number"):
        yield f"search by {text}", search(q=known[text])
    yield "search for a first name that many have", search(q=known["name"].split()[0])
    yield "search for two letters", search(q="ma")
    yield "search for what all user names begin with", search(q="cliente")
    yield "the same, those who are suspended", search(q="cliente", state="suspended")
    yield "search for nobody", search(q="xyzzy")
    for name in ("zone", "tariff", "router", "group"):
        yield f"filter by {name}", search(**{name: known[name]})
    for state in ("active", "suspended", "pending", "ended", "none"):
        yield f"filter by state {state}", search(state=state)
    yield "filter by state, tariff and router", search(state="active", tariff=known["tariff"], router=known["router"])
    yield "filter: no login", search(login="none")
    yield "filter: has a login", search(login="some")
    yield "filter: debt, by balance", search(debt="owing", sort="-balance")
    yield f"filter: debt, by balance, page {deep // 2}", search(debt="owing", sort="-balance", page=str(deep // 2))
    yield "filter: debt from and to, by name", search(debt_from="500", debt_to="900")
    yield "filter: nothing open", search(debt="settled")
    yield "filter: overdue at all", search(overdue="overdue")
    yield "filter: overdue for 61 to 90 days", search(overdue="61-90")
    yield "client card", f"{lists}{known['number']}/"
    yield "install requests", f"/{SLUG}/requests/"
    yield "install requests, searched", f"/{SLUG}/requests/?q={known['name'].split()[0]}"
    yield "install requests, searched for nobody", f"/{SLUG}/requests/?q=xyzzy"
    yield "install requests, approved", f"/{SLUG}/requests/?state=approved"
    yield "activity log", f"/{SLUG}/audit/"
    yield "activity log of one person", f"/{SLUG}/audit/?who=persona%203"
    yield "activity log, one act", f"/{SLUG}/audit/?act=billing.entry.booked"
    yield "home", f"/{SLUG}/"
    yield "money dashboard", f"/{SLUG}/money/"
    yield "cash desk", f"/{SLUG}/cash/"


def exports(peer: Peer, size: Size) -> Iterator[Figure]:
    """All subscribers with the usual columns, as both kinds of file."""
    group = f"Export of {size.subscribers:,} subscribers"
    for kind in ("csv", "xlsx"):
        told = peer.ask("staff_download", path=f"/{SLUG}/subscribers/export/{kind}/?all=1")
        yield Figure(group, f"{kind}, whole", "s", [told["seconds"]])
        yield Figure(group, f"{kind}, until the first bytes", "s", [told["first"]])
        yield Figure(group, f"{kind}, processor time", "s", [told["cpu"]])
        note = "Of the web process, beyond what it had before."
        yield Figure(group, f"{kind}, most memory", "MB", [told["peak"]], at_most=100, note=note)
        yield Figure(group, f"{kind}, size", "MB", [told["bytes"] / 1e6])
