"""`bin/demo`: services, database, data, web server, worker and scheduler, and their end."""

import argparse
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

from core.embedded import EmbeddedFailure, Postgres, Redis

ROOT = Path(__file__).resolve().parent.parent
MARK = "lastmile-demo-data"
KEPT = ("postgres", "redis", "mail", "files", "static", "demo.json", "demo.log", "edge", "browser", "zone.txt")
KEPT += ("stripe.json",)


class CannotStart(Exception):
    """The demo cannot start; the text is one line for the terminal."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/demo", description="Starts a whole Lastmile on this machine.")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port of the web server (default 8000)")
    parser.add_argument("--data", type=Path, default=ROOT / ".data", metavar="DIR", help="where data is kept")
    parser.add_argument("--reset", action="store_true", help="begin with new data")
    return parser.parse_args()


def free_port(port: int) -> None:
    """Raise CannotStart unless the port of loopback can be had."""
    if not 0 < port < 65535:
        raise CannotStart(f"Port {port} is not between 1 and 65534.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"Port {port} is in use. Choose another one with --port N.") from error


def open_folder(data: Path, *, reset: bool) -> None:
    """Make the data folder ours alone, emptied if asked for. Raises CannotStart."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        mark = data / MARK
        lock = mark.open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Another demo runs on the data in {data}.") from error
        open_folder.lock = lock  # type: ignore[attr-defined]
        if reset:
            Postgres(data).stop()
            Redis(data).stop()
            for name in KEPT:
                path = data / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotStart(f"The data folder {data} cannot be used: {error.strerror}.") from error


def step(text: str, work: Callable[[], object]) -> None:
    """Say what is being done, do it, say how long it took."""
    print(f"  {text} …", end="", flush=True)
    began = time.monotonic()
    work()
    print(f"\r  ✓ {text} ({time.monotonic() - began:.1f} s)")


class Demo:
    """All that the demo runs, from the first service to the last process."""

    def __init__(self, port: int, data: Path) -> None:
        self.port = port
        self.cards_port = port + 2
        self.data = data.resolve()
        self.postgres = Postgres(self.data)
        self.redis = Redis(self.data)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self) -> None:
        """What Django and the children read. Addresses that are already set stay."""
        os.environ.update(
            LASTMILE_DEMO="1",
            LASTMILE_DATA=str(self.data),
            DJANGO_SETTINGS_MODULE="core.settings",
            PLATFORM_DOMAIN="localhost",
            PUBLIC_PORT=str(self.port),
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=str(self.mailbox.smtp_port),
            STRIPE_API_BASE=f"http://127.0.0.1:{self.cards_port}",
            WHATSAPP_API_BASE=f"http://127.0.0.1:{self.port + 1}/meta",
            CHANNEL_NETWORKS="127.0.0.0/8 ::1/128",
        )

    def start(self) -> None:
        """Bring everything up. Raises CannotStart and EmbeddedFailure."""
        from demo.mailbox import Mailbox

        free_port(self.port + 1)
        free_port(self.cards_port)
        self.mailbox = Mailbox(self.data / "mail", self.port + 1)
        self.environment()
        if "DATABASE_URL" not in os.environ:
            step("PostgreSQL", self._start_postgres)
        if "REDIS_URL" not in os.environ:
            step("Redis", self._start_redis)
        step("Mailbox", self.mailbox.start)
        step("Card payments", self._start_cards)
        step("Tables", self._migrate)
        step("Demo data", self._seed)
        step(", ".join(self.commands()).capitalize(), self._start_children)

    def _start_cards(self) -> None:
        """A Stripe of the demo's own. Nothing of the product knows it but by the address in the settings."""
        command = [sys.executable, "-m", "lab.stripe", "--port", str(self.cards_port)]
        self._start("card payments", [*command, "--file", str(self.data / "stripe.json")])
        for _ in range(100):
            self.check()
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.cards_port), 1):
                return
            time.sleep(0.05)
        raise CannotStart(f"The card payments did not begin; see {self.data / 'demo.log'}.")

    def _start_postgres(self) -> None:
        os.environ["DATABASE_URL"] = self.postgres.start()

    def _start_redis(self) -> None:
        os.environ["REDIS_URL"] = self.redis.start()

    def _migrate(self) -> None:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)

    def _seed(self) -> None:
        from demo.channels import connect_channels
        from demo.gateways import connect_gateways
        from demo.seed import describe, seed
        from demo.whatsapp import connect_whatsapp

        seed()
        connect_gateways()
        connect_channels(f"http://127.0.0.1:{self.port + 1}/")
        connect_whatsapp(self.mailbox.metas)
        description = describe(self.port, self.mailbox.url)
        (self.data / "demo.json").write_text(json.dumps(description, indent=2, ensure_ascii=False))
        self.description = description

    def _start_children(self) -> None:
        for name, command in self.commands().items():
            self._start(name, command)
        self._wait_until_ready()

    def _start(self, name: str, command: list[str]) -> None:
        with (self.data / "demo.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def commands(self) -> dict[str, list[str]]:
        """What runs until the end, by the name that a person reads."""
        binaries = Path(sys.executable).parent
        serve = [str(binaries / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self.port)]
        serve += ["--workers", "2", "--blocking-threads", "1", "--log-level", "warning", "core.wsgi:application"]
        celery = [str(binaries / "celery"), "-A", "core"]
        worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "warning", "--without-gossip", "-E"]
        beat = [*celery, "beat", "--loglevel", "warning", "--pidfile", ""]
        return {"web server": serve, "worker": worker, "scheduler": beat}

    def _wait_until_ready(self) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/health/ready/", headers={"Host": f"localhost:{self.port}"}
        )
        for _ in range(300):
            self.check()
            try:
                with urllib.request.urlopen(request, timeout=2):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise CannotStart(f"The web server did not answer within 30 seconds; see {self.data / 'demo.log'}.")

    def welcome(self) -> str:
        """Addresses and logins, for the terminal."""
        from demo.seed import welcome

        return welcome(self.description)

    def check(self) -> None:
        """Raise CannotStart if a process has ended by itself."""
        for name, child in self.children.items():
            if child.poll() is not None:
                raise CannotStart(f"The {name} has stopped; see {self.data / 'demo.log'}.")

    def stop(self) -> None:
        """End everything that was started, the youngest first."""
        for child in reversed(self.children.values()):
            if child.poll() is None:
                child.terminate()
        for child in self.children.values():
            try:
                child.wait(8)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if hasattr(self, "mailbox"):
            self.mailbox.stop()
        for service in (self.redis, self.postgres):
            try:
                service.stop()
            except EmbeddedFailure as problem:
                print(problem, file=sys.stderr)


def told(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    chosen = options()
    return run(Demo(chosen.port, chosen.data), chosen)


def run(demo: Demo, chosen: argparse.Namespace) -> int:
    """Start a demo, print what people need to know, and stop it when they say so; the exit code."""
    began = time.monotonic()
    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)
    try:
        free_port(chosen.port)
        open_folder(chosen.data, reset=chosen.reset)
    except CannotStart as problem:
        print(problem, file=sys.stderr)
        return 2
    try:
        demo.start()
        print(demo.welcome())
        print(f"Ready in {time.monotonic() - began:.0f} s. Ctrl-C stops everything.", flush=True)
        while True:
            time.sleep(1)
            demo.check()
    except (CannotStart, EmbeddedFailure) as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopping …", flush=True)
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
