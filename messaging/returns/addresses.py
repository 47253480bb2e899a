"""The address that one mail comes back to: it names the mail and its ISP, and nobody but us can make one.

Servers write local parts in capitals, cut them after 64 characters, and take letters, digits and a hyphen only; so it
is Base32 in small letters, 50 characters long. What stands in it is not secret: whoever got a mail may know its address
and can say that their own mail came back, and nothing else.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

HEADER = "X-Lastmile-Return"
SIGNED = 9  # bytes of the signature: 72 bits, guessed at over the network only
FORM = re.compile(r"r-([a-z2-7]{48})")
COMPLAINTS = re.compile(r"c-([a-z2-7]{15})")
ROUNDS = 255
NUMBER = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class Returned:
    """Which mail it is: of which ISP, and in which round it was sent, since staff may send it again."""

    isp_id: int
    uuid: UUID
    round: int = 0

    @property
    def number(self) -> str:
        """What stands before the @ of its Message-ID, and is its number at mail servers."""
        return number_of(self.uuid, self.round)

    @property
    def key(self) -> str:
        """The local part of the address. Raises OverflowError for what it cannot hold."""
        payload = self.uuid.bytes + self.isp_id.to_bytes(4) + bytes([min(self.round, ROUNDS)])
        return f"r-{_text(payload + _signatures(payload)[0])}"

    @property
    def address(self) -> str:
        return f"{self.key}@{settings.BOUNCE_DOMAIN}"


def number_of(uuid: UUID | str, round: int) -> str:
    """The number of a mail, or of a later round of it."""
    return f"{uuid}.{round}" if round else str(uuid)


def read_key(text: str) -> Returned | None:
    """The mail that the local part of an address, or our header, speaks of; None if it is not ours."""
    match = FORM.fullmatch(text.strip().lower())
    if match is None:
        return None
    data = base64.b32decode(match[1].upper())
    payload, signature = data[:-SIGNED], data[-SIGNED:]
    if not any(hmac.compare_digest(signature, each) for each in _signatures(payload)):
        return None
    return Returned(int.from_bytes(payload[16:20]), UUID(bytes=payload[:16]), payload[20])


def complaints_address() -> str:
    """Where providers of mailboxes send complaints of which they know no other address. It speaks of no mail."""
    return f"c-{_text(_signatures(b'complaints')[0])}@{settings.BOUNCE_DOMAIN}"


def takes(address: str) -> Returned | bool:
    """Whose mail an address is for; True for that of complaints, False for one that is not ours."""
    local, _, domain = address.strip().lower().rpartition("@")
    if not settings.BOUNCE_DOMAIN or domain != settings.BOUNCE_DOMAIN:
        return False
    match = COMPLAINTS.fullmatch(local)
    if match and any(hmac.compare_digest(match[1], _text(each)) for each in _signatures(b"complaints")):
        return True
    return read_key(local) or False


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _signatures(payload: bytes) -> list[bytes]:
    """By the installation's key first, then by older ones."""
    return [
        hmac.digest(_secret(master), payload, "sha256")[:SIGNED]
        for master in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    ]


def _secret(master: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"lastmile:platform:messaging.returns").derive(
        master.encode()
    )
