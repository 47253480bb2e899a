"""`bin/demo` as a program: its options, its second start, its refusals."""

import json
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from demo.run import open_folder
from tests.journeys.conftest import ROOT, Demo, free_ports, start_demo, stop_demo


def refused(*options: str) -> str:
    """What the demo says when it does not start."""
    result = subprocess.run(
        [sys.executable, "-m", "demo.run", *options], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2, result.stdout + result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    return result.stderr


def test_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Port {port} is in use" in refused("--port", str(port), "--data", str(tmp_path))


def test_broken_data_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert "cannot be used" in refused("--port", str(free_ports()), "--data", str(tmp_path / "file"))
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    (tmp_path / "data" / "postgres" / "PG_VERSION").write_text("9")
    assert "PostgreSQL" in refused("--port", str(free_ports()), "--data", str(tmp_path / "data"))


def test_second_demo_on_the_same_data_is_refused(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = next(tmp_path_factory.getbasetemp().glob("demo*"))
    assert "Another demo runs" in refused("--port", str(free_ports()), "--data", str(folder))


def test_second_start_keeps_data_and_reset_removes_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("twice")
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o755)
    ports = free_ports()
    first = start_demo(folder, ports)
    about = json.loads((folder / "demo.json").read_text())
    assert stop_demo(first) == 0
    second = start_demo(folder, ports)
    again = json.loads((folder / "demo.json").read_text())
    assert [isp["uuid"] for isp in again["isps"]] == [isp["uuid"] for isp in about["isps"]]
    request = urllib.request.Request(about["isps"][0]["portal"][0] + "sign-in/")
    host = request.host
    request.host = f"127.0.0.1:{ports}"
    request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "WispMega" in answer.read().decode()
    assert stop_demo(second) == 0
    open_folder(folder, reset=True)
    assert not [name for name in ("postgres", "redis", "files", "mail", "demo.json") if (folder / name).exists()]


def test_too_old_a_python_is_one_line(tmp_path: Path) -> None:
    for name in ("bash", "dirname", "env"):
        (tmp_path / name).symlink_to(shutil.which(name))
    old = tmp_path / "python3"
    old.write_text("#!/usr/bin/env bash\nexit 1\n")
    old.chmod(0o755)
    result = subprocess.run(
        [ROOT / "bin" / "demo"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 2
    assert result.stderr == "Lastmile needs Python 3.11 or newer; none was found.\n"
