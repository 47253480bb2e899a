"""The questions that a mapping raises, and the answers that are supposed until somebody gives others.

Kept with the batch: order (of the parts of a name), dates {target: dmy or mdy}, points {target: . or ,}, sign (owes or
credit: what a balance above zero means), existing (skip, empty or all), same (bad or service: a second row of one
customer), states {word: state}, tariffs {name: {"use": key} or {"download", "upload", "price"} or {"bad": true}},
lists {zone, router, group: create or bad}.
"""

from typing import Any

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol

from core.folding import folded
from subscribers.models import Service

LISTS = ("zone", "router", "group")
STATES = {
    Service.State.ACTIVE: "activo|activa|active|habilitado|online|enabled|ok|en servicio|aktivni|aktivan|ativo|vigente|al dia|1|conectado|normal",
    Service.State.SUSPENDED: "suspendido|suspendida|cortado|corte|suspended|blocked|bloqueado|moroso|disabled|deshabilitado|inactive|pozastaveno|suspenso|cortado por deuda|paused|pausado|2|offline deuda|prepared blocked",
    Service.State.ENDED: "retirado|cancelado|baja|dado de baja|ended|cancelled|canceled|terminated|eliminado|retirada|ukonceno|zruseno|obsolete|archived|inactivo|gratis cancelado|3|stopped|disabled permanently|cancelada",
    Service.State.PENDING: "pendiente|por instalar|nuevo|new|pending|instalacion|en instalacion|quoted|prepared|ceka|pendente|0|programado|lead",
}  # fmt: skip
_WORDS = {word: state for state, words in STATES.items() for word in words.split("|")}
MONTH_FIRST = {"US", "PH"}
TWO_SURNAMES = {"MX", "CO", "PE", "EC", "VE", "GT", "HN", "SV", "NI", "CR", "PA", "DO", "CU", "BO", "PY", "CL", "ES",
                "PR"}  # fmt: skip


def state_of(word: str) -> str:
    """The state that a word of another system means, or nothing."""
    return str(_WORDS.get(folded(word), ""))


def usual_point(country: str, language: str) -> str:
    """What stands before the decimals in a country."""
    try:
        return str(get_decimal_symbol(Locale.parse(f"{language}_{country.upper()}")))
    except (UnknownLocaleError, ValueError):
        return "."


def supposed(
    columns: list[dict[str, Any]], mapping: dict[str, str], *, country: str, language: str, given: dict[str, Any]
) -> dict[str, Any]:
    """Answers for a mapping: `given` ones over what the cells and the country suggest."""
    by_target = {target: columns[int(place)] for place, target in mapping.items() if int(place) < len(columns)}
    answers: dict[str, Any] = {
        "order": "first",
        "sign": "",
        "existing": "skip",
        "same": "bad",
        "lists": dict.fromkeys(LISTS, "create"),
        "states": {},
        "tariffs": {},
        **{name: value for name, value in given.items() if name not in {"dates", "points"}},
    }
    dates, points = given.get("dates", {}), given.get("points", {})
    order = "mdy" if country.upper() in MONTH_FIRST else "dmy"
    answers["dates"] = {
        target: column["date_order"] or dates.get(target) or order
        for target, column in by_target.items()
        if target in {"since", "started_on", "ended_on"}
    }
    answers["points"] = {
        target: column["point"] or points.get(target) or usual_point(country, language)
        for target, column in by_target.items()
        if target in {"price", "balance"}
    }
    return answers


def unsure(columns: list[dict[str, Any]], mapping: dict[str, str]) -> dict[str, list[str]]:
    """Which columns of dates and of amounts could be read in two ways: {"dates": targets, "points": targets}."""
    by_target = {target: columns[int(place)] for place, target in mapping.items() if int(place) < len(columns)}
    return {
        "dates": [t for t in ("since", "started_on", "ended_on") if t in by_target and not by_target[t]["date_order"]],
        "points": [t for t in ("price", "balance") if t in by_target and not by_target[t]["point"]],
    }
