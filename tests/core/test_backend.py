"""What stock django-tenants gets wrong, here right; each with the fault shown where our defence is off."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError, OperationalError, ProgrammingError, connection, connections
from django.db.transaction import atomic
from django_tenants.postgresql_backend.base import FakeTenant
from django_tenants.postgresql_backend.introspection import DatabaseSchemaIntrospection

from core.db import base
from core.scope import NoScope, OutsideTransaction, ScopeConflict, ScopeError, isp_scope, public_scope
from tests.core.conftest import READ, in_threads, read

THREADS, ROUNDS = 4, 50


# Threads


def wrong_reads(results, rounds=ROUNDS):
    errors = [result for result in results if isinstance(result, Exception)]
    assert not errors, errors
    return sum(results)


def test_threads_read_their_own_isp(canaries):
    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with isp_scope(isp), atomic():
                wrong += read() != isp.schema_name
        return wrong

    assert wrong_reads(in_threads(THREADS, run)) == 0


def test_threads_control_stock_tenants_share_one_stack(canaries, stock):
    from django_tenants.models import TenantMixin

    class Tenant(FakeTenant):
        _previous_tenant = TenantMixin._previous_tenant
        __enter__, __exit__, activate = TenantMixin.__enter__, TenantMixin.__exit__, TenantMixin.activate

    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with Tenant(isp.schema_name):
                with Tenant(isp.schema_name):
                    stock.read()
                wrong += stock.read() != isp.schema_name
        stock.wrapper.close()
        return wrong

    assert wrong_reads(in_threads(THREADS, run)) > 0


def test_a_decorated_function_keeps_its_scope_in_threads(canaries):
    @isp_scope(canaries.a)
    @atomic()
    def nested():
        with public_scope():
            read()
        return read()

    def run(number):
        return sum(nested() != canaries.a.schema_name for _ in range(ROUNDS))

    assert wrong_reads(in_threads(THREADS, run)) == 0


def test_decorator_control_stock_context_is_shared_by_all_calls(canaries, stock):
    from django_tenants.utils import schema_context  # noqa: TID251

    @schema_context("public")
    def platform_page():
        return stock.read()

    def run(number):
        isp = canaries.both[number % 2]
        wrong = 0
        for _ in range(ROUNDS):
            with schema_context(isp.schema_name):
                platform_page()
                try:
                    wrong += stock.read() != isp.schema_name
                except DatabaseError:
                    wrong += 1
        stock.wrapper.close()
        return wrong

    assert wrong_reads(in_threads(THREADS, run)) > 0


def test_a_new_thread_reads_nothing(canaries):
    with isp_scope(canaries.a), atomic():
        assert read() == canaries.a.schema_name
        assert isinstance(in_threads(1, lambda number: read())[0], NoScope)


def test_asyncio_tasks_read_their_own_isp(canaries):
    @sync_to_async(thread_sensitive=False)
    def read_own():
        try:
            with atomic():
                return read()
        finally:
            connections.close_all()

    async def walk(isp):
        with isp_scope(isp):
            return {await read_own() for _ in range(8)}

    async def all_of_them():
        asyncio.get_running_loop().set_default_executor(pool)
        return await asyncio.gather(*(walk(isp) for isp in canaries.both * 2))

    pool = ThreadPoolExecutor(4)
    assert asyncio.run(all_of_them()) == [{isp.schema_name} for isp in canaries.both * 2]


# Nesting, exceptions, savepoints


def test_nested_scopes_read_their_own_tables(canaries):
    with isp_scope(canaries.a), atomic():
        assert read() == canaries.a.schema_name
        with public_scope():
            assert read() == "public"
        assert read() == canaries.a.schema_name
        with pytest.raises(ScopeConflict), isp_scope(canaries.b):
            read()
        with public_scope(), pytest.raises(ScopeConflict), isp_scope(canaries.b):
            read()
        assert read() == canaries.a.schema_name


def test_an_exception_leaves_the_scope_that_was_there(canaries):
    with isp_scope(canaries.a), atomic():
        with pytest.raises(ProgrammingError), atomic(), public_scope(), connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")
        assert read() == canaries.a.schema_name
    with public_scope(), atomic():
        assert read() == "public"


def scopes_around_a_savepoint(isp):
    """What is read in the ISP's scope after a rollback has undone the switch to it."""
    with public_scope(), atomic():
        read()
        savepoint = connection.savepoint()
        with isp_scope(isp):
            read()
            connection.savepoint_rollback(savepoint)
            return read()


def test_a_savepoint_rollback_does_not_undo_the_scope(canaries):
    assert scopes_around_a_savepoint(canaries.a) == canaries.a.schema_name


def test_savepoint_control_a_remembered_path_is_rolled_back(canaries, without_pinning):
    assert scopes_around_a_savepoint(canaries.a) == "public"


