"""What a message centre brings to us: receipts of what was sent, and what people write."""

import re
from dataclasses import dataclass, field
from typing import Any

from messaging.channels.base import Event, Fate, Incoming
from messaging.sms import decoded

RECEIPT = re.compile(r"\bid:\s*(\S+).*?\bstat:\s*([A-Z]+)", re.IGNORECASE | re.DOTALL)
ERROR = re.compile(r"\berr:\s*(\S+)", re.IGNORECASE)
STATES = {"DELIVRD": Fate.DELIVERED, "ACCEPTD": None, "ENROUTE": None, "UNKNOWN": None}
NUMBERED = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD"}
KINDS, WITH_HEADER = 0x3C, 0x40  # bits of esm_class: no message of a person; a header stands before the text
INTERNATIONAL = 1
LATIN, UCS2 = 3, 8
MOST_PARTS = 500  # that wait for their others


@dataclass
class Parts:
    """Long texts as they come in: one part after the other, in whatever order."""

    is_latin: bool = False  # what the basic alphabet of this centre is
    _waiting: dict[tuple[str, int, int], dict[int, str]] = field(default_factory=dict)

    def take(self, pdu: Any) -> Incoming | None:
        """The whole text once its last part has come."""
        data = _data(pdu)
        sender = _text(pdu.source_addr)
        if getattr(pdu, "source_addr_ton", 0) == INTERNATIONAL and not sender.startswith("+"):
            sender = f"+{sender}"
        header = b""
        if pdu.esm_class & WITH_HEADER and data:
            header, data = data[1 : data[0] + 1], data[data[0] + 1 :]
        text = self._read(data, pdu.data_coding)
        if len(header) < 5 or header[:2] != b"\x00\x03":
            return Incoming(sender, text)
        mark, of, place = header[2:5]
        if len(self._waiting) >= MOST_PARTS:
            return Incoming(sender, text)
        parts = self._waiting.setdefault((sender, mark, of), {})
        parts[place] = text
        if len(parts) < of:
            return None
        del self._waiting[sender, mark, of]
        return Incoming(sender, "".join(parts[each] for each in sorted(parts)))

    def rest(self) -> list[Incoming]:
        """What has come of texts whose other parts are missing."""
        found = [
            Incoming(sender, " … ".join(parts[each] for each in sorted(parts)))
            for (sender, _mark, _of), parts in self._waiting.items()
        ]
        self._waiting.clear()
        return found

    def _read(self, data: bytes, coding: int) -> str:
        if coding == UCS2:
            return data.decode("utf-16-be", "replace")
        return data.decode("latin-1") if coding == LATIN or self.is_latin else decoded(data)


def is_receipt(pdu: Any) -> bool:
    """Whether it speaks of a message that was sent, rather than being one."""
    return bool(pdu.esm_class & KINDS)


def receipt_of(pdu: Any) -> Event | None:
    """What a receipt says; nothing of what is still on its way."""
    said = _data(pdu).decode("latin-1")
    found = RECEIPT.search(said)
    number = _text(getattr(pdu, "receipted_message_id", None)) or (found[1] if found else "")
    state = found[2].upper() if found else NUMBERED.get(getattr(pdu, "message_state", None) or 0, "")
    fate = STATES.get(state, Fate.FAILED)
    if not number or not state or fate is None:
        return None
    error = ERROR.search(said)
    return Event(number, fate, f"{state} {error[1] if error else ''}".strip())


def _data(pdu: Any) -> bytes:
    return pdu.short_message or getattr(pdu, "message_payload", None) or b""


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    return str(value or "").rstrip("\0")
