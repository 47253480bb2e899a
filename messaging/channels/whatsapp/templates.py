"""Meta's approved templates as ours, and the other way round: what is sent along with one.

A template has components: HEADER (a text with one variable at most, a picture, video, document or place), BODY, FOOTER
and BUTTONS. Variables are numbered, or named where `parameter_format` says so. What is sent has a list of parameters
for each component with variables, and none for the others; Meta refuses all else with 132000.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from messaging.channels.base import Approved, Button

HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
TEXT, TITLE, ADDRESS = 1100, 80, 2100  # characters that are kept
KINDS = {"QUICK_REPLY": "quick_reply", "PHONE_NUMBER": "phone", "URL": "url", "COPY_CODE": "copy_code"}
CODES = {"OTP", "AUTHENTICATION"}


def approved(row: Mapping[str, Any]) -> Approved:
    """A row of Meta's list. What it holds that cannot be sent from here is named in `obstacle`."""
    parts = [part for part in _list(row.get("components")) if isinstance(part, dict)]
    by_type = {str(part.get("type") or "").upper(): part for part in parts}
    header, footer, body = (by_type.get(name, {}) for name in ("HEADER", "FOOTER", "BODY"))
    buttons = [each for each in _list(by_type.get("BUTTONS", {}).get("buttons")) if isinstance(each, dict)]
    return Approved(
        name=str(row.get("name") or "")[:512],
        language=str(row.get("language") or "")[:20],
        state=str(row.get("status") or "")[:30].lower(),
        kind=str(row.get("category") or "")[:30].lower(),
        text=str(body.get("text") or "")[:TEXT],
        header=str(header.get("text") or "")[:TITLE] if _format(header) == "TEXT" else "",
        footer=str(footer.get("text") or "")[:TITLE],
        buttons=[_button(each) for each in buttons],
        obstacle=_obstacle(row, by_type, [str(each.get("type") or "").upper() for each in buttons]),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _format(header: Mapping[str, Any]) -> str:
    return str(header.get("format") or ("TEXT" if header else "")).upper()


def _button(row: Mapping[str, Any]) -> Button:
    kind = str(row.get("type") or "").upper()
    address = row.get("url") if kind == "URL" else row.get("phone_number") if kind == "PHONE_NUMBER" else ""
    return Button(KINDS.get(kind, kind.lower()[:30]), str(row.get("text") or "")[:TITLE], str(address or "")[:ADDRESS])


def _obstacle(row: Mapping[str, Any], by_type: Mapping[str, Mapping[str, Any]], buttons: Iterable[str]) -> str:
    """The first thing that cannot be sent from here; nothing where all can."""
    kind = str(row.get("category") or "").upper()
    if kind in CODES or any(each in CODES for each in buttons):
        return "code"
    shape = _format(by_type.get("HEADER", {}))
    if shape not in {"", "TEXT"}:
        return f"header:{shape.lower()[:30]}"
    for name in by_type:
        if name not in {"HEADER", "BODY", "FOOTER", "BUTTONS"}:
            return f"part:{name.lower()[:30]}"
    strange = next((each for each in buttons if each not in KINDS), "")
    return f"button:{strange.lower()[:30]}" if strange else ""


def components(holes: Mapping[str, str]) -> list[dict[str, Any]]:
    """What Meta is told for the holes of a template, whose places are `header:1`, `body:2`, `body:name`, `url:0`,
    `copy_code:1`; the number of a button counts all of them."""
    parts: dict[str, list[dict[str, Any]]] = {"header": [], "body": []}
    buttons = []
    for place in sorted(holes, key=_order):
        part, _colon, name = place.partition(":")
        text = " ".join(str(holes[place]).split())
        if part in parts:
            named = {} if name.isdigit() else {"parameter_name": name}
            parts[part].append({"type": "text", **named, "text": text})
        else:
            kind, field = ("coupon_code", "coupon_code") if part == "copy_code" else ("text", "text")
            value = {"type": kind, field: text}
            buttons.append({"type": "button", "sub_type": part, "index": name, "parameters": [value]})
    return [*({"type": part, "parameters": values} for part, values in parts.items() if values), *buttons]


def _order(place: str) -> tuple[str, int, str]:
    part, _colon, name = place.partition(":")
    return part, int(name) if name.isascii() and name.isdigit() else 0, name
