"""The words of a message: the ISP's own where it has some, else the built-in ones.

A group's own text in the language comes first, then the one for all in the language, then the built-in one. An own text
that cannot be filled is never a reason for a message not to be sent: the built-in one goes, and staff are told.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext

from core.mail import one_line
from messaging.approved import CannotFill
from messaging.approved_texts import Shelf, fill_approved
from messaging.channels.reasons import Reason
from messaging.events.base import Event
from messaging.letters import WEB, body_html, letter, marks_for
from messaging.models import Medium, OwnText
from messaging.occasions import EVENTS
from messaging.plain_letters import body_of
from messaging.reader import Reader, Values, current_isp
from messaging.wording import BadWording, Piece, TooLong, fill, parse

logger = logging.getLogger(__name__)
SUBJECT = 200
# What would make an SMS cost twice as much.
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2013": "-", "\u2022": "*"})
LANGUAGES = {code for code, _name in settings.LANGUAGES}


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says. `own` is the text of the ISP that could not be used, with why not."""

    subject: str
    text: str
    html: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)  # what the medium needs besides
    failed: OwnText | None = None
    problem: str = ""


def language_for(language: str) -> str:
    """The language of our texts for somebody who reads this one."""
    short = language.split("-")[0]
    return short if short in LANGUAGES else settings.LANGUAGE_CODE.split("-")[0]


def words_for(
    event: Event, medium: str, *, language: str, context: Mapping[str, Any], group: int | None = None
) -> Words:
    """What is said of an event to somebody, in the current scope."""
    context, spoken = _flat(context), language_for(language)
    own = OwnText.objects.for_reader(event=event.name, medium=medium, language=spoken, group=group).first()
    reader = Reader(current_isp())
    with translation.override(language):
        if own is None:
            return built_in(event, medium, context=context, reader=reader)
        try:
            with transaction.atomic():  # values may be read from the database
                if medium == Medium.WHATSAPP and own.approved:
                    return approved_words(event, own, Values(event.named, context, reader))
                return own_words(event, medium, subject=own.subject, text=own.text, context=context, reader=reader)
        except Exception as error:
            problem = _why(error).kept
            logger.warning("Text %s could not be used: %s", own.uuid, type(error).__name__)
        words = built_in(event, medium, context=context, reader=reader)
        return replace(words, failed=own, problem=problem)


def problem_of(own: OwnText) -> str:
    """Why a text could not be used, in the language that is active: of one that is not written well, where and what."""
    event = EVENTS.get(own.event)
    if own.why.code == "wording" and event:
        try:
            parse(own.subject, names=event.in_subjects)
            parse(own.text, names=event.named)
        except BadWording as problem:
            return str(problem)
    if own.why.code == "approved_text":
        return Shelf().trouble_with(own.approved, own.holes) or own.why.text
    return own.why.text


def _why(error: Exception) -> Reason:
    if isinstance(error, BadWording):
        return Reason("wording")
    if isinstance(error, CannotFill):
        return Reason("approved_text")
    return (
        Reason("text_too_long") if isinstance(error, TooLong) else Reason("our_fault", {"kind": type(error).__name__})
    )


def approved_words(event: Event, own: OwnText, values: Values, *, made_up: str = "") -> Words:
    """An approved text as one reader gets it, and what WhatsApp is told in place of it. Raises CannotFill and what
    filling raises."""
    found = fill_approved(own.approved, own.holes, event=event, values=values, made_up=made_up)
    return Words("", found.bubble.plain, data=found.data)


def mail_words(template: str, *, language: str, group: int | None, context: Mapping[str, Any]) -> Words:
    """What a mail says; of what is no event it has always been the built-in text."""
    if event := EVENTS.get(template):
        return words_for(event, Medium.EMAIL, language=language, context=context, group=group)
    with translation.override(language):
        return mail_of(template, _flat(context))


def _flat(context: Mapping[str, Any]) -> dict[str, Any]:
    """Texts on one line each: names are typed by people, and none of them may add lines, or a header, to a message."""
    return {key: one_line(value) if isinstance(value, str) else value for key, value in context.items()}


