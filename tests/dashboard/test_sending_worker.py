"""A real worker is killed while it works off a sending and hands its messages over: each customer gets one."""

import time

import pytest

from bench import messages
from bench.scratch import scratch
from bench.sink import sink
from tests import prepared

WORKER = "tests.dashboard.sending_worker"  # not imported here: it changes what it imports
ROWS = 32
DEATHS = {"": (12,), "apart": (8,)}  # how far the sending is when the worker dies


def ask(place, sql):
    with place.connect("lastmile") as link:
        (schema,) = link.execute("SELECT schema_name FROM public.tenants_isp").fetchone()
        return link.execute(sql.replace("SCHEMA", schema)).fetchall()


def wait_until(done):
    end = time.monotonic() + messages.PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("defence_off", ["", "apart"])
def test_a_killed_worker_leaves_nobody_out_and_writes_to_nobody_twice(defence_off, monkeypatch):
    """The control: where messages are written after the transaction that says how far the sending is, some get none."""
    monkeypatch.setenv("BENCH_TABLES", str(prepared.tables("bench.settings_lastmile", "-m", "bench.manage")))
    with scratch() as place, sink() as there:
        place.migrate()
        how = {"imports": WORKER, "defence_off": defence_off}

        def act(*what):
            place.run("lastmile", "-m", WORKER, *what, **there.environment)

        def is_at(position):
            return ask(place, f"SELECT FROM SCHEMA.subscribers_sending WHERE position >= {position}")

        act("begin", str(ROWS))
        for position in DEATHS[defence_off]:
            with messages.worker(place, there, **how):
                wait_until(lambda position=position: is_at(position))
            assert not is_at(ROWS), "It was over before the worker died."
            act("sweep")
        unsent = "SELECT FROM SCHEMA.messaging_message WHERE state IN ('waiting', 'sending')"
        with messages.worker(place, there, **how):
            wait_until(lambda: is_at(ROWS) and not ask(place, unsent))
        got = "SELECT subscriber_key, uuid::text, state FROM SCHEMA.messaging_message"
        rows = ask(place, got)
    people = {key for key, _uuid, _state in rows}
    if defence_off:
        assert len(people) < ROWS
        return
    assert (len(rows), len(people)) == (ROWS, ROWS)
    assert {state for _key, _uuid, state in rows} == {"sent"}
    # The gateway sends a key once, however often it comes.
    assert set(there.keys) == {uuid for _key, uuid, _state in rows}
