"""How far a run is: a bar on a terminal, a line now and then elsewhere."""

import time

from django.core.management.base import OutputWrapper

from tenants.fleet.report import Report, isps

_WIDTH = 30
_REDRAW = 0.1  # seconds between two pictures of the bar
_LINE = 10.0  # seconds between two plain lines


class Progress:
    """Told after each ISP; writes the rate and the time that is left."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._is_terminal = out.isatty()
        self._begun = self._told = time.monotonic()

    def __call__(self, report: Report, total: int) -> None:
        now = time.monotonic()
        finished = report.done + len(report.failures)
        if finished < total and now - self._told < (_REDRAW if self._is_terminal else _LINE):
            return
        self._told = now
        rate = finished / max(now - self._begun, 0.001)
        text = (
            f"{finished} of {isps(total)}, {rate:.0f} a second, {_duration((total - finished) / max(rate, 0.001))} left"
        )
        if report.failures:
            text += f", {len(report.failures)} failed"
        if not self._is_terminal:
            self._out.write(text)
        else:
            full = _WIDTH * finished // max(total, 1)
            end = "\n" if finished >= total else ""
            self._out.write(f"\r\x1b[K[{'#' * full}{'.' * (_WIDTH - full)}] {text}", ending=end)
        self._out.flush()


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"
