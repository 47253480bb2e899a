"""What waits in the broker for one ISP."""

import json
from typing import Any

from core.celery import app
from core.fair_queue import PREFIX


def forget(isp_id: int) -> int:
    """Take an ISP's waiting messages out of the queues; says how many there were.

    Those that a worker holds, and those of a broker other than Redis, stay: they name an ISP that is not there, so they
    are refused when their turn comes.
    """
    with app.connection_for_write() as link:
        client: Any = getattr(link.default_channel, "client", None)
        if not hasattr(client, "zscan_iter"):
            return 0
        removed = 0
        for key in list(client.scan_iter(match=f"{PREFIX}*")):
            if client.type(key) == b"zset":
                theirs = [item for item, _ in client.zscan_iter(key) if _isp_of(item) == isp_id]
                removed += client.zrem(key, *theirs) if theirs else 0
            elif client.type(key) == b"hash":
                client.hdel(key, f"isp:{isp_id}")
        return removed


def _isp_of(item: bytes) -> Any:
    try:
        return (json.loads(item).get("headers") or {}).get("isp_id")
    except (ValueError, AttributeError):
        return None
