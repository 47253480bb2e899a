"""Any SMS gateway that takes a message by one HTTP call: staff say how it is called and how it answers."""

import hmac
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging import sms
from messaging.channels.base import Channel, Event, Fate, Field, Forged, Incoming, Parcel, SetupRefused, Taken, Told
from messaging.channels.http_sms import mapping
from messaging.channels.outside import NotOutside, Session, addresses, read_json, refused, sound
from messaging.channels.reasons import Reason

SECRET = re.compile(r"auth|key|token|secret|passw|pwd|cookie|sign", re.IGNORECASE)  # names of what is secret
HOLES = re.compile(r"\{(\w+)\}")
FIELDS = [
    Field("url", gettext_lazy("Address"), gettext_lazy("Of the gateway, for sending one message."), initial="https://"),
    Field("method", gettext_lazy("Method"), choices=[("POST", "POST"), ("GET", "GET")], initial="POST"),
    Field(
        "format",
        gettext_lazy("Parameters go as"),
        choices=[
            ("form", gettext_lazy("a form")),
            ("json", "JSON"),
            ("query", gettext_lazy("part of the address")),
        ],
        initial="form",
    ),
    Field(
        "parameters",
        gettext_lazy("Parameters"),
        gettext_lazy(
            "One a line, name=value. In a value you can use {number} (with +), {digits} (without), {text}, {sender}, "
            "{key} (the same when a message is tried again), {secret} and {callback}. In JSON, message.to is an object "
            "in an object."
        ),
        initial="to={number}\ntext={text}\nfrom={sender}",
        is_long=True,
    ),
    Field(
        "headers",
        gettext_lazy("Headers"),
        gettext_lazy("One a line, such as Authorization: Bearer {secret}"),
        is_required=False,
        is_long=True,
    ),
    Field(
        "secret",
        gettext_lazy("Password or key"),
        gettext_lazy("Stands for {secret}. It is kept encrypted and never shown again."),
        is_secret=True,
        is_required=False,
    ),
    Field("sender", gettext_lazy("Sender"), gettext_lazy("Stands for {sender}."), is_required=False),
    Field(
        "success",
        gettext_lazy("What says that it was taken"),
        gettext_lazy(
            "A path in the JSON with its value, such as status=ok or messages.0.status=0,1; or a text that the answer "
            "holds. Empty: any answer with a status of success."
        ),
        is_required=False,
    ),
    Field(
        "number_at",
        gettext_lazy("Where the message's number stands"),
        gettext_lazy("A path in the JSON, such as messages.0.id; or a text with {id} in it, such as OK: {id}"),
        is_required=False,
    ),
    Field(
        "balance_url",
        gettext_lazy("Address that tries the keys"),
        gettext_lazy("Such as that of your balance. It is called by GET with the headers above; {secret} can be used."),
        is_required=False,
    ),
    Field(
        "callback_number",
        gettext_lazy("In callbacks: the message's number"),
        gettext_lazy("Name of the parameter, or path in the JSON."),
        is_required=False,
    ),
    Field("callback_state", gettext_lazy("In callbacks: the state"), is_required=False),
    Field(
        "callback_delivered",
        gettext_lazy("States that mean delivered"),
        gettext_lazy("With commas between."),
        is_required=False,
        initial="delivered, DELIVRD",
    ),
    Field(
        "callback_failed",
        gettext_lazy("States that mean not delivered"),
        is_required=False,
        initial="failed, undelivered, rejected, expired, UNDELIV, REJECTD, EXPIRED",
    ),
    Field(
        "callback_gone",
        gettext_lazy("States that mean there is no such number"),
        gettext_lazy("Nothing more is sent to it."),
        is_required=False,
    ),
    Field(
        "incoming_sender",
        gettext_lazy("In answers: who wrote it"),
        gettext_lazy(
            "Name of the parameter, or path in the JSON, that holds the phone number. Give the gateway the address for "
            "callbacks for incoming messages, too. Empty: answers are not read, not even STOP."
        ),
        is_required=False,
    ),
    Field("incoming_text", gettext_lazy("In answers: the text"), is_required=False),
    Field(
        "incoming_number",
        gettext_lazy("In answers: the message's number"),
        gettext_lazy("By it an answer that comes twice is known."),
        is_required=False,
    ),
    Field("callback_secret", gettext_lazy("Secret in the callback's address"), is_made=True),
]


