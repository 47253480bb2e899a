"""`python -m lab.stripe --port N --file FILE`: the stand-in, until it is told to end."""

import argparse
import signal
from pathlib import Path
from threading import Event

from lab.stripe.server import StripeLab


def main() -> None:
    parser = argparse.ArgumentParser(prog="lab.stripe")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, default=None, help="where accounts and payments are kept")
    chosen = parser.parse_args()
    lab = StripeLab(chosen.port, chosen.file)
    lab.start()
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    told.wait()
    lab.stop()


if __name__ == "__main__":
    main()
