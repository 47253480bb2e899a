"""The installation that all figures of the edge are measured on."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.scratch import ROOT, PeerFailed, Scratch
from lab.edge import CADDYFILE, Edge
from lab.visit import visit

PLATFORM = "lastmile.example"
DOMAINS = """
INSERT INTO public.domains_domain (isp_id, host, surface, is_primary, verified_at, created_at)
SELECT (SELECT min(id) FROM public.tenants_isp), 'd' || n || '.example', 'portal', false, now(), now()
FROM generate_series(1, %s) n
"""
SIGN = "/.well-known/lastmile/"  # shown on all names, also those that redirect to another one
OWN = """
INSERT INTO public.domains_domain (isp_id, host, surface, is_primary, verified_at, created_at)
SELECT id, 'clientes.' || slug || '.example', 'portal', true, now(), now() FROM public.tenants_isp
"""


def fill(place: Scratch, *, isps: int, domains: int) -> list[str]:
    """Make ISPs with a domain each, and many domains of the first one besides; the ISPs' domains."""
    place.migrate()
    with place.peer("lastmile") as peer:
        peer.ask("build_template")
        peer.ask("add_tenants", first=0, count=isps)
    with place.connect("lastmile") as raw:
        raw.execute(DOMAINS, [domains])
        raw.execute(OWN)
        raw.execute("ANALYZE public.domains_domain")
    return [f"clientes.isp-{number}.example" for number in range(isps)]


def environment(place: Scratch) -> dict[str, str]:
    """What the installation's own processes read."""
    return place.environment("lastmile") | {
        "DJANGO_SETTINGS_MODULE": "core.settings",
        "PLATFORM_DOMAIN": PLATFORM,
        "PUBLIC_SCHEME": "https",
        "BEHIND_PROXY": "1",
    }


@contextmanager
def edge(place: Scratch, name: str, *, webs: int = 2, caddyfile: Path = CADDYFILE, valid: int = 0) -> Iterator[Edge]:
    """All parts of an edge over the installation; `valid` is for how many seconds its certificates are."""
    made = Edge(place.folder / name, environment(place), caddyfile=caddyfile, valid_seconds=valid)
    made.settings = {"PLATFORM_DOMAIN": PLATFORM}
    try:
        made.start_names()
        made.start_authority()
        made.start_permission()
        made.start_web(webs)
        made.start_caddy()
        yield made
    finally:
        made.processes.stop_all()


def open_all(made: Edge, hosts: list[str]) -> None:
    """Visit each host once, so that it has its certificate. Raises PeerFailed."""
    for host in hosts:
        seen = visit(made.ports["https"], host, root=made.root, path=SIGN, seconds=120)
        if seen.status != 200:
            raise PeerFailed(f"{host} answered {seen.status}.")


class Client:
    """A process of bench.edges that visits, and the JSON that it prints at its end."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"bench.edges.{module}", *arguments]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=kept | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
        )

    def told(self, *, seconds: float) -> Any:
        """What it printed. Raises PeerFailed if it takes longer or fails."""
        try:
            text, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            raise PeerFailed("A visiting process did not end in time.") from error
        if self.process.returncode:
            raise PeerFailed("A visiting process failed; see above.")
        return json.loads(text)


def unhappy(told: dict[str, Any]) -> int:
    """How many pages got another answer than 200, or none."""
    return len(told["failed"]) + sum(times for page, times in told["answers"].items() if not page.endswith(" 200"))


@dataclass(frozen=True)
class Cpu:
    """Seconds of processor time that each part has used so far."""

    used: dict[str, float]

    @classmethod
    def of(cls, place: Scratch, made: Edge, clients: dict[str, int]) -> "Cpu":
        parts = {name: process.pid for name, process in made.processes.running.items()} | clients
        used = {name: sum(_seconds(pid) for pid in _family(root)) for name, root in parts.items()}
        used["postgresql"] = sum(_seconds(pid) for pid in _family(place.postgres.pid()))
        return cls(used)

    def since(self, before: "Cpu", seconds: float) -> dict[str, float]:
        """Percent of one core, by part."""
        return {
            name: 100 * (used - before.used.get(name, 0)) / seconds
            for name, used in self.used.items()
            if used >= before.used.get(name, 0)
        }


def _family(root: int) -> list[int]:
    """A process and all below it."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            try:
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(path.name))
    found, left = [], [root]
    while left:
        found.append(pid := left.pop())
        left += parents.get(pid, [])
    return found


def _seconds(pid: int) -> float:
    """Its own time and that of children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