class HttpSmsChannel(Channel):
    name = "http_sms"
    title = gettext_lazy("SMS gateway by HTTP")
    about = gettext_lazy("Any SMS company with a web address for sending. You need its description and your key.")
    medium = "sms"
    calls_back = True
    hears_answers = True
    fields = FIELDS

    def __post_init__(self) -> None:
        self.session = Session()

    def close(self) -> None:
        self.session.close()

    @classmethod
    def places(cls, values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """The addresses, and the lines that put the key into a call: one such as text={secret} would give it away."""
        called = [values.get(name, "").strip() for name in ("url", "balance_url")]
        lines = [f"{name}: {line.strip()}" for name in ("parameters", "headers") for line in _lines(values, name)]
        holding = sorted(line for line in lines if "{secret}" in line)
        is_sent = holding or any("{secret}" in address for address in called)
        return {"secret": (*called, *holding) if is_sent else ()}

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        found = {}
        for name in ("url", "balance_url"):
            if values.get(name) and (text := _wrong_address(values[name])):
                found[name] = text
        for name, read in (("parameters", lambda text: mapping.lines(text, "=")), ("headers", mapping.headers)):
            try:
                for _name, value in read(values.get(name, "")):
                    mapping.holes(value)
            except mapping.BadMapping as error:
                found[name] = str(error)
        for name in ("url", "balance_url"):
            try:
                if any(hole != "secret" for hole in mapping.holes(values.get(name, ""))) and name == "balance_url":
                    found.setdefault(name, _("Only {secret} can stand in this address."))
            except mapping.BadMapping as error:
                found.setdefault(name, str(error))
        sent = values.get("url", "") + values.get("parameters", "")
        if not found and not ("{text}" in sent and ("{number}" in sent or "{digits}" in sent)):
            found["parameters"] = _("Say where {number} and {text} go.")
        for name, other in (("incoming_sender", "incoming_text"), ("incoming_text", "incoming_sender")):
            if values.get(name) and not values.get(other):
                found[other] = _("To read answers, say where both the number and the text stand.")
        return found

    def confidential(self) -> list[str]:
        """The key, the secret of the callback, and keys that staff have written into lines themselves."""
        secret = self._value("secret")
        found = [secret, self._value("callback_secret")]
        for name, mark in (("headers", ":"), ("parameters", "=")):
            for line in _lines(self.setup.values, name):
                title, _mark, value = line.partition(mark)
                if SECRET.search(title) and not set(HOLES.findall(value)) - {"secret"}:
                    filled = value.strip().replace("{secret}", secret)
                    found += [filled, filled.rpartition(" ")[2]]
        return found

    def _value(self, name: str) -> str:
        return str(self.setup.values.get(name) or "")

    def _headers(self, values: Mapping[str, str]) -> dict[str, str]:
        pairs = mapping.headers(self._value("headers"))
        return {name: mapping.filled(value, values) for name, value in pairs}

    def check(self) -> str:
        only = {"secret": self._value("secret")}
        try:
            if address := self._value("balance_url"):
                headers = {
                    name: value
                    for name, value in mapping.headers(self._value("headers"))
                    if set(mapping.holes(value)) <= set(only)
                }
                answer = sound(
                    self.session.call(
                        "GET",
                        mapping.filled(address, {"secret": quote(only["secret"], safe="")}),
                        headers={name: mapping.filled(value, only) for name, value in headers.items()},
                    )
                )
                if answer.status >= 400:
                    raise SetupRefused(refused(answer.text, status=answer.status).reason, "balance_url")
                return answer.text[:4000]
            parts = urlsplit(self._value("url"))
            addresses(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        except (NotOutside, OSError) as error:
            raise SetupRefused(Reason("not_outside"), "url") from error
        return parts.hostname or ""

    def send(self, parcel: Parcel) -> Taken:
        values = {
            "number": parcel.to,
            "digits": parcel.to.lstrip("+"),
            "text": parcel.text,
            "sender": self._value("sender"),
            "key": parcel.key,
            "secret": self._value("secret"),
            "callback": parcel.callback_url,
        }
        escaped = {name: quote(value, safe="") for name, value in values.items()}
        pairs = [(name, mapping.filled(value, values)) for name, value in mapping.lines(self._value("parameters"), "=")]
        how: dict[str, Any] = {"headers": self._headers(values)}
        if self._value("format") == "json":
            how["json"] = mapping.nested(pairs)
        elif self._value("format") == "query" or self._value("method") == "GET":
            how["params"] = pairs
        else:
            how["data"] = pairs
        url = mapping.filled(self._value("url"), escaped)
        answer = sound(self.session.call(self._value("method") or "POST", url, **how))
        rule = self._value("success")
        if answer.status >= 400 or (rule and not mapping.is_success(rule, answer.text)):
            raise refused(answer.text, status=answer.status)
        number = mapping.message_number(self._value("number_at"), answer.text) if self._value("number_at") else ""
        return Taken(number, sms.count(parcel.text).segments)

    def callback(self, address: str) -> str:
        return f"{address}?secret={quote(self._value('callback_secret'), safe='')}"

    def events(self, *, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> list[Told]:
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        known = self._value("callback_secret")
        if not known or not hmac.compare_digest(known.encode(), query.get("secret", "").encode()):
            raise Forged("The secret does not fit.")
        said = {**query, **_said(body)}
        number, state = self._told(said, "callback_number"), self._told(said, "callback_state")
        for name, fate in (
            ("callback_gone", Fate.BOUNCED),
            ("callback_delivered", Fate.DELIVERED),
            ("callback_failed", Fate.FAILED),
        ):
            words = {word.strip().lower() for word in self._value(name).split(",") if word.strip()}
            if number and state.lower() in words:
                return [Event(number[:160], fate, state[:100])]
        sender, field = self._told(said, "incoming_sender"), self._value("incoming_text")
        # News of a message may name a number and a text, too, but it has a state.
        if not sender or field not in said or state:
            return []
        return [Incoming(sender[:64], said[field], self._told(said, "incoming_number")[:160])]

    def _told(self, said: Mapping[str, str], field: str) -> str:
        """What a callback says where staff said that it stands."""
        return said.get(self._value(field), "").strip() if self._value(field) else ""


def _lines(values: Mapping[str, str], name: str) -> list[str]:
    return values.get(name, "").splitlines()


def _said(body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    try:
        return dict(mapping.flattened(read_json(text)))
    except (ValueError, RecursionError):
        return dict(parse_qsl(text, keep_blank_values=True))


def _wrong_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return _("This is no address.")
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "{" in parts.netloc
        or any(map(str.isspace, text))
    ):
        return _("Write the whole address, beginning with https://.")
    if parts.username or parts.password:
        return _("Write the password below, and not in the address.")
    if parts.scheme == "http" and not settings.CHANNEL_NETWORKS:
        return _("The address has to begin with https://, or anybody on the way can read messages and keys.")
    return "" if port is None or port > 0 else _("This is no address.")


CHANNEL = HttpSmsChannel
