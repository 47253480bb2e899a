"""Behind PgBouncer in transaction mode, where consecutive transactions of one client meet different connections."""

import pytest
from django.db import DatabaseError, connection, connections
from django.db.transaction import atomic

from core.scope import isp_scope, public_scope
from tests.core.conftest import READ, in_threads, read
from tests.pooler import pgbouncer

pytestmark = pytest.mark.needs("pgbouncer")
CLIENTS, ROUNDS = 6, 40


@pytest.fixture
def pooler(canaries, monkeypatch):
    """All new connections go through a PgBouncer with two connections to the server."""
    real = connections.settings["default"]
    with pgbouncer(real, size=2) as port:
        monkeypatch.setitem(real, "HOST", "127.0.0.1")
        monkeypatch.setitem(real, "PORT", str(port))
        connection.close()
        yield
        connection.close()


def acting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user::text")
        return cursor.fetchone()[0]


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


def test_no_role_stays_on_a_shared_connection(canaries, pooler):
    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with isp_scope(isp), atomic():
                wrong += acting() != isp.schema_name
            with public_scope():
                wrong += acting() in {other.schema_name for other in canaries.both}
        return wrong

    assert total(in_threads(CLIENTS, run)) == 0


def test_control_a_role_set_for_the_session_stays(canaries, pooler):
    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with public_scope():
                acting()
                connection.connection.execute(f"SET ROLE {isp.schema_name}")
                wrong += acting() != isp.schema_name
        return wrong

    assert total(in_threads(CLIENTS, run)) > 0


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
