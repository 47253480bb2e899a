"""A carrier's approved text: which holes it has, what may stand in them, and how it reads when they are filled.

Places of holes are `header:1`, `body:2` or `body:name`, `url:0` (the end of the address of the first button) and
`copy_code:1`. In texts of staff each of them holds words and variables in the small language of `messaging.wording`;
the address of a button is one variable that is a link, of which the end alone is sent. So it can lead nowhere but to
the ISP's own portal, and is judged again each time it is sent: a domain may have gone to somebody else.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domains.hosts import normalise
from messaging.channels.base import Approved, Button
from messaging.events.base import Event
from messaging.wording import fill, names_in, parse

HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
AT_END = re.compile(r"\{\{\s*\w+\s*\}\}$")
LONGEST_KEY = 120
LONGEST = {"header": 60, "body": 1024, "copy_code": 15}  # characters with values, as Meta counts them
NOTHING = "-"  # Meta refuses a hole that stays empty
SENDABLE = {"approved", "paused"}  # a pause ends by itself, after hours
TOPICS = {
    "header:image": gettext_lazy(
        "It begins with a picture, which is a file to be sent along. Files are not sent here."
    ),
    "header:video": gettext_lazy("It begins with a video, which is a file to be sent along. Files are not sent here."),
    "header:document": gettext_lazy("It begins with a document, a file to be sent along. Files are not sent here."),
    "header:location": gettext_lazy("It begins with a place on the map, which is not sent from here."),
    "code": gettext_lazy("It is for one-time codes, which are not sent by WhatsApp here."),
    "numbers": gettext_lazy("Its variables are neither numbered from 1 without a gap nor all named."),
    "name": gettext_lazy("Its name is too long for here."),
    "address": gettext_lazy("The variable in the address of a button does not stand at its end."),
    "empty": gettext_lazy("It has no text."),
}
STATES = {
    "approved": gettext_lazy("approved"),
    "pending": gettext_lazy("waits for Meta"),
    "in_appeal": gettext_lazy("in appeal"),
    "rejected": gettext_lazy("rejected"),
    "paused": gettext_lazy("paused by Meta"),
    "disabled": gettext_lazy("disabled by Meta"),
    "limit_exceeded": gettext_lazy("over Meta's limit"),
    "pending_deletion": gettext_lazy("being deleted"),
    "deleted": gettext_lazy("deleted"),
    "archived": gettext_lazy("archived"),
    "locked": gettext_lazy("locked by Meta"),
}


KINDS = {
    "utility": gettext_lazy("about the service"),
    "marketing": gettext_lazy("advertising"),
    "authentication": gettext_lazy("one-time codes"),
}


class CannotFill(ValueError):
    """The text cannot be sent. The words are for staff, in the language that is active when they are read."""


@dataclass(frozen=True, slots=True)
class Hole:
    """One place to fill."""

    place: str
    button: Button | None = None

    @property
    def part(self) -> str:
        return self.place.partition(":")[0]

    @property
    def name(self) -> str:
        return self.place.partition(":")[2]

    @property
    def is_address(self) -> bool:
        return self.part == "url"

    @property
    def base(self) -> str:
        """What stands before the end of a button's address."""
        return AT_END.sub("", self.button.address) if self.button else ""

    @property
    def title(self) -> str:
        """What staff read beside the field."""
        if self.button:
            words = _("Where the button “%(title)s” leads") if self.is_address else _("Code of the button “%(title)s”")
            return words % {"title": self.button.title}
        mark = {"mark": f"{{{{{self.name}}}}}"}
        return (_("%(mark)s in the header") if self.part == "header" else _("%(mark)s in the text")) % mark


@dataclass(frozen=True, slots=True)
class Bubble:
    """An approved text as a phone shows it."""

    header: str
    text: str
    footer: str
    buttons: Sequence[Mapping[str, str]] = ()

    @property
    def plain(self) -> str:
        """All of it as plain text, as it is kept."""
        taps = [" ".join(filter(None, (f"[{each['title']}]", each["address"]))) for each in self.buttons]
        return "\n\n".join(filter(None, (self.header, self.text, self.footer, "\n".join(taps))))