def test_a_savepoint_rolled_back_by_hand_does_not_undo_the_scope(canaries):
    with public_scope(), atomic(), connection.cursor() as cursor:
        cursor.execute("SAVEPOINT mine")
        with isp_scope(canaries.a):
            assert read() == canaries.a.schema_name
            cursor.execute("ROLLBACK TO SAVEPOINT mine")
            assert read() == canaries.a.schema_name


# Connections that end


def break_connection():
    pid = connection.connection.info.backend_pid
    with public_scope(), connection.copy(alias="breaker").cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        cursor.db.close()


def read_after_a_break(isp):
    with isp_scope(isp):
        with atomic():
            read()
        break_connection()
        with pytest.raises(OperationalError), atomic():
            read()
        connection.close_if_unusable_or_obsolete()
        with atomic():
            return read()


def test_after_a_broken_connection_the_scope_is_pinned_again(canaries):
    assert read_after_a_break(canaries.a) == canaries.a.schema_name


def test_reconnect_control_a_remembered_path_is_gone(canaries, without_pinning):
    assert read_after_a_break(canaries.a) == "public"


def test_a_break_inside_a_transaction_ends_the_transaction(canaries):
    with isp_scope(canaries.a):
        with pytest.raises((OperationalError, InterfaceError)), atomic():  # noqa: PT012
            assert read() == canaries.a.schema_name
            break_connection()
            read()
        with atomic():
            assert read() == canaries.a.schema_name


def test_nothing_of_a_scope_stays_on_the_connection(canaries):
    for ending in (None, KeyError):
        try:
            with isp_scope(canaries.a), atomic():
                read()
                if ending:
                    raise ending
        except KeyError:
            pass
        with public_scope():
            assert read() == "public"


def path_after_introspection(isp):
    with isp_scope(isp), atomic():
        assert "canary" in connection.introspection.table_names()
    with public_scope():
        return read()


def test_looking_at_the_tables_leaves_no_path_behind(canaries):
    assert path_after_introspection(canaries.a) == "public"
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        assert {table.name for table in connection.introspection.get_table_list(cursor)} == {"canary"}


def test_introspection_control_that_of_django_tenants_leaves_the_path_of_the_isp(canaries, monkeypatch):
    # On the wrapper itself: behind the proxy, undoing it would leave the wrapper without any.
    monkeypatch.setattr(connections["default"], "introspection", DatabaseSchemaIntrospection(connection))
    monkeypatch.setattr("core.db.base._FORBIDDEN", ())
    monkeypatch.setattr("core.db.base._read_before", base._read)
    assert path_after_introspection(canaries.a) == canaries.a.schema_name
    connection.close()


# Missing schema, scope or transaction


def test_a_missing_schema_is_an_error(canaries):
    with isp_scope(canaries.gone), pytest.raises(ProgrammingError), atomic():
        read()
    with isp_scope(canaries.gone), pytest.raises(ProgrammingError), atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE canary (text text)")


def test_missing_schema_control_stock_falls_through_to_public(canaries, stock):
    stock.wrapper.set_schema(canaries.gone.schema_name)
    assert stock.read() == "public"


def test_an_isps_scope_does_not_reach_the_tables_of_the_platform(canaries):
    with isp_scope(canaries.a), pytest.raises(ProgrammingError), atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_isp")


def test_platform_tables_control_stock_reads_them_in_an_isps_schema(canaries, stock):
    stock.wrapper.set_schema(canaries.a.schema_name)
    with stock.wrapper.cursor() as cursor:
        cursor.execute("SELECT slug FROM tenants_isp")
        assert len(cursor.fetchall()) >= 2


def test_no_statement_without_a_scope(canaries):
    with pytest.raises(NoScope):
        read()
    with pytest.raises(NoScope), atomic():
        read()


def test_no_scope_control_stock_reads_public(canaries, stock):
    assert stock.read() == "public"


def test_no_statement_of_an_isp_outside_a_transaction(canaries):
    with isp_scope(canaries.a):
        with pytest.raises(OutsideTransaction):
            read()
        connection.set_autocommit(False)
        assert read() == canaries.a.schema_name
        connection.rollback()
        connection.set_autocommit(True)
        with pytest.raises(OutsideTransaction):
            read()


def test_outside_transaction_control_stock_leaves_the_path_on_the_connection(canaries, stock):
    stock.wrapper.set_schema(canaries.a.schema_name)
    stock.read()
    assert stock.wrapper.connection.execute(READ).fetchone()[0] == canaries.a.schema_name


# Every way of sending a statement


def test_a_cursor_kept_across_scopes_reads_the_scope_of_the_moment(canaries):
    with isp_scope(canaries.a), atomic():
        cursor = connection.cursor()
        seen = []
        for scope in (isp_scope(canaries.a), public_scope(), isp_scope(canaries.a)):
            with scope:
                cursor.execute(READ)
                seen += cursor.fetchone()
    assert seen == [canaries.a.schema_name, "public", canaries.a.schema_name]
    with isp_scope(canaries.b), atomic():
        cursor.execute(READ)
        assert cursor.fetchone()[0] == canaries.b.schema_name
    with pytest.raises(NoScope):
        cursor.execute(READ)


