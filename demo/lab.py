"""`bin/domains-lab`: the demo behind Caddy, with a certificate authority and a DNS of its own, all on loopback."""

import argparse
import base64
import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from demo.companies import COMPANIES
from demo.run import MARK, ROOT, CannotStart, Demo, free_port, run, step
from lab.edge import Edge
from lab.processes import NotUp
from lab.visit import visit
from lab.zone import BadRecord, Record, ZoneFile, host, record, served

PLATFORM = "lastmile.test"
TOP = ".test"  # reserved for tries: no such name is anybody's
SOA = f"ns.{PLATFORM}. hostmaster.{PLATFORM}. 1 3600 600 604800 60"
PROGRAMS = ("caddy", "pebble")


class Lab(Demo):
    """A demo whose ISPs have no domain yet. `port` is Caddy's; the four behind it are mail, plain HTTP, DNS, cards."""

    def __init__(self, port: int, data: Path, *, is_empty: bool = False) -> None:
        super().__init__(port, data, is_empty=is_empty)
        self.http_port, self.dns_port, self.cards_port = port + 2, port + 3, port + 4
        self.zone = ZoneFile(self.data / "zone.txt")
        self.browser_home = self.data / "browser"
        self.ends = ExitStack()
        ports = {"https": port, "http": self.http_port, "dns": self.dns_port}
        self.edge = Edge(self.data / "edge", {}, {"PLATFORM_DOMAIN": PLATFORM}, ports=ports)

    def environment(self) -> None:
        super().environment()
        os.environ.update(
            PLATFORM_DOMAIN=PLATFORM,
            PUBLIC_SCHEME="https",
            PUBLIC_PORT="",  # the browser is told where it really is
            BEHIND_PROXY="1",
            DNS_RESOLVERS=f"127.0.0.1:{self.dns_port}",
            EDGE_ADDRESSES="127.0.0.1",
            EDGE_CONNECT=f"127.0.0.1:{self.port}",
            EDGE_CA_FILE=str(self.edge.root_file),
        )

    def start(self) -> None:
        """Bring everything up. Raises CannotStart and EmbeddedFailure."""
        for port in (self.http_port, self.dns_port):
            free_port(port)
        # The authority has a new root each time, so nothing it has signed before is worth anything.
        shutil.rmtree(self.edge.folder, ignore_errors=True)
        self.edge.folder.mkdir()
        self.edge.environment = dict(os.environ)
        step("DNS", self._start_dns)
        try:
            step("Certificate authority", self.edge.start_authority)
            step("Trust for a browser", self._trust)
            super().start()
        except NotUp as problem:
            raise CannotStart(str(problem)) from problem

    def _start_dns(self) -> None:
        if not self.zone.path.exists():
            with self.zone.changed() as rows:
                rows += first_records()
        self.ends.enter_context(served(self.zone, self.dns_port))

    def _trust(self) -> None:
        """A folder that is HOME for a Chromium which knows the root."""
        shutil.rmtree(self.browser_home, ignore_errors=True)
        store = self.browser_home / ".pki" / "nssdb"
        store.mkdir(parents=True)
        if shutil.which("certutil"):
            database = ["certutil", "-d", f"sql:{store}"]
            added = [*database, "-A", "-t", "C,,", "-n", "lab", "-i", str(self.edge.root_file)]
            for command in ([*database, "-N", "--empty-password"], added):
                subprocess.run(command, check=True, capture_output=True)

    def browser(self) -> list[str]:
        """What starts a Chromium for which the names work, without an address."""
        rules = f"MAP *{TOP}:80 127.0.0.1:{self.http_port}, MAP *{TOP} 127.0.0.1:{self.port}"
        flags = [f"--user-data-dir={self.browser_home / 'profile'}", f"--host-resolver-rules={rules}"]
        if not shutil.which("certutil"):
            known = ",".join(map(fingerprint, (self.edge.root, self.edge.authority.intermediate())))
            flags.append(f"--ignore-certificate-errors-spki-list={known}")
        return ["chromium", *(["--no-sandbox"] if os.geteuid() == 0 else []), *flags]

    def _seed(self) -> None:
        super()._seed()
        self.description["lab"] = {
            "https": self.port,
            "http": self.http_port,
            "dns": self.dns_port,
            "zone": str(self.zone.path),
            "root": str(self.edge.root_file),
            "home": str(self.browser_home),
            "browser": self.browser(),
        }
        (self.data / "demo.json").write_text(json.dumps(self.description, indent=2, ensure_ascii=False))

    def commands(self) -> dict[str, list[str]]:
        return {name: command for name, command in super().commands().items() if name != "web server"}

    def _start_children(self) -> None:
        self.edge.environment = dict(os.environ)
        self.edge.start_permission()
        self.edge.start_web(2)
        super()._start_children()

    def _wait_until_ready(self) -> None:
        self.edge.start_caddy()
        seen = visit(self.port, PLATFORM, root=self.edge.root, path="/health/ready/")
        if seen.status != 200:
            raise CannotStart(f"The web server is not ready: {seen.text.splitlines()[-1]}")

    def check(self) -> None:
        super().check()
        try:
            self.edge.processes.check()
        except NotUp as problem:
            raise CannotStart(str(problem)) from problem

    def stop(self) -> None:
        self.edge.processes.stop_all()
        super().stop()
        self.ends.close()

    def welcome(self) -> str:
        where = "" if self.data == ROOT / ".data" / "lab" else f" --data {shlex.quote(str(self.data))}"
        start = shlex.join([*self.browser(), f"https://{PLATFORM}/"])
        curl = f"curl --cacert {shlex.quote(str(self.edge.root_file))} --connect-to ::127.0.0.1:{self.port}"
        zones = ", ".join(each.name for each in self.zone.records() if each.kind == "SOA" and each.name != PLATFORM)
        lines = [
            f"  Names end in {TOP} and lead here in a Chromium that was started like this:",
            "",
            f"    HOME={shlex.quote(str(self.browser_home))} {start}",
            "",
            f"  Without a browser   {curl} https://{PLATFORM}/",
            f"  Root certificate    {self.edge.root_file}   another one after each start",
            f"  Logs                {self.edge.folder}   Caddy, authority, permission, web processes",
            f"  DNS                 127.0.0.1:{self.dns_port}   zones: {zones}",
            "",
            "  Claim clientes.wispmega.test in WispMega's settings; then play its DNS provider in another terminal:",
            "",
            f"    bin/domains-lab record{where} add clientes.wispmega.test CNAME NAME.cname.{PLATFORM}",
            f"    bin/domains-lab record{where} add _lastmile.clientes.wispmega.test TXT lastmile-domain=TOKEN",
            f"    bin/domains-lab record{where} remove clientes.wispmega.test",
            f"    bin/domains-lab record{where} add clientes.wispmega.test SERVFAIL   an outage of the DNS",
            f"    bin/domains-lab record{where} list",
            "",
        ]
        return super().welcome() + "\n" + "\n".join(lines)


