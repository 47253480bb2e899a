"""What the columns of a file probably are: by a known system, by a saved mapping, by their titles, by their cells."""

from typing import Any

from core.folding import folded
from core.tabular.profiles import shape_of
from imports.presets import System
from imports.targets import JOINED, TARGETS

_BY_SHAPE = {"email": "email", "ip": "ip", "phone": "mobile"}
_MISFITS = {"email", "ip", "date"}  # shapes that a target of another shape cannot have


def mapping_for(
    columns: list[dict[str, Any]], *, system: System | None = None, saved: dict[str, str] | None = None
) -> dict[str, str]:
    """A target for each column that one was found for, by the column's place as text. None is there twice."""
    found: dict[str, str] = {}
    titles = [folded(column["name"]) for column in columns]
    for known in (saved or {}, system.titles if system else {}):
        for place, title in enumerate(titles):
            _take(found, place, known.get(title, ""), columns)
    if saved:
        return found
    for place, title in enumerate(titles):
        for target in TARGETS:
            if title in target.titles:
                _take(found, place, target.key, columns)
    for place, column in enumerate(columns):
        _take(found, place, _BY_SHAPE.get(shape_of(column), ""), columns)
    return _settled(found)


def _take(found: dict[str, str], place: int, target: str, columns: list[dict[str, Any]]) -> None:
    taken = target in found.values() and target not in JOINED
    if target and not taken and str(place) not in found and _fits(target, columns[place]):
        found[str(place)] = target


def _fits(target: str, column: dict[str, Any]) -> bool:
    """Whether the cells do not contradict the title, as with numbers in a column that is called name."""
    shape = shape_of(column)
    wanted = next(each.shape for each in TARGETS if each.key == target)
    return not column.get("filled") or shape not in _MISFITS or shape == wanted or target in {"notes", "username"}


def _settled(found: dict[str, str]) -> dict[str, str]:
    """“Nombre” is the whole name where no column holds the surname, and the first name where one does."""
    targets = set(found.values())
    if "first_name" in targets and not targets & {"last_name", "full_name"}:
        return {place: "full_name" if target == "first_name" else target for place, target in found.items()}
    if "full_name" in targets and "last_name" in targets and "first_name" not in targets:
        return {place: "first_name" if target == "full_name" else target for place, target in found.items()}
    return found