def test_kept_cursor_control_stock_reads_the_last_scope(canaries, stock):
    stock.wrapper.set_schema(canaries.a.schema_name)
    cursor = stock.wrapper.cursor()
    stock.wrapper.set_schema(canaries.b.schema_name)
    cursor.execute(READ)
    assert cursor.fetchone()[0] == canaries.a.schema_name


def test_executemany_copy_stream_and_callproc_are_pinned(canaries):
    for isp in canaries.both:
        with isp_scope(isp), pytest.raises(KeyError), atomic(), connection.cursor() as cursor:  # noqa: PT012
            cursor.executemany("INSERT INTO canary VALUES (%s)", [("one",), ("two",)])
            with public_scope():
                read()
            with cursor.copy(f"COPY ({READ}) TO STDOUT") as copy:
                assert b"".join(copy).decode().split() == [isp.schema_name, "one", "two"]
            with public_scope():
                read()
            assert [row[0] for row in cursor.stream(READ)] == [isp.schema_name, "one", "two"]
            with public_scope():
                cursor.callproc("current_schema")
                assert cursor.fetchone()[0] == "public"
            cursor.callproc("current_schema")
            assert cursor.fetchone()[0] == isp.schema_name
            raise KeyError
    for way in (lambda cursor: cursor.copy(READ).__enter__(), lambda cursor: next(cursor.stream(READ))):
        with connection.cursor() as cursor, pytest.raises(NoScope):
            way(cursor)


def test_a_copy_prepared_in_one_scope_runs_in_the_scope_where_it_begins(canaries):
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        with public_scope():
            copy = cursor.copy(f"COPY ({READ}) TO STDOUT")
        with copy as rows:
            assert b"".join(rows).decode().strip() == canaries.a.schema_name


def test_statements_that_would_move_the_path_are_refused(canaries):
    with isp_scope(canaries.a), atomic(), connection.cursor() as cursor:
        for statement in (
            f"SET search_path TO {canaries.b.schema_name}",
            b"SELECT set_config('search_path', 'public', false)",
            "set  LOCAL SEARCH_PATH = public",
            "SET SCHEMA 'public'",
            "RESET ALL",
            "DISCARD ALL",
        ):
            with pytest.raises(ScopeError):
                cursor.execute(statement)
        assert read() == canaries.a.schema_name


def test_debug_cursors_are_guarded_too(canaries):
    connection.force_debug_cursor = True
    try:
        with pytest.raises(NoScope):
            read()
        with isp_scope(canaries.a), atomic():
            assert read() == canaries.a.schema_name
            with connection.cursor() as cursor, cursor.copy(f"COPY ({READ}) TO STDOUT") as copy:
                assert b"".join(copy).decode().strip() == canaries.a.schema_name
    finally:
        connection.force_debug_cursor = False
        connection.queries_log.clear()


def test_server_side_cursors_stay_in_their_scope_and_transaction(canaries):
    with isp_scope(canaries.a), atomic():
        cursor = connection.chunked_cursor()
        cursor.execute(f"{READ} CROSS JOIN generate_series(1, 5)")
        with public_scope():
            assert read() == "public"
        assert {row[0] for row in cursor.fetchmany(3)} == {canaries.a.schema_name}
        assert connection.connection.execute("SELECT count(*) FROM pg_cursors").fetchone()[0] == 1
    with isp_scope(canaries.b), pytest.raises(DatabaseError), atomic():
        cursor.fetchmany(1)
    cursor.close()


def test_iterator_works_in_public_without_a_transaction_and_leaves_no_cursor(canaries):
    from tenants.models import ISP

    with public_scope():
        rows = ISP.objects.order_by("pk").iterator(chunk_size=1)
        assert next(rows).slug == "wispmega"
        assert connection.connection.execute("SELECT count(*) FROM pg_cursors").fetchone()[0] == 0
        assert len(list(rows)) == 1


def test_the_doors_of_django_tenants_are_shut(canaries):
    from django_tenants.utils import schema_context, tenant_context  # noqa: TID251

    for way in (
        lambda: connection.set_tenant(FakeTenant(canaries.b.schema_name)),
        lambda: connection.set_schema(canaries.b.schema_name),
        schema_context(canaries.b.schema_name).__enter__,
        tenant_context(FakeTenant(canaries.b.schema_name)).__enter__,
    ):
        with isp_scope(canaries.a), atomic():
            with pytest.raises(RuntimeError, match="isp_scope"):
                way()
            connection.set_schema_to_public()
            connection.schema_name = canaries.b.schema_name
            assert read() == canaries.a.schema_name


def test_a_connection_handed_to_another_thread_asks_that_threads_scope(canaries):
    seen = []
    with isp_scope(canaries.a), atomic():
        read()
        connection.inc_thread_sharing()
        handed = connections["default"]

        def other():
            try:
                with handed.cursor() as cursor:
                    cursor.execute(READ)
            except NoScope as error:
                seen.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        connection.dec_thread_sharing()
    assert len(seen) == 1
