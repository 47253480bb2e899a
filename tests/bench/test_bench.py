"""The frame of the benchmarks, and that a quick run of each is complete. No timing is judged here."""

import http.client
import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench import run
from bench.figure import Figure, ratio
from bench.sink import sink
from tests import prepared

ROOT = Path(__file__).resolve().parent.parent.parent
EDGE = [pytest.mark.needs(program) for program in ("caddy", "pebble", "pebble-challtestsrv")]
MACHINE = {"cores": 2, "memory_gib": 8, "load": 0.1, "postgresql": "18", "python": "3.11"}


@pytest.mark.parametrize(
    ("samples", "asked", "holds", "text"),
    [
        ([1, 2, 3], {"at_most": 2}, True, "≤ 2"),
        ([1, 2.1, 3], {"at_most": 2}, False, "≤ 2"),
        ([8], {"at_least": 8}, True, "≥ 8"),
        ([7.9], {"at_least": 8}, False, "≥ 8"),
        ([5], {}, None, ""),
    ],
)
def test_a_figure_says_whether_what_was_asked_is_met(samples, asked, holds, text):
    figure = Figure("group", "name", "ms", samples, **asked)
    assert (figure.holds, figure.asked) == (holds, text)


def test_a_call_that_dies_between_head_and_body_is_no_message():
    """A worker that is killed there would else be counted as one message more, and hide one that is lost."""
    with sink() as there:
        for body in (b"", b"cut sho"):
            with socket.create_connection(("127.0.0.1", there.http_port)) as line:
                line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n" + body)
                line.shutdown(socket.SHUT_WR)
                assert line.recv(1) == b""
        link = http.client.HTTPConnection("127.0.0.1", there.http_port, timeout=10)
        link.request("POST", "/", body="whole call")
        assert link.getresponse().read() == b"whole call"
        link.close()
        assert there.keys == {"whole call": 1}


def test_a_ratio_compares_what_was_measured_side_by_side():
    figure = ratio("group", "a / b", [10, 200, 30], [10, 100, 30], at_most=1)
    assert list(figure.samples) == [1, 2, 1]
    assert (figure.measured, figure.holds) == (1, True)


def test_the_table_names_what_was_missed():
    told = run.table([Figure("Speed", "slow", "s", [3], at_most=2), Figure("Speed", "fast", "s", [1], at_most=2)])
    assert [line.split()[-1] for line in told.splitlines() if line.startswith(("slow", "fast"))] == ["NO", "yes"]


def test_a_section_takes_the_place_of_its_last_one(tmp_path, monkeypatch):
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nHead.\n\n## engine\n\noutdated\n\n## other\n\nkept\n")
    monkeypatch.setattr(run, "PAGE", page)
    figure = Figure("Speed", "fast", "s", [1], at_most=2, note="By hand.")
    run.write_section("engine", run.section("engine", [figure], MACHINE))
    run.write_section("third", run.section("third", [figure], MACHINE))
    text = page.read_text()
    assert "outdated" not in text
    assert "\n\n## other\n" in text
    assert text.startswith("# Benchmarks\n\nHead.\n\n## engine\n")
    assert "| fast | 1 |  | s | ≤ 2 | yes |" in text
    assert "- fast: By hand." in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## engine", "## other", "## third"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "asked_for"),
    [("engine", 17), ("dashboard", 50), pytest.param("edge", 18, marks=EDGE), ("imports", 2), ("messages", 5)],
)
def test_a_quick_run_is_complete(tmp_path, name, asked_for):
    target = tmp_path / "figures.json"
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    tables = prepared.tables("bench.settings_lastmile", "-m", "bench.manage")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BENCH_TABLES": str(tables)}
    command = [sys.executable, "-m", "bench.run", name, "--quick", "--json", str(target)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(target.read_text())
    assert (told["benchmark"], told["quick"]) == (name, True)
    asked = [figure for figure in told["figures"] if figure["asked"]]
    assert len(asked) == asked_for
    assert all(math.isfinite(figure["measured"]) for figure in told["figures"])
    assert all(figure["measured"] > 0 for figure in told["figures"] if figure["asked"] != "≤ 0")
    assert all(isinstance(figure["holds"], bool) for figure in asked)
    assert all({"name", "unit", "asked", "measured", "holds"} <= figure.keys() for figure in told["figures"])
    for figure in told["figures"]:
        assert figure["name"] in done.stdout
    assert (ROOT / "docs" / "benchmarks.md").read_text() == page, "a quick run writes nothing there"


def test_an_unknown_benchmark_is_one_clear_line():
    command = [sys.executable, "-m", "bench.run", "nothing"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "engine" in done.stderr
