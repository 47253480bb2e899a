"""SMS by SMPP 3.4, straight to a message centre.

Receipts come on the connection that sends, between answers; those that come later are heard by `listen`, which a task
calls while messages wait for theirs.
"""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from smpplib import consts

from messaging import sms
from messaging.channels.base import Channel, ChannelProblem, Field, Parcel, Setup, Taken, Told
from messaging.channels.smpp.line import Line

GSM, LATIN, UCS2 = 0, 3, 8  # data codings
WINDOW, WIDEST = 10, 50  # messages that may be without an answer: what most centres allow; at most
FIELDS = [
    Field("host", gettext_lazy("Host"), gettext_lazy("Name or address of the message centre.")),
    Field("port", gettext_lazy("Port"), initial="2775"),
    Field(
        "tls", gettext_lazy("Encryption"), choices=[("no", gettext_lazy("no encryption")), ("yes", "TLS")], initial="no"
    ),
    Field("system_id", gettext_lazy("System ID")),
    Field(
        "password",
        gettext_lazy("Password"),
        gettext_lazy("At most 8 characters."),
        is_secret=True,
        goes_to=("host", "port", "tls", "system_id"),  # without TLS everybody on the way reads it
    ),
    Field("system_type", gettext_lazy("System type"), is_required=False),
    Field(
        "sender",
        gettext_lazy("Sender"),
        gettext_lazy("A number with +, a short number, or a name of up to 11 letters and digits."),
    ),
    Field(
        "alphabet",
        gettext_lazy("Basic alphabet"),
        gettext_lazy("If accents and @ arrive wrong, choose the other one."),
        choices=[("gsm", "GSM 03.38"), ("latin", "ISO 8859-1")],
        initial="gsm",
    ),
    Field(
        "window",
        gettext_lazy("Messages without an answer"),
        gettext_lazy("How many may be on their way to the message centre at once. 1 is slow and works everywhere."),
        initial=str(WINDOW),
        is_required=False,
    ),
    Field(
        "numbers",
        gettext_lazy("Numbers of messages"),
        gettext_lazy("If messages stay undelivered though they arrive, choose the other one."),
        choices=[
            ("same", gettext_lazy("the same in receipts")),
            ("hex", gettext_lazy("hexadecimal first, decimal in receipts")),
        ],
        initial="same",
    ),
]


