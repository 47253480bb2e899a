"""What the workers of the benchmark of messages import beside all else: a carrier that knows keys, and defences off.

`BENCH_DEFENCE_OFF` is `lease` (turns of one ISP run side by side) or `state` (a message counts as sent when claimed).
"""

import http.client
import os
from contextlib import nullcontext
from typing import Any

from messaging.channels import kinds
from messaging.channels.base import Away, Channel, Parcel, Taken
from messaging.models import Message
from messaging.outbox import turns

HTTP_PORT = int(os.environ.get("BENCH_HTTP_PORT", "0"))


class KeyedChannel(Channel):
    """A gateway that takes a key twice and sends once."""

    name = "bench"
    title = "Bench"
    medium = "sms"
    _link: http.client.HTTPConnection | None = None

    def send(self, parcel: Parcel) -> Taken:
        """One call on a connection that stays open."""
        if self._link is None:
            self._link = http.client.HTTPConnection("127.0.0.1", HTTP_PORT, timeout=10)
        try:
            self._link.request("POST", "/", body=parcel.key)
            return Taken(self._link.getresponse().read().decode())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Away(type(error).__name__) from error

    def check(self) -> str:
        """Nobody asks."""
        return ""

    def close(self) -> None:
        """Let go of the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None


def _switch_off(defence: str) -> None:
    if defence == "lease":
        turns.lease = lambda *_: nullcontext()  # type: ignore[assignment,misc]
    elif defence == "state":
        claim = turns.claim

        def early(**how: Any) -> list[Message]:
            claimed = claim(**how)
            Message.objects.filter(pk__in=[message.pk for message in claimed]).update(state="sent")
            return claimed

        turns.claim = early  # type: ignore[assignment]


kinds()["bench"] = KeyedChannel
_switch_off(os.environ.get("BENCH_DEFENCE_OFF", ""))
