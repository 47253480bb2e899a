"""Connections that live long: kept by a thread or lent by a pool, looked at before use, gone after enough ISPs."""

import threading

import psycopg
import pytest
from django.db import connection, connections
from django.db.transaction import atomic

from core.scope import isp_scope, public_scope
from tests.core.conftest import in_threads, read


def backend_pid() -> int:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def end_backend(pid: int) -> None:
    """What a restart of the server or an impatient firewall does."""
    real = connection.settings_dict
    where = {"dbname": real["NAME"], "host": real["HOST"], "port": real["PORT"] or None}
    with psycopg.connect(user=real["USER"] or None, password=real["PASSWORD"] or None, **where) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def next_request() -> None:
    """What Django does between two requests."""
    connection.close_if_unusable_or_obsolete()


@pytest.fixture
def pool(canaries, monkeypatch):
    """All threads share two connections, which Django's pool hands out."""
    real = connections.settings["default"]
    options = {"min_size": 1, "max_size": 2, "max_lifetime": 60, "timeout": 10}
    for name, value in {"OPTIONS": {"pool": options}, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}.items():
        monkeypatch.setitem(real, name, value)
        monkeypatch.setitem(connection.settings_dict, name, value)
    yield connection.pool
    connection.close()
    connection.close_pool()


@pytest.fixture
def kept(canaries, monkeypatch):
    """One connection that a thread keeps."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 300)
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    connection.close()
    return canaries


def borrow_in_turn(canaries) -> int:
    """Six threads with an ISP each, and many turns on the shared connections; how many reads were wrong."""

    def run(number: int) -> int:
        isp = canaries.both[number % 2]
        wrong = 0
        for turn in range(40):
            try:
                with isp_scope(isp), atomic():
                    wrong += read() != isp.schema_name
                    if turn % 7 == 0:
                        raise KeyError
            except KeyError:
                pass
            if turn % 5 == 0:
                with public_scope():
                    wrong += read() != "public"
            connection.close()
        return wrong

    results = in_threads(6, run)
    assert not [result for result in results if isinstance(result, Exception)], results
    return sum(results)


def test_a_pooled_connection_brings_nothing_of_its_last_borrower(canaries, pool):
    assert borrow_in_turn(canaries) == 0
    assert 1 <= pool.get_stats()["pool_max"] <= 2


def test_control_a_path_set_for_the_session_comes_with_the_connection(canaries, pool, without_pinning):
    assert borrow_in_turn(canaries) > 0


def test_a_transaction_that_a_borrower_left_open_is_rolled_back(canaries, pool):
    def leave(number: int) -> None:
        with isp_scope(canaries.a):
            connection.set_autocommit(False)
            with connection.cursor() as cursor:
                cursor.execute("UPDATE canary SET text = 'changed'")
            connection.close()

    assert in_threads(1, leave) == [None]
    for isp in canaries.both:
        with isp_scope(isp), atomic():
            assert read() == isp.schema_name


def test_threads_wait_for_each_other_at_the_pool(canaries, pool):
    busy, free = threading.Barrier(3), threading.Event()

    def run(number: int) -> int:
        with public_scope():
            if number < 2:
                pid = backend_pid()
                busy.wait()
                free.wait()
                connection.close()
                return pid
            busy.wait()
            threading.Timer(0.2, free.set).start()
            return backend_pid()

    first, second, third = in_threads(3, run)
    assert third in {first, second}


def test_a_pool_hands_out_no_connection_that_the_server_has_ended(canaries, pool):
    ended = backend_pid()
    connection.close()
    end_backend(ended)
    with isp_scope(canaries.a), atomic():
        assert read() == canaries.a.schema_name
    assert backend_pid() != ended


@pytest.mark.parametrize("is_pooled", [False, True])
def test_a_connection_that_has_visited_enough_isps_is_closed(canaries, request, settings, is_pooled):
    if is_pooled:
        request.getfixturevalue("pool").resize(1, 1)
    else:
        request.getfixturevalue("kept")
    settings.CONN_MAX_ISPS = 2
    first = backend_pid()
    for isp in [canaries.a, canaries.b, canaries.a]:
        next_request()
        with isp_scope(isp), atomic():
            read()
    next_request()
    assert backend_pid() == first, "two are not too many"
    next_request()
    with isp_scope(canaries.gone), atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] == first, "not in the middle of a request"
    next_request()
    assert backend_pid() != first
    with isp_scope(canaries.b), atomic():
        assert read() == canaries.b.schema_name


def test_control_without_a_limit_the_connection_stays(kept, settings):
    settings.CONN_MAX_ISPS = 10**9
    first = backend_pid()
    for isp in [*kept.both, kept.gone]:
        next_request()
        with isp_scope(isp), atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    next_request()
    assert backend_pid() == first


def test_a_kept_connection_that_the_server_has_ended_is_replaced_between_requests(kept):
    ended = backend_pid()
    end_backend(ended)
    next_request()
    with isp_scope(kept.a), atomic():
        assert read() == kept.a.schema_name
    assert backend_pid() != ended


def test_after_an_error_the_server_itself_is_asked(kept, monkeypatch):
    monkeypatch.setattr("core.db.base._is_quiet", lambda connection: True)
    end_backend(backend_pid())
    connection.errors_occurred = True
    next_request()
    assert connection.connection is None
