"""Forms as the library sends them: `line_items[0][price_data][currency]=mxn`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from lab.stripe.books import Problem

PART = re.compile(r"\[([^\]]*)\]")


def parsed(text: str) -> dict[str, Any]:
    """The nested value of a form or of a query."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, rest = name.partition("[")
        steps = [head, *PART.findall(f"[{rest}")] if rest else [head]
        _put(tree, steps, value)
    return {name: _lists(value) for name, value in tree.items()}


def _put(tree: dict[str, Any], steps: list[str], value: str) -> None:
    for step in steps[:-1]:
        tree = tree.setdefault(step, {})
    last = steps[-1]
    tree[str(len(tree)) if last == "" else last] = value


def _lists(value: Any) -> Any:
    """Dictionaries whose keys are 0, 1, 2 … are lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def only(data: dict[str, Any], *allowed: str) -> None:
    """Refuse what the stand-in does not play, rather than leave it out silently."""
    for name in data:
        if name not in {*allowed, "expand"}:
            raise Problem(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def needed(data: dict[str, Any], name: str) -> Any:
    if data.get(name) in (None, ""):
        raise Problem(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return data[name]


def amount_of(data: dict[str, Any], name: str) -> int:
    """An amount in the smallest unit, above zero."""
    try:
        amount = int(needed(data, name))
    except ValueError as error:
        raise Problem(400, f"Invalid integer: {data[name]}", code="parameter_invalid_integer", param=name) from error
    if amount < 1:
        message = "This value must be greater than or equal to 1."
        raise Problem(400, message, code="parameter_invalid_integer", param=name)
    if amount > 99_999_999:
        raise Problem(400, "Amount must be no more than 999999.99", code="amount_too_large", param=name)
    return amount


def is_true(value: Any) -> bool:
    return str(value).lower() == "true"
