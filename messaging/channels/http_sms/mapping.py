"""How a gateway that nobody has made a folder for is spoken to: what staff typed, read into something that works."""

import re
import string
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from messaging.channels.outside import read_json

HOLES = ("number", "digits", "text", "sender", "key", "secret", "callback")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
FORBIDDEN = {"host", "content-length", "transfer-encoding", "connection"}


class BadMapping(ValueError):
    """A line that cannot be read. The text says which, and what to write."""


def lines(text: str, mark: str) -> list[tuple[str, str]]:
    """Lines such as `name=value` as pairs, each with the first `mark` between. Raises BadMapping."""
    pairs = []
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            continue
        name, found, value = line.partition(mark)
        if not found or not name.strip():
            raise BadMapping(_("Write each line as name%(mark)svalue: %(line)s") % {"mark": mark, "line": line[:60]})
        pairs.append((name.strip(), value.strip()))
    return pairs


def headers(text: str) -> list[tuple[str, str]]:
    """Lines of headers. Raises BadMapping for a name that is none, or that is ours to set."""
    pairs = lines(text, ":")
    for name, value in pairs:
        if not HEADER.fullmatch(name) or name.lower() in FORBIDDEN or not value.isprintable():
            raise BadMapping(_("This header cannot be set: %(name)s") % {"name": name[:60]})
    return pairs


def holes(text: str) -> list[str]:
    """The names in braces. Raises BadMapping for one that is not offered, or that reaches further."""
    try:
        found = list(string.Formatter().parse(text))
    except ValueError as error:
        raise BadMapping(_("A brace is not closed. Write {{ for a brace that is one.")) from error
    names = [name for _text, name, _spec, _how in found if name is not None]
    for _text, name, spec, how in found:
        if name is not None and (name not in HOLES or spec or how):
            offered = ", ".join(f"{{{hole}}}" for hole in HOLES)
            raise BadMapping(_("There is no {%(name)s}. You can use %(offered)s.") % {"name": name, "offered": offered})
    return names


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its holes filled. Nothing of the values is looked at again."""
    holes(text)
    out = []
    for part, name, _spec, _how in string.Formatter().parse(text):
        out.append(part)
        if name is not None:
            out.append(values[name])
    return "".join(out)


def nested(pairs: list[tuple[str, str]]) -> Any:
    """Pairs as JSON: `message.to=…` is an object in an object, `to.0=…` a list."""
    root: dict[str, Any] = {}
    for path, value in pairs:
        here = root
        *way, last = path.split(".")
        for step in way:
            here = here.setdefault(step, {})
            if not isinstance(here, dict):
                raise BadMapping(_("Two lines say different things of %(path)s.") % {"path": path})
        here[last] = value
    return _listed(root)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    whole = {name: _listed(part) for name, part in value.items()}
    if whole and list(whole) == [str(number) for number in range(len(whole))]:
        return list(whole.values())
    return whole


def at_path(data: Any, path: str) -> Any:
    """What stands in JSON at a path such as `messages.0.id`; None if nothing does."""
    for step in path.split("."):
        if isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        elif isinstance(data, dict) and step in data:
            data = data[step]
        else:
            return None
    return data


def is_success(rule: str, text: str) -> bool:
    """Whether an answer says that a message was taken: `path=value` of JSON, else what the text must hold."""
    path, mark, wanted = rule.partition("=")
    if mark:
        try:
            found = at_path(read_json(text), path.strip())
        except ValueError:
            return rule in text
        return _as_text(found).lower() in {word.strip().lower() for word in wanted.split(",")}
    return rule in text


def message_number(rule: str, text: str) -> str:
    """The number that the gateway gave a message: at a path of JSON, or where `{id}` stands in a text."""
    if "{id}" in rule:
        before, _mark, after = rule.partition("{id}")
        found = re.search(f"{re.escape(before)}([^\\s,;\"'<>&]{{1,160}}){re.escape(after.strip())}", text)
        return found[1] if found else ""
    try:
        return _as_text(at_path(read_json(text), rule))[:160]
    except ValueError:
        return ""


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or isinstance(value, dict | list) else str(value)


def flattened(data: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """JSON as pairs of paths and texts."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from flattened(value, f"{prefix}{name}.")
    elif isinstance(data, list):
        for number, value in enumerate(data[:100]):
            yield from flattened(value, f"{prefix}{number}.")
    else:
        yield prefix.removesuffix("."), _as_text(data)