def fingerprint(pem: str) -> str:
    """The key of a certificate as Chromium's list of exceptions names it."""
    key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(hashlib.sha256(key.public_bytes(serialization.Encoding.DER, kind)).digest()).decode()


def first_records() -> list[Record]:
    """The platform's own names, and a zone for each ISP of the demo with nothing but its web site."""
    zones = [company.staff_domain.partition(".")[2].removesuffix(".localhost") + TOP for company in COMPANIES]
    rows = [Record(zone, "SOA", SOA) for zone in (PLATFORM, *zones)]
    rows += [Record(name, "A", "127.0.0.1") for name in (PLATFORM, f"*.{PLATFORM}")]
    return rows + [Record(zone, "A", "192.0.2.10") for zone in zones]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/domains-lab", description="Starts the demo behind Caddy, a certificate authority and a DNS, all here."
    )
    data = ROOT / ".data" / "lab"
    parser.add_argument("--port", type=int, default=8443, metavar="N", help="port of HTTPS (default 8443)")
    parser.add_argument("--data", type=Path, default=data, metavar="DIR", help="where data is kept")
    parser.add_argument("--reset", action="store_true", help="begin with new data")
    parser.add_argument("--empty", action="store_true", help="no companies but those that sign up")
    parts = parser.add_subparsers(dest="part", metavar="record")
    records = parts.add_parser("record", help="list and change the DNS records of a lab that runs")
    records.add_argument("--data", type=Path, default=argparse.SUPPRESS, metavar="DIR", help="the lab's data")
    acts = records.add_subparsers(dest="act", required=True, metavar="list|add|remove")
    acts.add_parser("list", help="all records")
    add = acts.add_parser("add", help="add NAME KIND VALUE; SERVFAIL as KIND for an outage")
    add.add_argument("name")
    add.add_argument("kind")
    add.add_argument("value", nargs="*")
    remove = acts.add_parser("remove", help="remove NAME, of one KIND, with one VALUE")
    remove.add_argument("name")
    remove.add_argument("kind", nargs="?", default="")
    remove.add_argument("value", nargs="*")
    return parser.parse_args()


def change_records(chosen: argparse.Namespace) -> int:
    """Do what `record` was asked for; the exit code."""
    zone = ZoneFile(chosen.data.resolve() / "zone.txt")
    if not runs(chosen.data):
        print(f"No lab runs on the data in {chosen.data}. Start one with bin/domains-lab.", file=sys.stderr)
        return 2
    try:
        if chosen.act == "add":
            add(zone, record(chosen.name, chosen.kind, " ".join(chosen.value)))
        elif chosen.act == "remove":
            gone = zone.remove(chosen.name, chosen.kind, " ".join(chosen.value))
            print(f"Removed: {gone}.")
        else:
            print("\n".join(map(str, zone.records())))
    except BadRecord as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def add(zone: ZoneFile, new: Record) -> None:
    """Add a record, and the zone that it is in if that is new. Raises BadRecord."""
    if not new.name.endswith(TOP):
        raise BadRecord(f"{new.name} does not end in {TOP}, so no browser would look for it here.")
    zone.add(new)
    print(f"Added: {new}")
    top = host(".".join(new.name.split(".")[-2:]))
    if not any(each.kind == "SOA" and each.name == top for each in zone.records()):
        zone.add(Record(top, "SOA", SOA))
        print(f"{top} is a zone now.")


def runs(data: Path) -> bool:
    """Whether a lab or demo holds the data."""
    try:
        with (data / MARK).open("a") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def main() -> int:
    chosen = options()
    if chosen.part == "record":
        return change_records(chosen)
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        names = " and ".join(missing)
        print(f"The lab needs {names} (on Debian: apt-get install {' '.join(missing)}).", file=sys.stderr)
        return 2
    return run(Lab(chosen.port, chosen.data, is_empty=chosen.empty), chosen)


if __name__ == "__main__":
    sys.exit(main())