@dataclass(frozen=True, slots=True)
class Filled:
    """An approved text with values: how it reads, and what the carrier is told."""

    bubble: Bubble
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Template:
    """An approved text of an ISP."""

    row: Approved
    holes: Sequence[Hole] = field(default_factory=list)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Template":
        """From what is kept with the account; rows that were fetched long ago may lack parts."""
        names = Approved.__dataclass_fields__
        known = {name: value for name, value in row.items() if name in names}
        buttons = [Button(**each) for each in known.pop("buttons", [])]
        found = Approved(**known, buttons=buttons)
        return cls(found, _holes(found))

    @property
    def key(self) -> str:
        """As texts name it."""
        return f"{self.row.name}:{self.row.language}"

    @property
    def title(self) -> str:
        return f"{self.row.name} ({self.row.language})"

    @property
    def choice(self) -> str:
        """As it stands among others to choose from."""
        return self.title if self.is_approved else f"{self.title}: {self.state}"

    @property
    def language(self) -> str:
        return self.row.language

    def is_in(self, language: str) -> bool:
        """Whether it is in a language, of whatever country."""
        return self.row.language.split("_")[0] == language

    @property
    def state(self) -> str:
        """In words; one that Meta has thought of since in its own."""
        return str(STATES.get(self.row.state, self.row.state))

    @property
    def kind(self) -> str:
        """What Meta takes it for, in words: its price hangs on it."""
        return str(KINDS.get(self.row.kind, self.row.kind))

    @property
    def is_approved(self) -> bool:
        return self.row.state == "approved"

    @property
    def places(self) -> list[str]:
        return [each.place for each in self.holes]

    @property
    def bubble(self) -> Bubble:
        """As Meta has it, with its holes."""
        return self.said({})

    def obstacle(self, origins: Collection[str]) -> str:
        """Why it can never be sent from here, in a sentence; nothing if it can. `origins` are those of the portal."""
        row = self.row
        code = row.obstacle
        if not code:
            code = "" if _are_in_order(self.holes) else "numbers"
            code = code or ("name" if len(self.key) > LONGEST_KEY else "" if row.text else "empty")
        if code:
            return str(TOPICS.get(code) or _strange(code))
        for hole in self.holes:
            if hole.is_address and (problem := _foreign(hole, origins)):
                return problem
        if any(HOLE.search(each.address) and not AT_END.search(each.address) for each in row.buttons):
            return str(TOPICS["address"])
        return ""

    def filled_with(self, said: Mapping[str, str], told: Mapping[str, str] | None = None) -> Filled:
        """With texts as they are read in its holes; `told` is what the carrier gets where that differs."""
        bubble, row = self.said(said), self.row
        holes = {**said, **(told or {})}
        return Filled(bubble, {"template": row.name, "language": row.language, "holes": holes, "shown": asdict(bubble)})

    def said(self, holes: Mapping[str, str]) -> Bubble:
        """How it reads with texts in its holes; what stands for a button's address is all of it."""
        row, buttons = self.row, []
        for number, each in enumerate(row.buttons):
            address = holes.get(f"{each.kind}:{number}", each.address)
            buttons.append({"kind": each.kind, "title": each.title, "address": address})
        return Bubble(_put("header", row.header, holes), _put("body", row.text, holes), row.footer, buttons)


def _holes(row: Approved) -> list[Hole]:
    found = [Hole(f"header:{name}") for name in dict.fromkeys(HOLE.findall(row.header))]
    names = dict.fromkeys(HOLE.findall(row.text))
    is_numbered = all(name.isascii() and name.isdigit() for name in names)
    found += [Hole(f"body:{name}") for name in (sorted(names, key=int) if is_numbered else names)]
    for number, each in enumerate(row.buttons):
        if each.kind == "copy_code" or (each.kind == "url" and AT_END.search(each.address)):
            found.append(Hole(f"{each.kind}:{number}", each))
    return found


def _are_in_order(holes: Sequence[Hole]) -> bool:
    """Whether header and text have numbers from 1 on, or names, as Meta wants it."""
    header, body = ([each.name for each in holes if each.part == part] for part in ("header", "body"))
    if any(not name.isdigit() for name in header + body):
        return len(header) < 2 and not any(name.isdigit() for name in header + body)
    return header in ([], ["1"]) and body == [str(n + 1) for n in range(len(body))]


def _put(part: str, text: str, holes: Mapping[str, str]) -> str:
    return HOLE.sub(lambda hit: holes.get(f"{part}:{hit[1]}", hit[0]), text)


def _strange(code: str) -> str:
    what = code.partition(":")[2].replace("_", " ")
    return _("It has a part that is not sent from here: %(part)s.") % {"part": what}


