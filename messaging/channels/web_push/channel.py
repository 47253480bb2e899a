"""Notifications in browsers, by their makers' push services: encrypted for the browser, signed with the ISP's own key.

Encryption is RFC 8291 by `http_ece`, the signature RFC 8292 by `py_vapid`.
"""

import base64
import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from py_vapid import Vapid02

from messaging.channels.base import Away, Channel, Field, NoSuchAddress, Parcel, Refused, SetupRefused, Taken
from messaging.channels.outside import Session, refused
from messaging.channels.reasons import Reason

# The push services of Mozilla, Google, Apple and Microsoft.
HOSTS = ("fcm.googleapis.com", "android.googleapis.com", "updates.push.services.mozilla.com", "web.push.apple.com")
ENDINGS = (".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")
MOST = 3000  # bytes of a notification before it is encrypted; services take 4096
LIFE = 24 * 3600  # seconds that a service keeps a notification for a browser that is away


class BadSubscription(ValueError):
    """This is not what a browser gives out."""


class WebPushChannel(Channel):
    name = "web_push"
    title = gettext_lazy("Browser notifications")
    about = gettext_lazy("Free of charge: customers switch them on in the portal, in each of their browsers.")
    medium = "push"
    fields = [
        Field(
            "contact",
            gettext_lazy("Your e-mail address"),
            gettext_lazy("For the makers of browsers, if something is wrong with your notifications."),
        ),
        Field("public_key", gettext_lazy("Public key"), is_made=True),
        Field("private_key", gettext_lazy("Private key"), is_made=True, is_secret=True),
    ]

    def __post_init__(self) -> None:
        self.session = Session()

    def close(self) -> None:
        self.session.close()

    @classmethod
    def make(cls) -> dict[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        number = key.private_numbers().private_value.to_bytes(32, "big")
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"private_key": _text(number), "public_key": _text(point)}

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        name, mark, host = values.get("contact", "").partition("@")
        is_good = name and mark and "." in host and not any(char.isspace() for char in values["contact"])
        return {} if is_good else {"contact": _("Please enter an e-mail address.")}

    def check(self) -> str:
        try:
            self._headers("https://fcm.googleapis.com")
        except (KeyError, ValueError, TypeError) as error:
            raise SetupRefused(Reason("push_keys")) from error
        return str(self.setup.values.get("contact", ""))

    def _headers(self, origin: str) -> dict[str, str]:
        signer = Vapid02.from_raw(str(self.setup.values["private_key"]).encode())
        claims = {"sub": f"mailto:{self.setup.values['contact']}", "aud": origin}
        return dict(signer.sign(claims))

    def send(self, parcel: Parcel) -> Taken:
        browser = parcel.data.get("browser") or {}
        if not browser:
            raise NoSuchAddress(Reason("browser_removed"))
        try:
            subscription = parsed(browser)
        except BadSubscription as error:
            raise NoSuchAddress(Reason("browser_unknown")) from error
        parts = urlsplit(subscription["endpoint"])
        headers = {
            **self._headers(f"{parts.scheme}://{parts.netloc}"),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LIFE),
            "Urgency": "normal",
            "Topic": parcel.key.replace("-", "")[:32],  # a second attempt takes the place of the first
        }
        answer = self.session.call(
            "POST", subscription["endpoint"], data=encrypted(subscription, shown(parcel)), headers=headers
        )
        if answer.status in {404, 410}:
            raise NoSuchAddress(Reason("browser_ended"))
        if answer.status == 429 or answer.status >= 500:
            raise Away(Reason("http_status", {"status": answer.status}), answer.after)
        if answer.status == 413:
            raise Refused(Reason("push_too_long"))
        if answer.status in {401, 403}:
            # A subscription that was made with other keys than ours of today; or our clock is wrong, and then it is all
            # of them, of which none may be lost.
            raise Refused(Reason("browser_keys"))
        if answer.status >= 300:
            raise refused("" if answer.is_html else answer.text, status=answer.status)
        return Taken(answer.headers.get("Location", "").rpartition("/")[2][:160], 1)


def shown(parcel: Parcel) -> bytes:
    """What the browser gets: title, text and where a click leads. A text that is too long is cut."""
    told = {"title": parcel.subject or parcel.from_name, "link": str(parcel.data.get("link") or "/"), "key": parcel.key}
    if not told["link"].startswith("/") or told["link"].startswith("//"):
        told["link"] = "/"
    text = parcel.text.strip()
    while len(data := json.dumps({**told, "text": text}, ensure_ascii=False).encode()) > MOST:
        over = len(data) - MOST
        text = text[: max(0, min(len(text) - 1, len(text) - over // 4 - 2))].rstrip() + "…"
        if len(text) <= 1:
            told["title"] = told["title"][:100]
            break
    return data


def encrypted(subscription: Mapping[str, str], data: bytes) -> bytes:
    """Encrypt for one browser (RFC 8291)."""
    content: bytes = http_ece.encrypt(
        data,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_bytes(subscription["p256dh"]),
        auth_secret=_bytes(subscription["auth"]),
        version="aes128gcm",
    )
    return content


def parsed(given: Any) -> dict[str, str]:
    """What a browser gave out, judged. Raises BadSubscription.

    The endpoint must be one of a browser's maker: we are to call it, and it comes from whoever has a login.
    """
    if not isinstance(given, dict):
        raise BadSubscription("not a subscription")
    found = {name: given.get(name) for name in ("endpoint", "p256dh", "auth")}
    if not all(isinstance(value, str) and 0 < len(value) <= 1000 for value in found.values()):
        raise BadSubscription("not a subscription")
    if not is_service(str(found["endpoint"])):
        raise BadSubscription("not a push service that we know")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(str(found["p256dh"])))
        is_secret = len(_bytes(str(found["auth"]))) == 16
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadSubscription("not a key") from error
    if not is_secret:
        raise BadSubscription("not a secret")
    return {name: str(value) for name, value in found.items()}


def is_service(address: str) -> bool:
    """Whether an address is at a push service that we hand notifications to."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if parts.username or parts.password or not host or not address.isascii() or any(map(str.isspace, address)):
        return False
    if parts.netloc in settings.PUSH_SERVICES and parts.scheme in {"http", "https"}:
        return True
    if parts.scheme != "https" or port not in {None, 443}:
        return False
    return host in HOSTS or host.endswith(ENDINGS)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


CHANNEL = WebPushChannel
