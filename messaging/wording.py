"""The small language of message texts: `{{ name }}`, and `{% if name %} … {% else %} … {% endif %}`.

Nothing else is possible: no dots, calls, filters or loops, so a text that somebody wrote can do nothing but show the
values that it was given. Both reading and filling take time in proportion to the length.
"""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

LONGEST = 20_000  # characters of a text
MOST_FILLED = 100_000  # characters of a text with its values
DEEPEST = 5  # conditions in one another
_MARK = re.compile(r"(\{\{|\}\}|\{%|%\}|\{#|#\})")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CLOSING = {"{{": "}}", "{%": "%}"}


class BadWording(ValueError):
    """The text is not one. `line` counts from 1; the words are for the person who wrote it."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__(_("Line %(line)d: %(problem)s") % {"line": line, "problem": text} if line else text)
        self.line = line


class TooLong(ValueError):
    """With its values the text is longer than any message."""


@dataclass(frozen=True, slots=True)
class Value:
    """The place of a variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What is said if a variable has a value (or has none, where it is turned round), and what else."""

    name: str
    is_turned: bool
    then: "Sequence[Piece]"
    otherwise: "Sequence[Piece]"


Piece = str | Value | Choice


@dataclass
class _Open:
    """A condition that has no end yet."""

    name: str
    is_turned: bool
    line: int
    then: list[Piece]
    otherwise: list[Piece] | None = None

    @property
    def pieces(self) -> list[Piece]:
        return self.then if self.otherwise is None else self.otherwise


def parse(text: str, *, names: Collection[str], longest: int = LONGEST) -> list[Piece]:
    """The pieces of a text that speaks of nothing but `names`. Raises BadWording."""
    if len(text) > longest:
        words = _("The text has %(n)d characters; at most %(most)d are possible.")
        raise BadWording(words % {"n": len(text), "most": longest}, 0)
    top: list[Piece] = []
    opened: list[_Open] = []
    line, parts = 1, _MARK.split(text)
    at = 0
    while at < len(parts):
        pieces = opened[-1].pieces if opened else top
        part = parts[at]
        if part in _CLOSING:
            if at + 2 >= len(parts) or parts[at + 2] != _CLOSING[part] or "\n" in parts[at + 1]:
                words = _("“%(mark)s” is not closed by “%(end)s”.")
                raise BadWording(words % {"mark": part, "end": _CLOSING[part]}, line)
            inside = parts[at + 1].strip()
            if part == "{{":
                pieces.append(Value(_known(inside, names, line)))
            else:
                _step(inside, opened, top, names, line)
            at += 3
            continue
        if _MARK.fullmatch(part):
            raise BadWording(_("“%(mark)s” closes or begins nothing here.") % {"mark": part}, line)
        if part:
            pieces.append(part)
            line += part.count("\n")
        at += 1
    if opened:
        raise BadWording(_("“if %(name)s” has no “endif”.") % {"name": opened[-1].name}, opened[-1].line)
    return top


def _known(name: str, names: Collection[str], line: int) -> str:
    if name in names:
        return name
    shown = name[:40] or " "
    if not _NAME.fullmatch(name):
        words = _("“%(name)s” is not the name of a variable. Only names are possible: no dots, calls or filters.")
        raise BadWording(words % {"name": shown}, line)
    near = difflib.get_close_matches(name, list(names), n=1)
    if near:
        words = _("There is no variable “%(name)s”. Did you mean “%(near)s”?")
        raise BadWording(words % {"name": shown, "near": near[0]}, line)
    raise BadWording(_("There is no variable “%(name)s” in this message.") % {"name": shown}, line)


def _step(inside: str, opened: list[_Open], top: list[Piece], names: Collection[str], line: int) -> None:
    """Begin, turn or end a condition."""
    match inside.split():
        case ["if", name]:
            begun = _Open(_known(name, names, line), False, line, [])
        case ["if", "not", name]:
            begun = _Open(_known(name, names, line), True, line, [])
        case ["else"] if opened and opened[-1].otherwise is None:
            opened[-1].otherwise = []
            return
        case ["endif"] if opened:
            done = opened.pop()
            outer = opened[-1].pieces if opened else top
            outer.append(Choice(done.name, done.is_turned, done.then, done.otherwise or []))
            return
        case ["else" | "endif"]:
            raise BadWording(_("“%(word)s” without an “if” before it.") % {"word": inside}, line)
        case _:
            words = _("“%(word)s” is not possible here; only “if”, “else” and “endif” are.")
            raise BadWording(words % {"word": inside[:40]}, line)
    if len(opened) >= DEEPEST:
        raise BadWording(_("Too many conditions in one another."), line)
    opened.append(begun)


def fill(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """The text with its values. Raises TooLong, and KeyError for a variable that has none."""
    parts: list[str] = []
    _fill(pieces, values, parts, [MOST_FILLED])
    return "".join(parts)


def _fill(pieces: Sequence[Piece], values: Mapping[str, str], parts: list[str], left: list[int]) -> None:
    for piece in pieces:
        if isinstance(piece, Choice):
            has_it = bool(values[piece.name]) is not piece.is_turned
            _fill(piece.then if has_it else piece.otherwise, values, parts, left)
            continue
        text = values[piece.name] if isinstance(piece, Value) else piece
        left[0] -= len(text)
        if left[0] < 0:
            raise TooLong
        parts.append(text)


def names_in(pieces: Sequence[Piece]) -> set[str]:
    """The variables of which a text speaks."""
    found: set[str] = set()
    for piece in pieces:
        if isinstance(piece, Value):
            found.add(piece.name)
        elif isinstance(piece, Choice):
            found |= {piece.name} | names_in(piece.then) | names_in(piece.otherwise)
    return found
