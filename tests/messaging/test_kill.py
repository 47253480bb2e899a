"""Workers are killed while they send: nothing is lost, and with a defence off it shows. Real processes, see bench."""

import pytest

from bench import messages
from bench.scratch import scratch
from bench.sink import sink
from tests import prepared

COUNT, KILLS = 600, {"": 4, "state": 2, "lease": 0}


@pytest.mark.slow
@pytest.mark.parametrize("defence_off", ["", "state", "lease"])
def test_killed_workers_and_an_emptied_redis_lose_nothing(defence_off, monkeypatch):
    """The controls: counted as sent when it is claimed, a message is lost with its worker; turns that run side by side
    take each other's messages for left behind."""
    monkeypatch.setenv("BENCH_TABLES", str(prepared.tables("bench.settings_lastmile", "-m", "bench.manage")))
    with scratch() as place, sink() as there:
        place.migrate()
        kills = KILLS[defence_off]
        tally = messages.killed(place, there, COUNT, kills=kills, flush=True, defence_off=defence_off)
    if defence_off == "state":
        assert tally.lost > 0
    elif defence_off == "lease":
        assert tally.doubled_mails + tally.repeated_keys > 0
    else:
        assert tally.lost == 0
