"""BEGIN, the search path and the first statement of a transaction travel as one, and nothing looks different for it."""

import pytest
from django.db import DatabaseError, ProgrammingError, connection
from django.db.transaction import atomic
from psycopg import sql
from psycopg.pq import TransactionStatus

from core.scope import ScopeError, isp_scope, public_scope
from tests.core.conftest import READ, read


def execute(statement: object, *params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, *params)
        return cursor.fetchall() if cursor.description else []


def test_rows_columns_and_counts_are_those_of_the_statement(canaries):
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT text AS found, %s AS number FROM canary", [7])
        assert [column.name for column in cursor.description] == ["found", "number"]
        assert cursor.fetchall() == [(canaries.a.schema_name, 7)]
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE canary SET text = text")
        assert (cursor.rowcount, cursor.description) == (1, None)


@pytest.mark.parametrize(
    ("first", "params"),
    [
        (f"{READ} WHERE text LIKE 't%' OR text = '100%;'", ()),
        (f"/* a; comment */ {READ};", ()),
        (f"  {READ} -- the end; really", ()),
        (sql.SQL(READ), ()),
    ],
)
def test_statements_in_any_dress(canaries, first, params):
    for isp in canaries.both:
        with isp_scope(isp), atomic():
            assert execute(first, *params) == [(isp.schema_name,)]
            assert read() == isp.schema_name


@pytest.mark.parametrize("first", ["-- nothing", ";", "  "])
def test_statements_that_are_empty(canaries, first):
    with isp_scope(canaries.b), atomic():
        assert execute(first) == []
        assert read() == canaries.b.schema_name


def test_several_statements_give_the_results_of_each_in_order(canaries):
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        cursor.execute(f"{READ}; SELECT 2")
        assert cursor.fetchall() == [(canaries.a.schema_name,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [(2,)]


@pytest.mark.parametrize(
    "wrong", ["SELECT gone FROM canary", "SELECT FROM WHERE", "SELECT * FROM nowhere", "SELECT 1/0"]
)
def test_a_first_statement_that_fails_leaves_nothing_behind(canaries, wrong):
    with isp_scope(canaries.a), pytest.raises(DatabaseError), atomic():
        execute(wrong)
    assert connection.connection.pgconn.transaction_status == TransactionStatus.IDLE
    with isp_scope(canaries.b), atomic():
        assert read() == canaries.b.schema_name
    with public_scope():
        assert read() == "public"


def test_messages_of_the_server_quote_the_statement_alone(canaries):
    with isp_scope(canaries.a), pytest.raises(ProgrammingError) as raised, atomic():
        execute("SELECT gone FROM canary")
    assert "SELECT gone FROM canary" in str(raised.value)
    assert "search_path" not in str(raised.value)


def test_a_statement_that_would_move_the_path_is_refused_before_anything_is_sent(canaries):
    with isp_scope(canaries.a), pytest.raises(ScopeError), atomic():
        execute("SET search_path TO public")
    assert connection.connection.pgconn.transaction_status == TransactionStatus.IDLE


def test_savepoints_and_locks_may_come_first(canaries):
    with isp_scope(canaries.a), atomic():
        with pytest.raises(DatabaseError), atomic():
            execute("SELECT gone FROM canary")
        assert execute(f"{READ} FOR UPDATE") == [(canaries.a.schema_name,)]
