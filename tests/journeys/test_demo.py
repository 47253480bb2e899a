"""`bin/demo` as a program: its options, its second start, its refusals."""

import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from demo.run import open_folder
from tests.journeys.conftest import ROOT, SharedDemo, free_ports


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


def test_second_demo_on_the_same_data_is_refused(demo: SharedDemo) -> None:
    assert "Another demo runs" in refused("--port", str(free_ports()), "--data", str(demo.folder))


def test_second_start_keeps_data_and_reset_removes_it(demo: SharedDemo, tmp_path: Path) -> None:
    about, copy = demo.about, tmp_path / "copy"
    assert demo.stop() == 0
    try:
        shutil.copytree(demo.folder, copy, ignore=shutil.ignore_patterns("*.sock", ".s.*"))
    finally:
        demo.start()  # the other journeys go on with it
    assert [isp["uuid"] for isp in demo.about["isps"]] == [isp["uuid"] for isp in about["isps"]]
    request = urllib.request.Request(about["isps"][0]["portal"][0] + "sign-in/")
    host = request.host
    request.host = f"127.0.0.1:{demo.port}"
    request.add_header("Host", host)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "WispMega" in answer.read().decode()
    gone = ("postgres", "redis", "files", "mail", "demo.json")
    assert [name for name in gone if (copy / name).exists()] == list(gone)
    open_folder(copy, reset=True)
    assert not [name for name in gone if (copy / name).exists()]


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
