"""What a mail that came back says: which fate, in whose words, and of which mails.

It was written by servers of all kinds and may have been written by anybody, so it is read within bounds: only its
beginning, a number of parts, headers of a length. A report stands before the mail that it brings back, so nothing that
counts lies behind. What cannot be read says nothing.
"""

import html
import logging
import re
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.parser import HeaderParser
from typing import Any

from flufl.bounce import all_failures

from messaging.channels.base import Fate
from messaging.channels.smtp import GONE
from messaging.returns.addresses import NUMBER, Returned, read_key

logger = logging.getLogger(__name__)
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it says what it tries, and throws what it meets
READ = 256 * 1024  # bytes of a mail that are looked at
GUESSED = 64 * 1024  # bytes in which servers that keep to no standard are listened to
PARTS, NESTED, BLOCKS = 300, 40, 50
LINES, LINE, FOLDED = 10_000, 2000, 8000  # lines, bytes of a line, of a header
SAID = 300
CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
REPLY = re.compile(r"\b(5\d\d)[ -]")
# What servers say that have no codes of RFC 3463; counted only where there is none.
NOBODY = re.compile(
    r"(no such (user|mailbox|recipient|address|person)|(user|mailbox|recipient|address|account)( \S{1,80})? (is )?"
    r"(unknown|not found|does ?n[o']t exist|not exist)|unknown (user|recipient|local|mailbox|address)"
    r"|does not exist|no mailbox here|invalid recipient|mailbox unavailable|host (or domain name )?not found)",
    re.IGNORECASE,
)
FROM_SERVERS = re.compile(r"mailer-daemon|postmaster|mail delivery|bounce", re.IGNORECASE)
COMPLAINTS = {"abuse", "fraud", "virus", "other", "miscategorized", "complaint"}
OPT_OUTS = {"opt-out", "opt-out-list"}
OUR_HEADER = re.compile(rb"^[ \t>|]*x-lastmile-return:\s*(r-[a-z2-7]{48})\b", re.IGNORECASE | re.MULTILINE)
OUR_ENVELOPE = re.compile(rb"\b(r-[a-z2-7]{48})@", re.IGNORECASE)
OUR_ID = re.compile(rb"^[ \t>|]*message-id:\s*<([0-9a-f-]{36}(?:\.\d{1,3})?)@", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a mail, and what the mail that came back carries of it: our keys, or its Message-ID."""

    fate: Fate
    said: str = ""
    keys: list[Returned] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


def read(raw: bytes, *, null_sender: bool = False) -> Report | None:
    """What a mail reports; None if it is no report, or one of which nothing follows.

    `null_sender`: its envelope named nobody to answer to, as that of a server's report does.
    """
    raw = raw[:READ]
    tidy = _tidy(raw)
    if tidy is None:
        return None
    try:
        found = _fate(message_from_bytes(tidy), null_sender)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        # The library's parser meets what it does not expect. Nobody is stopped by what nobody can read.
        logger.warning("A mail that came back could not be read: %s", type(error).__name__)
        return None
    if found is None:
        return None
    fate, said = found
    return Report(fate, one_line(said), *named_in(raw))


def named_in(raw: bytes) -> tuple[list[Returned], list[str]]:
    """The mails of ours that a mail brings back: by our signed key, and by their numbers, which nobody can guess."""
    raw = raw[:READ]
    keys = [read_key(text.decode()) for text in [*OUR_HEADER.findall(raw), *OUR_ENVELOPE.findall(raw)][:BLOCKS]]
    numbers = [text.decode().lower() for text in OUR_ID.findall(raw)[:BLOCKS]]
    return (
        list(dict.fromkeys(key for key in keys if key)),
        list(dict.fromkeys(number for number in numbers if NUMBER.fullmatch(number))),
    )


def may_be_report(headers: bytes) -> bool:
    """Whether it is worth while to fetch the whole of a mail with these headers."""
    tidy = _tidy(headers[:READ])
    if tidy is None:
        return False
    mail = message_from_bytes(tidy)
    if mail.get_content_type() == "multipart/report":
        return True
    return str(mail.get("Return-Path", "")).strip() == "<>" or bool(FROM_SERVERS.search(_header(mail, "From")))


def one_line(text: str) -> str:
    """A text on one line, without what PostgreSQL cannot store."""
    plain = text.encode("utf-8", "replace").decode()
    return " ".join("".join(each if each.isprintable() else " " for each in plain).split())[:SAID]


def _tidy(raw: bytes) -> bytes | None:
    """The mail with no line and no folded header beyond bounds; None for one that is made to be hard to read."""
    low = raw.lower()
    if low.count(b"boundary") > NESTED or low.count(b"message/") > NESTED or low.count(b"multipart/") > NESTED:
        return None
    lines, folded, parts = [], 0, 0
    for line in raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:LINES]:
        line = line[:LINE]
        folded = folded + len(line) if line[:1] in (b" ", b"\t") else 0
        if folded > FOLDED:
            continue
        parts += line.startswith(b"--")
        lines.append(line)
    return None if parts > PARTS else b"\n".join(lines)


def _fate(mail: Message, null_sender: bool) -> tuple[Fate, str] | None:
    parts = [mail] if not mail.is_multipart() else list(_walk(mail))
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part)
    blocks: list[Message] = []
    for part in parts:
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
            blocks += _blocks(part)
    if blocks:
        return _of_blocks(blocks[:BLOCKS], _words(parts))
    if _is_answer(mail):
        return None
    return _guessed(mail, parts, null_sender)


def _walk(mail: Message) -> Any:
    """The parts, but not those of the mail that is brought back."""
    yield mail
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            yield from _walk(part)


def _complaint(part: Message) -> tuple[Fate, str] | None:
    inner = part.get_payload(0) if part.is_multipart() else HeaderParser().parsestr(str(part.get_payload()))
    kind = _header(inner, "Feedback-Type").strip().lower()
    who = _header(inner, "User-Agent") or _header(inner, "Reporting-MTA") or _header(inner, "Source-IP")
    said = f"{kind}: {who}" if who else kind
    if kind in COMPLAINTS:
        return Fate.COMPLAINED, said
    return (Fate.OPTED_OUT, said) if kind in OPT_OUTS else None


def _blocks(part: Message) -> list[Message]:
    """What a delivery status says, by recipient."""
    payload = part.get_payload()
    if isinstance(payload, list):
        blocks = list(payload)
        for each in payload[:1] + payload[-1:]:
            text = each.get_payload() if not each.is_multipart() else ""
            blocks += [HeaderParser().parsestr(more) for more in str(text).split("\n\n")[:BLOCKS] if more.strip()]
        return blocks
    return [HeaderParser().parsestr(text) for text in str(payload).split("\n\n")[:BLOCKS]]


def _of_blocks(blocks: list[Message], words: str) -> tuple[Fate, str] | None:
    actions = [_header(block, "Action").strip().lower() for block in blocks]
    if any(action.startswith(("delivered", "relayed", "expanded")) for action in actions):
        return None  # It reached somebody there.
    failed = [
        block for block, action in zip(blocks, actions, strict=True) if action.startswith(("fail", "error"))
    ]  # fmt: skip
    if not failed:
        return None
    verdicts = [_verdict(_header(block, "Status"), _header(block, "Diagnostic-Code"), words) for block in failed]
    return next((each for each in verdicts if each[0] == Fate.FAILED), verdicts[0])


def _verdict(status: str, diagnostic: str, words: str) -> tuple[Fate, str]:
    """By RFC 3463. A code that says nothing but "no" gives way to the one that the last server said."""
    kind, _, told = diagnostic.partition(";")
    told = told.strip() if told and " " not in kind.strip() else diagnostic.strip()
    said = told or words or status
    code = next(iter(CODE.findall(status)), "")
    inner = next(iter(CODE.findall(told)), "")
    if inner and (not code or code.endswith(".0.0") or code.startswith("4")):
        code = inner
    if code == "5.4.4" and NOBODY.search(told or words):
        return Fate.BOUNCED, said  # No such domain, as Postfix says it.
    if code and not code.endswith(".0.0"):
        return (Fate.BOUNCED if GONE.match(code) else Fate.FAILED), said
    is_five = code.startswith("5") or bool(REPLY.search(told))
    return (Fate.BOUNCED if is_five and NOBODY.search(told or words) else Fate.FAILED), said


def _is_answer(mail: Message) -> bool:
    """An out-of-office reply, or another answer that nobody wrote by hand."""
    if _header(mail, "Auto-Submitted").lower().startswith("auto-replied"):
        return True
    if any(mail.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From", "Vacation")):
        return True
    return _header(mail, "Precedence").lower() in ("auto_reply", "auto-reply", "autoreply")


def _guessed(mail: Message, parts: list[Message], null_sender: bool) -> tuple[Fate, str] | None:
    """What servers mean that keep to no standard."""
    words = _words(parts)
    temporary, permanent = _by_library(mail, words)
    if temporary and not permanent:
        return None
    is_servers = null_sender or bool(FROM_SERVERS.search(_header(mail, "From")))
    codes = [code for code in CODE.findall(words) if code.startswith("5")]
    replies = REPLY.findall(words)
    if not permanent and not (is_servers and (codes or replies)):
        return None
    where = re.search(r"(\b5\d\d[ -]|\b5\.\d{1,3}\.\d{1,3}\b)", words)
    said = words[where.start() :] if where else words
    if codes and not codes[0].endswith(".0.0"):
        return (Fate.BOUNCED if GONE.match(codes[0]) else Fate.FAILED), said
    return (Fate.BOUNCED if permanent and NOBODY.search(words) else Fate.FAILED), said


def _by_library(mail: Message, words: str) -> tuple[Any, Any]:
    """Whose mail came back for now and for good, by what is known of many servers. Raises nothing."""
    plain = Message()
    for name in ("From", "Subject", "X-Failed-Recipients", "To"):
        if mail.get(name):
            plain[name] = _header(mail, name)
    plain.set_payload(words)
    for each in (mail, plain):
        try:
            found = all_failures(each)
        except Exception:  # noqa: S112 - the library throws what it meets; nobody is stopped by that
            continue
        if any(found):
            return found
    return (), ()


def _words(parts: list[Message]) -> str:
    """What people are to read: the first text, or the first page as text."""
    texts = [part for part in parts if part.get_content_maintype() == "text" and not part.is_multipart()]
    for kind in ("text/plain", "text/html"):
        for part in texts:
            if part.get_content_type() == kind:
                data = part.get_payload(decode=True)
                text = _decoded(data if isinstance(data, bytes) else b"", part.get_content_charset())
                return _without_tags(text) if kind == "text/html" else text
    return ""


def _decoded(data: bytes, charset: str | None) -> str:
    data = data[:GUESSED]
    try:
        return data.decode(charset or "utf-8", "replace")
    except LookupError:
        return data.decode("utf-8", "replace")


def _without_tags(text: str) -> str:
    text = re.sub(r"<(br|/p|/div|/tr|/td|/li|/h\d)\b[^<>]{0,500}>", "\n", text, flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^<>]{0,2000}>", " ", text))


def _header(mail: Any, name: str) -> str:
    value = mail.get(name, "")
    try:
        return str(make_header(decode_header(value)))[:FOLDED] if "=?" in str(value) else str(value)[:FOLDED]
    except (ValueError, LookupError):
        return str(value)[:FOLDED]
