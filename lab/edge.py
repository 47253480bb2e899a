"""The edge as it runs in production, on loopback and high ports: see `deploy/Caddyfile`."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from lab.authority import PATIENT, Authority
from lab.processes import ROOT, Processes, free_port

CADDYFILE = ROOT / "deploy" / "Caddyfile"
PORTS = ("http", "https", "acme", "manage", "dns", "ask")


@dataclass
class Edge:
    """What is started, part by part, and at which ports.

    `environment` is what our own processes read: database, PLATFORM_DOMAIN and so on. `settings` are more of Caddy's
    variables, `caddyfile` is the configuration where it is not the project's own, `ports` may say some of PORTS.
    """

    folder: Path
    environment: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    caddyfile: Path = CADDYFILE
    ports: dict[str, int] = field(default_factory=dict)
    valid_seconds: int = 0
    webs: list[int] = field(default_factory=list)
    root: str = ""  # what visitors trust, in PEM, once the authority runs

    def __post_init__(self) -> None:
        self.ports = {name: free_port() for name in PORTS} | self.ports
        self.processes = Processes(self.folder)

    @property
    def authority(self) -> Authority:
        return Authority(
            folder=self.folder,
            port=self.ports["acme"],
            management_port=self.ports["manage"],
            dns=f"127.0.0.1:{self.ports['dns']}",
            http_port=self.ports["http"],
            https_port=self.ports["https"],
            valid_seconds=self.valid_seconds,
        )

    def start_names(self) -> None:
        """A name server for which every name is here."""
        off = [flag for kind in ("http01", "https01", "tlsalpn01") for flag in (f"-{kind}", "")]
        manage = ["-management", f"127.0.0.1:{free_port()}", "-defaultIPv6", ""]
        command = ["pebble-challtestsrv", *off, *manage, "-dns01", self.authority.dns]
        self.processes.start("names", *command, environment=self.environment)

    def start_authority(self) -> None:
        """Pebble, and what it signs with as `root.pem` in the folder. It begins with nothing each time."""
        self.processes.start("authority", *self.authority.command(), environment=self.environment | PATIENT)
        self.processes.wait("authority", self.ports["acme"])
        self.processes.wait("authority", self.ports["manage"])
        self.root = self.authority.root()
        self.root_file.write_text(self.root)

    @property
    def root_file(self) -> Path:
        return self.folder / "root.pem"

    def start_permission(self) -> None:
        self._serve("permission", self.ports["ask"], "domains.edge:application")

    def start_web(self, count: int) -> None:
        """Web processes `web1`, `web2` …, each at a port of its own."""
        self.webs = [free_port() for _ in range(count)]
        for number, port in enumerate(self.webs, 1):
            self._serve(f"web{number}", port, "core.wsgi:application", wait=False)
        for number, port in enumerate(self.webs, 1):
            self.processes.wait(f"web{number}", port)

    def _serve(self, name: str, port: int, application: str, *, wait: bool = True) -> None:
        flags = ["--host", "127.0.0.1", "--workers", "1", "--blocking-threads", "1", "--log-level", "warning"]
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", *flags, "--port", str(port), application]
        self.processes.start(name, *command, environment=self.environment)
        if wait:
            self.processes.wait(name, port)

    def start_caddy(self) -> None:
        command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(self.caddyfile)]
        self.processes.start("caddy", *command, environment=self.caddy_environment())
        self.processes.wait("caddy", self.ports["https"])
        self.processes.wait("caddy", self.ports["http"])

    def caddy_environment(self) -> dict[str, str]:
        return {
            **self.environment,
            "EDGE_HTTP_PORT": str(self.ports["http"]),
            "EDGE_HTTPS_PORT": str(self.ports["https"]),
            "EDGE_STORAGE": str(self.folder / "storage"),
            "EDGE_AUTHORITY": f"acme_ca {self.authority.directory}\nacme_ca_root {self.authority.certificate}",
            "EDGE_ASK": f"http://127.0.0.1:{self.ports['ask']}/",
            "EDGE_WEB": " ".join(f"127.0.0.1:{port}" for port in self.webs),
            # Where it keeps what is not in its storage.
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder),
            **self.settings,
        }
