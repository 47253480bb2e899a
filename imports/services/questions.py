"""What a mapping leaves open: words for states, names of tariffs, found by the database among all rows."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from core.folding import folded, plain
from core.tabular.values import BadValue, is_nothing
from imports.answers import state_of
from imports.models import Batch
from imports.values import read_amount, read_speed
from subscribers.models import Tariff

MOST_STATES, MOST_TARIFFS = 30, 150


class TooMany(Exception):
    """The column holds so many different words that it must be another one. Carries the title."""


@dataclass
class Word:
    """A word that stands for a state in the file, and what it is supposed to mean."""

    key: str
    text: str
    count: int
    state: str


@dataclass
class Plan:
    """A tariff that the file names: the one of the base that has its name, or what a new one would be."""

    key: str
    name: str
    count: int
    known: Tariff | None
    download: int | None
    upload: int | None
    price: str


_WORDS = """
SELECT cells ->> %s AS word, count(*) FROM imports_row
WHERE batch_id = %s AND coalesce(cells ->> %s, '') <> '' GROUP BY 1 ORDER BY 2 DESC LIMIT %s
"""
_PLANS = """
SELECT cells ->> %s AS plan, count(*), mode() WITHIN GROUP (ORDER BY cells ->> %s),
  mode() WITHIN GROUP (ORDER BY cells ->> %s), mode() WITHIN GROUP (ORDER BY cells ->> %s)
FROM imports_row WHERE batch_id = %s AND coalesce(cells ->> %s, '') <> '' GROUP BY 1 ORDER BY 2 DESC LIMIT %s
"""


def _place(batch: Batch, target: str) -> int | None:
    return next((int(place) for place, key in batch.mapping.items() if key == target), None)


def found_states(batch: Batch) -> list[Word]:
    """The words in the column of states. Raises TooMany."""
    place = _place(batch, "state")
    if place is None:
        return []
    answers = batch.answers.get("states", {})
    words: dict[str, Word] = {}
    for text, count in _ask(_WORDS, [place, batch.pk, place, MOST_STATES * 3]):
        key = folded(text)
        if is_nothing(text) or text == batch.title_of(place):
            continue
        if key in words:
            words[key].count += count
        else:
            words[key] = Word(key, text[:60], count, answers.get(key) or state_of(text))
    if len(words) > MOST_STATES:
        raise TooMany(batch.title_of(place))
    return list(words.values())


def found_tariffs(batch: Batch) -> list[Plan]:
    """The tariffs that rows name, with the speeds and the price that stand beside most of them. Raises TooMany."""
    place = _place(batch, "tariff")
    if place is None:
        return []
    beside = [_place(batch, target) for target in ("price", "download", "upload")]
    asked = [place, *[-1 if each is None else each for each in beside], batch.pk, place, MOST_TARIFFS + 50]
    known = {plain(tariff.name): tariff for tariff in Tariff.objects.all()}
    plans: dict[str, Plan] = {}
    for text, count, price, download, upload in _ask(_PLANS, asked):
        key = plain(text)
        if is_nothing(text) or text == batch.title_of(place):
            continue
        if key in plans:
            plans[key].count += count
            continue
        speeds = (_speed(download) or _speed_in(text), _speed(upload))
        point = batch.answers.get("points", {}).get("price", ".")
        plans[key] = Plan(key, text[:80], count, known.get(key), *speeds, _price(price, point))
    if len(plans) > MOST_TARIFFS:
        raise TooMany(batch.title_of(place))
    return list(plans.values())


def _ask(sql: str, asked: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        return cursor.fetchall()


def _speed(text: str | None) -> int | None:
    try:
        return read_speed(text) if text else None
    except BadValue:
        return None


def _speed_in(name: str) -> int | None:
    """The speed that a tariff's name tells: Hogar 100 Megas, Fibra 50/10 Mbps."""
    import re

    found = re.search(r"(\d{1,5})\s*(?:/\s*\d+\s*)?(k|m|g)", name.casefold()) or re.search(r"\b(\d{1,4})\b", name)
    if not found:
        return None
    unit = found[2] if found.re.groups > 1 else "m"
    return _speed(f"{found[1]}{unit}")


def _price(text: str | None, point: str) -> str:
    try:
        return str(read_amount(text, point=point)) if text else ""
    except BadValue:
        return ""