class SmppChannel(Channel):
    name = "smpp"
    title = "SMPP"
    about = gettext_lazy(
        "A line to the message centre of an SMS company, for many SMS. It gives you a host and a login."
    )
    medium = "sms"
    fields = FIELDS
    listens = True
    hears_answers = True
    is_shared = True  # most message centres take one connection of a system

    def __post_init__(self) -> None:
        self._line: Line | None = None
        self._heard: list[Told] = []
        self._lock = Lock()
        self._failed: tuple[float, ChannelProblem] | None = None  # when connecting came to nothing last, and why

    @classmethod
    def hands(cls, setup: Setup) -> int:
        return max(1, min(int(setup.values.get("window") or WINDOW), WIDEST))

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        found = {}
        port = values.get("port", "")
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            found["port"] = _("Enter a number between 1 and 65535.")
        window = values.get("window") or str(WINDOW)
        if not (window.isascii() and window.isdigit() and 0 < int(window[:9]) <= WIDEST):
            found["window"] = _("Enter a number between 1 and %(most)d.") % {"most": WIDEST}
        host = values.get("host", "")
        if not host.isprintable() or any(mark in host for mark in "/:@ "):
            found["host"] = _("Enter the name alone, such as smpp.example.com.")
        for name, most in (("system_id", 15), ("password", 8), ("system_type", 12)):
            value = values.get(name, "")
            if len(value) > most or not (value.isascii() and (value.isprintable() or not value)):
                found[name] = _("At most %(most)s letters, digits and signs.") % {"most": most}
        sender = values.get("sender", "")
        if not sender.isascii() or not ((sender.lstrip("+").isdigit() and len(sender) <= 16) or len(sender) <= 11):
            found["sender"] = _("Enter a number, or a name of up to 11 letters and digits without accents.")
        return found

    def check(self) -> str:
        line = Line(self.setup.values, settings.GATEWAY_TIMEOUT)
        line.close()
        self._heard += line.taken()
        return f"{self.setup.values['system_id']} · {self.setup.values['host']}"

    def send(self, parcel: Parcel) -> Taken:
        segments, coding = self._segments(parcel.text)
        numbers = []
        for place, segment in enumerate(segments, start=1):
            numbers.append(self._submit(parcel.to, segment, coding, len(segments) > 1, is_last=place == len(segments)))
        number = numbers[-1]
        if self.setup.values.get("numbers") == "hex":
            with suppress(ValueError):
                number = str(int(number, 16))
        return Taken(number[:160], len(segments))

    def _segments(self, text: str) -> tuple[list[bytes], int]:
        """The segments as they are sent, each with the header that says which one it is if there are several."""
        if sms.strange(text):
            coding, pieces = UCS2, [part.encode("utf-16-be") for part in sms.parts(text)]
        elif self.setup.values.get("alphabet") == "latin" and _is_latin(text):
            coding, pieces = LATIN, [part.encode("latin-1") for part in _eight_bit(text)]
        else:
            coding, pieces = GSM, [sms.encoded(part) for part in sms.parts(text)]
        if len(pieces) == 1:
            return pieces, coding
        mark = secrets.randbelow(256)
        return [bytes((5, 0, 3, mark, len(pieces), place)) + piece for place, piece in enumerate(pieces, 1)], coding

    def _submit(self, to: str, segment: bytes, coding: int, is_part: bool, *, is_last: bool) -> str:
        fields: dict[str, Any] = {
            **_source(self.setup.values["sender"]),
            "dest_addr_ton": consts.SMPP_TON_INTL,
            "dest_addr_npi": consts.SMPP_NPI_ISDN,
            "destination_addr": to.lstrip("+"),
            "esm_class": consts.SMPP_GSMFEAT_UDHI if is_part else 0,
            "data_coding": coding,
            "short_message": segment,
            "registered_delivery": 1 if is_last else 0,  # one receipt for a message
        }
        line = self._opened()
        try:
            return line.submit(**fields)
        finally:
            with self._lock:
                self._heard += line.taken()
                if line.is_broken and self._line is line:
                    self._drop()

    def _opened(self) -> Line:
        """The line, which one thread connects for all. If that comes to nothing, who waited for it does not try too."""
        since = monotonic()
        with self._lock:
            if self._line is None:
                if self._failed and self._failed[0] >= since:
                    raise self._failed[1]
                try:
                    self._line = Line(self.setup.values, settings.GATEWAY_TIMEOUT)
                except ChannelProblem as problem:
                    self._failed = monotonic(), problem
                    raise
            return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.drop()
            self._heard += self._line.taken()
            self._line = None

    def heard(self) -> list[Told]:
        with self._lock:
            events, self._heard = self._heard, []
        return events

    def listen(self, seconds: float) -> list[Told]:
        line = self._opened()
        line.listen(seconds)
        self._heard += line.taken()
        return self.heard()

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._heard += self._line.taken()
            self._line = None


def _source(sender: str) -> dict[str, Any]:
    if sender.startswith("+"):
        kind, plan, text = consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN, sender[1:]
    elif sender.isdigit():
        kind, plan, text = consts.SMPP_TON_UNK, consts.SMPP_NPI_ISDN, sender
        if len(sender) <= 6:
            kind = consts.SMPP_TON_NWSPEC
    else:
        kind, plan, text = consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK, sender
    return {"source_addr_ton": kind, "source_addr_npi": plan, "source_addr": text}


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeError:
        return False
    return True


def _eight_bit(text: str) -> list[str]:
    """Segments of 140 characters, or of 134 where there are several."""
    return [text] if len(text) <= 140 else [text[at : at + 134] for at in range(0, len(text), 134)]


CHANNEL = SmppChannel
