"""Programs that are started, each with a log of its own, and ended again."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class NotUp(Exception):
    """A program ended by itself, or does not listen. The text is one line for the terminal."""


class Processes:
    """What runs, by name. The logs are `NAME.log` in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(self, name: str, *command: str, environment: dict[str, str]) -> None:
        with self.log_file(name).open("ab") as out:
            self.running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C is for who started us, who ends them in order
            )

    def stop(self, name: str) -> None:
        """End a program, at last by force. Nothing, if it is not there."""
        process = self.running.pop(name, None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def stop_all(self) -> None:
        """End everything, the youngest first."""
        for name in reversed(list(self.running)):
            self.stop(name)

    def log_file(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def log(self, name: str) -> str:
        """What a program has said so far."""
        return self.log_file(name).read_text(errors="replace")

    def check(self) -> None:
        """Raise NotUp if a program has ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise NotUp(f"{name} has stopped; see {self.log_file(name)}.")

    def wait(self, name: str, port: int, *, seconds: float = 60) -> None:
        """Until the program listens at the port of loopback. Raises NotUp."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise NotUp(f"{name} did not listen within {seconds:.0f} seconds; see {self.log_file(name)}.")


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
