"""Celery's queues on Redis, shared fairly between ISPs: a flood of one ISP's tasks does not hold up the others.

Kombu keeps a queue as a list. Here it is a sorted set, and each message has a turn: that of the message at the head, or
one after the last message of the same ISP, whichever is later. So each ISP with waiting tasks gets one in every round,
however many it has, and its own run in the order they were sent. The turn is given by a script that runs inside Redis,
in the same round trip that kombu's LPUSH takes. See docs/decisions/0003-tasks.md.

Everything else (acknowledgement, redelivery, connections) is kombu's.
"""

from queue import Empty
from time import monotonic
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads
from redis.client import Redis
from redis.commands.core import Script

PREFIX = "platform:queue:"
# The lanes are forgotten when the queue is empty, so turns begin at 0 again and the hash stays small, and an hour after
# the last message, so that nothing stays of queues that were made for one answer.
PUT = """
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local turn = 0
if head[1] then
  local last = redis.call('HGET', KEYS[2], ARGV[1]) or '-1'
  turn = math.max(tonumber(head[2]), tonumber(last) + 1)
else
  redis.call('DEL', KEYS[2])
end
redis.call('ZADD', KEYS[1], turn, ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], turn)
redis.call('EXPIRE', KEYS[2], 3600)
return turn
"""
_put = Script(Redis(), PUT)  # the client is given with each call


def lane(message: dict[str, Any]) -> str:
    """Who waits in line with this message: its ISP, or the platform."""
    isp_id = (message.get("headers") or {}).get("isp_id")
    return "platform" if isp_id is None else f"isp:{isp_id}"


class Channel(redis.Channel):  # type: ignore[misc]
    """Kombu's channel, with sorted sets for lists."""

    priority_steps = [0]
    # Every key in Redis says whose it is.
    unacked_key = "platform:unacked"
    unacked_index_key = "platform:unacked_index"
    unacked_mutex_key = "platform:unacked_mutex"
    keyprefix_queue = "platform:binding.%s"
    keyprefix_binding_deadlines = "platform:binding_deadlines"
    keyprefix_binding_permanent = "platform:binding_permanent.%s"
    _in_poll: Any
    _brpop_sent_at: Any

    def _q_for_pri(self, queue: str, pri: int) -> str:
        return f"{PREFIX}{queue}"

    def _lanes(self, queue: str) -> str:
        return f"{PREFIX}{queue}:lanes"

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        keys = [self._q_for_pri(queue, 0), self._lanes(queue)]
        with self.conn_or_acquire() as client:
            _put(keys=keys, args=[lane(message), dumps(message)], client=client)
            self._maybe_update_queues_expire(client, queue)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        with self.conn_or_acquire() as client:
            found = client.zpopmin(self._q_for_pri(queue, 0))
            self._maybe_update_queues_expire(client, queue)
        if not found:
            raise Empty
        item, turn = found[0]
        return _message(item, turn)

    def _brpop_start(self, timeout: float | None = None) -> None:
        queues = self._queue_cycle.consume(len(self.active_queues))
        if not queues:
            return
        keys = [self._q_for_pri(queue, 0) for queue in queues]
        self._in_poll = self.client.connection
        self._brpop_sent_at = monotonic()
        self.client.connection.send_command(
            "BZPOPMIN", *keys, (self.brpop_timeout if timeout is None else timeout) or 0
        )

    def _brpop_read(self, **options: Any) -> bool:
        try:
            try:
                found = self.client.parse_response(self.client.connection, "BZPOPMIN", **options)
            except self.connection_errors:
                # Disconnected, the next round connects anew.
                self.client.connection.disconnect()
                raise
            if not found:
                raise Empty
            key, item, turn = found
            queue = bytes_to_str(key).removeprefix(PREFIX)
            self._queue_cycle.rotate(queue)
            self.connection._deliver(_message(item, turn), queue)
            return True
        finally:
            self._in_poll = None
            self._flush_brpop_reauth()

    def _do_restore_message(
        self, payload: dict[str, Any], exchange: str, routing_key: str, pipe: Any, leftmost: bool = False
    ) -> None:
        """Put a message back whose worker did not finish it, with the turn that it had."""
        turn = payload.pop("turn", 0)
        payload.get("headers", {})["redelivered"] = True
        payload.get("properties", {}).get("delivery_info", {})["redelivered"] = True
        for queue in self._lookup(exchange, routing_key):
            pipe.zadd(self._q_for_pri(queue, 0), {dumps(payload): turn})

    def _size(self, queue: str) -> int:
        with self.conn_or_acquire() as client:
            return int(client.zcard(self._q_for_pri(queue, 0)))

    def _purge(self, queue: str) -> int:
        with self.conn_or_acquire() as client, client.pipeline() as pipe:
            pipe.zcard(self._q_for_pri(queue, 0)).delete(self._q_for_pri(queue, 0), self._lanes(queue))
            return int(pipe.execute()[0])


def _message(item: bytes | str, turn: float) -> dict[str, Any]:
    """A message as kombu delivers it. It keeps its turn among what waits for acknowledgement."""
    message: dict[str, Any] = loads(bytes_to_str(item))
    message["turn"] = float(turn)
    return message


class Transport(redis.Transport):  # type: ignore[misc]
    Channel = Channel


def install() -> None:
    """Use these queues for redis://, rediss:// and redis+socket:// addresses in this process."""
    for name in ("redis", "rediss"):
        TRANSPORT_ALIASES[name] = "core.fair_queue:Transport"