def _foreign(hole: Hole, origins: Collection[str]) -> str:
    """Why the address of a button cannot be used; nothing if it is on the ISP's own portal."""
    words = _("The address of its button “%(title)s” is not of your portal. It has to begin with %(origin)s/")
    if hole.base and origin_of(hole.base) in origins and not {"?", "#"} & set(hole.base):
        return ""
    return words % {"title": hole.button.title if hole.button else "", "origin": next(iter(origins), "")}


def origin_of(address: str) -> str:
    """Scheme, host and port as they are written, if a path follows; else nothing."""
    try:
        parts = urlsplit(address)
        host = normalise(parts.netloc) + (f":{parts.port}" if parts.port else "")
    except ValueError:  # BadHost, too
        return ""
    # Without the slash what is put behind it would go on with the name of the host.
    is_whole = parts.scheme in {"http", "https"} and parts.path.startswith("/")
    return urlunsplit((parts.scheme, host, "", "", "")) if is_whole and not set(address) & set("\\ \t\r\n") else ""


def end_of(link: str, base: str) -> str:
    """What of a link stands behind the address of a button; nothing where it is another address."""
    begin, parts = urlsplit(base).path, urlsplit(link)
    if not parts.path.startswith(begin):
        return ""
    return parts.path.removeprefix(begin) + (f"?{parts.query}" if parts.query else "")


def variable_in(wording: str) -> str:
    """The variable that a text consists of; nothing if there is more to it."""
    hit = re.fullmatch(r"\s*\{\{\s*(\w+)\s*\}\}\s*", wording)
    return hit[1] if hit else ""


def links_for(hole: Hole, event: Event, samples: Mapping[str, str]) -> list[str]:
    """The variables of an event whose links can stand behind the address of a button, which needs one each time."""
    names = [name for name, each in event.named.items() if each.is_link and not each.may_miss]
    return [name for name in names if end_of(samples[name], hole.base)]


def trouble_with(template: Template, holes: Mapping[str, str], origins: Collection[str]) -> str:
    """Why a text that staff have saved cannot be sent, in a sentence; nothing if it can."""
    name = {"name": template.title}
    if template.row.state not in SENDABLE:
        return _("Meta does not approve “%(name)s” any more.") % name
    if problem := template.obstacle(origins):
        return problem
    if set(template.places) != set(holes):
        return _("“%(name)s” has been changed at Meta: choose again what stands in its places.") % name
    return ""


def filled(
    template: Template, holes: Mapping[str, str], *, event: Event, values: Mapping[str, str], origins: Collection[str]
) -> Filled:
    """The text with the values of one reader, where there is no trouble with it. Links are of one of the origins.

    Raises CannotFill, BadWording, TooLong and what reading values raises.
    """
    said, told = {}, {}
    for hole in template.holes:
        text = " ".join(fill(parse(holes[hole.place], names=event.named), values).split())
        if hole.is_address:
            told[hole.place] = _end(hole, text, origins)
            said[hole.place] = hole.base + told[hole.place]
        else:
            said[hole.place] = text or NOTHING
    for part, longest in LONGEST.items():
        _shorten(template, part, longest, said)
    return template.filled_with(said, told)


def _end(hole: Hole, link: str, origins: Collection[str]) -> str:
    end = end_of(link, hole.base) if origin_of(link) in origins else ""
    if not end:
        raise CannotFill(lazy(_no_link, str)(hole))
    return end


def _no_link(hole: Hole) -> str:
    return _("There is no link for the button “%(title)s”.") % {"title": hole.button.title if hole.button else ""}


def _too_long(most: int) -> str:
    return _("A code for a button has %(most)d characters at most.") % {"most": most}


def _shorten(template: Template, part: str, longest: int, said: dict[str, str]) -> None:
    """Cut the longest values until the part is as short as Meta wants it, but no link."""
    mine = [each.place for each in template.holes if each.part == part]
    if part == "copy_code":
        if any(len(said[place]) > longest for place in mine):
            raise CannotFill(lazy(_too_long, str)(longest))
        return
    text = template.row.header if part == "header" else template.row.text
    for place in sorted((each for each in mine if "://" not in said[each]), key=lambda each: -len(said[each])):
        over = len(_put(part, text, said)) - longest
        if over <= 0:
            return
        said[place] = said[place][: max(len(said[place]) - over - 1, 0)].rstrip() + "…"


def names_of(holes: Mapping[str, str], event: Event) -> set[str]:
    """The variables that texts in holes name. Raises BadWording."""
    return set().union(*(names_in(parse(text, names=event.named)) for text in holes.values()))
