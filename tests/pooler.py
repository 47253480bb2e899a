"""PgBouncer in transaction mode in front of a database, with nothing set but what it must have."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(config: Path, host: str) -> list[str]:
    """PgBouncer refuses to run as root, and must reach the server's socket: so it runs as the socket's owner."""
    program = [shutil.which("pgbouncer"), str(config)]
    if os.geteuid() != 0:
        return program
    socket_path = Path(host) / ".s.PGSQL.5432"
    owner = pwd.getpwuid(socket_path.stat().st_uid) if socket_path.exists() else pwd.getpwnam("nobody")
    if owner.pw_uid == 0:
        owner = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", *program]


@contextmanager
def pgbouncer(database: dict[str, str], *, size: int) -> Iterator[int]:
    """A PgBouncer with `size` connections to the database of these Django settings; its port on loopback."""
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    folder.chmod(0o755)
    port = free_port()
    target = f"host={database['HOST']} port={database['PORT'] or 5432} user={database['USER'] or 'postgres'}"
    if database["PASSWORD"]:
        target += f" password={database['PASSWORD']}"
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{database['NAME']} = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = {size}\n"
    )
    config.chmod(0o644)
    process = subprocess.Popen(command(config, database["HOST"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder)


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("PgBouncer did not start.")
