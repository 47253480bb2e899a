"""Behind PgBouncer in transaction mode, where consecutive transactions of one client meet different connections."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections
from django.db.transaction import atomic

from core.scope import isp_scope, public_scope
from tests.core.conftest import READ, in_threads, read

pytestmark = pytest.mark.needs("pgbouncer")
CLIENTS, ROUNDS = 6, 40


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


@pytest.fixture
def pooler(canaries, monkeypatch):
    """All new connections go through a PgBouncer with two connections to the server."""
    real = connections.settings["default"]
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    folder.chmod(0o755)
    port = free_port()
    target = f"host={real['HOST']} port={real['PORT'] or 5432} user={real['USER'] or 'postgres'}"
    if real["PASSWORD"]:
        target += f" password={real['PASSWORD']}"
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n{real['NAME']} = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        "unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
    )
    config.chmod(0o644)
    process = subprocess.Popen(command(config, real["HOST"]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        monkeypatch.setitem(real, "HOST", "127.0.0.1")
        monkeypatch.setitem(real, "PORT", str(port))
        connection.close()
        yield
    finally:
        connection.close()
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


def total(results: list) -> int:
    errors = [result for result in results if isinstance(result, Exception)]
    assert not errors, errors
    return sum(results)


def test_no_client_reads_the_rows_of_another_isp(canaries, pooler):
    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with isp_scope(isp), atomic():
                wrong += read() != isp.schema_name
                with public_scope():
                    wrong += read() != "public"
                wrong += read() != isp.schema_name
            with public_scope():
                wrong += read() != "public"
        return wrong

    assert total(in_threads(CLIENTS, run)) == 0
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone()[0] <= 2, "the clients did not share connections"


def test_server_side_cursors_find_their_rows(canaries, pooler):
    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with isp_scope(isp), atomic(), connection.chunked_cursor() as cursor:
                cursor.execute(f"{READ} CROSS JOIN generate_series(1, 3)")
                while rows := cursor.fetchmany(1):
                    wrong += rows != [(isp.schema_name,)]
            with public_scope(), connection.chunked_cursor() as cursor:
                cursor.execute(READ)
                wrong += cursor.fetchone() != ("public",)
        return wrong

    assert total(in_threads(CLIENTS, run)) == 0


def test_control_stock_reads_the_rows_of_other_isps(canaries, pooler, stock):
    def run(number):
        isp = canaries.both[number % 2]
        stock.wrapper.set_schema(isp.schema_name)
        wrong = 0
        for _ in range(ROUNDS):
            try:
                wrong += stock.read() != isp.schema_name
            except DatabaseError:
                wrong += 1
        stock.wrapper.close()
        return wrong

    assert total(in_threads(CLIENTS, run)) > 0
