"""Twilio with the ISP's own account: SMS by its HTTP interface, and signed callbacks."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.channels.base import (
    Channel,
    Event,
    Fate,
    Field,
    Forged,
    Incoming,
    NoSuchAddress,
    OptedOut,
    Parcel,
    SetupRefused,
    Taken,
    Told,
)
from messaging.channels.outside import Answer, Session, refused, sound
from messaging.channels.reasons import either, said
from messaging.channels.words import Word

FATES = {"delivered": Fate.DELIVERED, "read": Fate.DELIVERED, "undelivered": Fate.FAILED, "failed": Fate.FAILED}
NOBODY = {21211, 21217, 21614, 30005, 30006}  # no such number, or a landline
NOT_OURS = {21606, 21659, 21660, 21212, 21704}  # the sender is not one of the account


class TwilioChannel(Channel):
    name = "twilio"
    title = "Twilio"
    about = gettext_lazy("SMS to nearly all countries. You need an account at twilio.com and a number there.")
    medium = "sms"
    calls_back = True
    hears_answers = True
    fields = [
        Field("account", gettext_lazy("Account SID"), gettext_lazy("In Twilio's console. It begins with AC.")),
        Field(
            "token",
            gettext_lazy("Auth token"),
            gettext_lazy("In Twilio's console, beside the SID."),
            is_secret=True,
            goes_to=("account",),
        ),
        Field(
            "sender",
            gettext_lazy("Sender"),
            gettext_lazy("A number of yours with +, a name of up to 11 letters, or a messaging service (MG…)."),
        ),
    ]

    def __post_init__(self) -> None:
        self.session = Session()

    def close(self) -> None:
        self.session.close()

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        if not values.get("account", "").startswith("AC") or not values["account"].isalnum():
            return {"account": _("It begins with AC, and has letters and digits only.")}
        return {}

    def _value(self, name: str) -> str:
        return str(self.setup.values.get(name) or "")

    def _call(self, method: str, path: str, data: dict[str, str] | None = None) -> Answer:
        account = self._value("account")
        url = f"{settings.TWILIO_API_BASE}/2010-04-01/Accounts/{quote(account, safe='')}{path}"
        return self.session.call(method, url, auth=(account, self._value("token")), data=data)

    def check(self) -> str:
        answer = sound(self._call("GET", ".json"))
        data = answer.data if isinstance(answer.data, dict) else {}
        if answer.status != 200:
            raise SetupRefused(either(str(data.get("message") or ""), "http_status", status=answer.status), "account")
        if data.get("status") not in {"active", None}:
            raise SetupRefused(said(str(data["status"]), "account_state"), "account")
        return str(data.get("friendly_name") or self._value("account"))[:200]

    def send(self, parcel: Parcel) -> Taken:
        sender = self._value("sender")
        data = {"To": parcel.to, "Body": parcel.text}
        data["MessagingServiceSid" if sender.startswith("MG") and len(sender) > 11 else "From"] = sender
        if parcel.callback_url:
            data["StatusCallback"] = parcel.callback_url
        answer = sound(self._call("POST", "/Messages.json", data))
        told = answer.data if isinstance(answer.data, dict) else {}
        if answer.status >= 400:
            raise self._problem(_number(told.get("code")), str(told.get("message") or ""), answer.status)
        return Taken(str(told.get("sid") or ""), _number(told.get("num_segments")) or 1)

    def _problem(self, code: int, text: str, status: int) -> Exception:
        if code == 21610:
            return OptedOut(text)
        if code in NOBODY:
            return NoSuchAddress(either(text, "nobody_there"))
        if code in NOT_OURS or status == 404:
            return SetupRefused(either(text, "http_status", status=status), "sender" if code else "account")
        return refused(text, status=status)

    def events(self, *, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> list[Told]:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        signed = url + "".join(f"{name}{value}" for name, value in sorted(set(pairs)))
        if not self._value("token"):
            raise Forged("No secret is known.")
        due = hmac.new(self._value("token").encode(), signed.encode(), hashlib.sha1)
        given = headers.get("X-Twilio-Signature", "")
        if not hmac.compare_digest(base64.b64encode(due.digest()).decode().encode(), given.encode()):
            raise Forged("The signature does not fit.")
        told: dict[str, Any] = dict(pairs)
        if "Body" in told:
            return _incoming(told)
        fate = FATES.get(told.get("MessageStatus", ""))
        if fate is None or not told.get("MessageSid"):
            return []
        code = told.get("ErrorCode", "")
        if fate is Fate.FAILED and code.isdigit() and int(code) in NOBODY:
            fate = Fate.BOUNCED
        return [Event(told["MessageSid"], fate, told.get("ErrorMessage") or (f"Twilio: {code}" if code else ""))]


def _number(value: Any) -> int:
    """A number as JSON may have it; 0 for what is none."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _incoming(said: Mapping[str, str]) -> list[Told]:
    """What somebody has written. `OptOutType` is there where Twilio itself takes STOP and START, and confirms them."""
    sender = said.get("From", "")
    if not sender.startswith("+"):
        return []  # of another medium, such as whatsapp:+52…
    theirs = said.get("OptOutType", "").lower()
    word = Word(theirs) if theirs in set(Word) else None
    number = said.get("MessageSid") or said.get("SmsMessageSid") or ""
    return [Incoming(sender, said["Body"], number[:160], word=word, is_confirmed=bool(theirs))]


CHANNEL = TwilioChannel
