"""A push service on loopback, and a browser that has subscribed there: it takes notifications and reads them."""

import base64
import json
import os
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab.carriers import Call, CarrierLab, Reply


class PushLab(CarrierLab):
    """The service; `browsers` are by the path of their endpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = self.push
        self.gone: set[str] = set()

    def push(self, call: Call) -> Reply:
        """Take a notification, as the services of browsers do."""
        if call.path in self.gone:
            return Reply(410)
        if not call.headers.get("Authorization", "").startswith("vapid t="):
            return Reply(401)
        if len(call.body) > 4096:
            return Reply(413)
        return Reply(201, "", {"Location": f"{self.url}/m/{len(self.calls)}"})

    def browser(self, name: str = "one") -> "LabBrowser":
        return LabBrowser(f"{self.url}/send/{name}")


class LabBrowser:
    """The keys that a browser keeps to itself, and what it gives out."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(16)

    @property
    def given(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": _text(point), "auth": _text(self.secret)}

    def read(self, body: bytes) -> dict[str, Any]:
        """What a notification says, decrypted."""
        data = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        found: dict[str, Any] = json.loads(data)
        return found


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
