"""What a benchmark hands in: figures, each with what was asked of it."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured number: the median of `samples`, in `unit`, and at most or at least what was asked, if anything.

    Figures about the same work share a `group`, which is the heading they stand under. `note` says how it was
    measured where that is not plain.
    """

    group: str
    name: str
    unit: str
    samples: Sequence[float]
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def measured(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, in `unit`; 0 for a single sample."""
        if len(self.samples) < 3:
            return (max(self.samples) - min(self.samples)) / 2
        first, _, third = statistics.quantiles(self.samples, n=4)
        return (third - first) / 2

    @property
    def asked(self) -> str:
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else ""

    @property
    def holds(self) -> bool | None:
        """Whether what was asked is met; None where nothing was."""
        if self.at_most is not None:
            return self.measured <= self.at_most
        return self.measured >= self.at_least if self.at_least is not None else None

    def as_json(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "name": self.name,
            "unit": self.unit,
            "asked": self.asked or None,
            "measured": self.measured,
            "spread": self.spread,
            "samples": len(self.samples),
            "holds": self.holds,
            "note": self.note,
        }


def ratio(group: str, name: str, ours: Sequence[float], theirs: Sequence[float], **asked: Any) -> Figure:
    """How many times as long ours takes: sample by sample, since those were taken one right after the other."""
    return Figure(group, name, "×", [a / b for a, b in zip(ours, theirs, strict=True)], **asked)
