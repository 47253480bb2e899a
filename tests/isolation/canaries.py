"""Marks in the data that tell whose it is wherever they turn up.

A canary is eight characters: `q7`, the ISP (a, b), the model (two characters), the row (1 is the ISP's own or the
signed-in subscriber's, 2 belongs to somebody else of the same ISP, p is a paper of the signed-in subscriber, v the
voucher of a payment, s is a secret), `zk`.
"""

import functools
import re
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
PATTERN = re.compile(r"q7([ab])([0-9a-z]{2})([12psv])zk", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Canary:
    """Which ISP (`a` or `b`), model (label) and row a mark stands for."""

    side: str
    model: str
    row: str

    @property
    def text(self) -> str:
        number = _labels().index(self.model)
        return f"q7{self.side}{_DIGITS[number // 36]}{_DIGITS[number % 36]}{self.row}zk"


@functools.cache
def _labels() -> list[str]:
    return sorted(model._meta.label_lower for model in apps.get_models())


def canary(side: str, model: type[Model], row: int | str) -> str:
    """The mark to write into a row."""
    return Canary(side, model._meta.label_lower, str(row)).text


def found(text: str) -> set[Canary]:
    """All canaries in a text."""
    labels = _labels()
    hits = {match.lower() for match in ("".join(hit) for hit in PATTERN.findall(text))}
    return {Canary(hit[0], labels[_DIGITS.index(hit[1]) * 36 + _DIGITS.index(hit[2])], hit[3]) for hit in hits}