def own_words(
    event: Event, medium: str, *, subject: str, text: str, context: Mapping[str, Any], reader: Reader
) -> Words:
    """A text of the ISP with its values, in the language that is active. Raises BadWording, TooLong and what reading
    the values raises."""
    values = Values(event.named, context, reader)
    title = one_line(fill(parse(subject, names=event.in_subjects), values))[:SUBJECT]
    pieces = parse(text, names=event.named)
    said = fill(pieces, values).strip()
    if medium != Medium.EMAIL:
        return Words(title, _plain(said))
    company = values["company"]
    html = letter(body=body_html(pieces, values, event), company=company, reader=reader, subject=title)
    return Words(title, _readable(pieces, values).strip() + "\n", html)


def built_in(event: Event, medium: str, *, context: Mapping[str, Any], reader: Reader) -> Words:
    """Our own words, in the language that is active."""
    values = Values(event.named, context, reader)
    if medium == Medium.EMAIL:
        words = mail_of(event.name, context)
        return replace(words, html=_html_of(words, event, values))
    return Words(values["company"], _plain(fill(parse(str(event.short), names=event.named), values)))


def _html_of(words: Words, event: Event, values: Values) -> str:
    """A built-in mail in the look of the company; what it ends with stands below, as in all letters."""
    company, reader = values["company"], values.reader
    links = {values[name] for name, each in event.named.items() if each.is_link and values[name].startswith(WEB)}
    signature = {"", company, f"{gettext('Phone')}: {reader.phone(reader.profile.phone)}"}
    body = body_of(words.text, links=links, action=str(event.action), signature=signature)
    return letter(body=body, company=company, reader=reader, subject=words.subject, heading=words.subject)


def mail_of(name: str, context: Mapping[str, Any]) -> Words:
    """The built-in mail: its first line is the subject."""
    subject, _, text = render_to_string(f"emails/{name}.txt", dict(context)).strip().partition("\n")
    return Words(one_line(subject)[:SUBJECT], text.strip() + "\n")


def _plain(text: str) -> str:
    return text.translate(SPACES).strip()


def _readable(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """Markdown as somebody reads it who sees no HTML: a link is its words and its address. Values stay as they are."""
    marks = marks_for(pieces)
    text = fill(pieces, {name: mark if values[name] else "" for name, mark in marks.items()})
    text = re.sub(r"\[([^\]\n]+)\]\(([^)\n]*)\)", r"\1: \2", text)
    text = re.sub(r"(\*\*|__)(?=\S)([^\n]*?\S)\1", r"\2", text)
    for name, mark in marks.items():
        text = text.replace(mark, values[name])
    return text


def starter(event: Event, medium: str, *, reader: Reader) -> tuple[str, str]:
    """The built-in text as one that can be changed: subject and text with variables where values stand."""
    if medium != Medium.EMAIL:
        return "", str(event.short)
    context = event.sample(reader)
    words = mail_of(event.name, context)
    values = Values(event.named, context, reader)
    places: dict[str, str] = {}
    for name in values:
        if (value := values[name]) and value not in places:
            places[value] = f"{{{{ {name} }}}}"
    found = "|".join(re.escape(value) for value in sorted(places, key=len, reverse=True))
    any_value = re.compile(rf"(?<!\w)(?:{found})(?!\w)")
    subject, text = (any_value.sub(lambda hit: places[hit.group()], part) for part in (words.subject, words.text))
    lines = [_optional(line, event) for line in re.sub(r"\n{3,}", "\n\n", text).split("\n")]
    return subject, "\n".join(lines).strip()


def _optional(line: str, event: Event) -> str:
    """A line that is left out where the one variable in it has no value."""
    names = re.findall(r"\{\{ (\w+) \}\}", line)
    if len(names) == 1 and event.named[names[0]].may_miss:
        return f"{{% if {names[0]} %}}{line}{{% endif %}}"
    return line
