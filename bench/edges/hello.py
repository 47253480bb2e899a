"""A flood of made-up names: `python -m bench.edges.hello PORT RATE COUNT SUFFIX`.

Each one is a connection, a ClientHello with a random name, and whatever comes back. Prints what came of them as JSON.
"""

import asyncio
import json
import secrets
import ssl
import sys
import time
from collections import Counter

ALERT, HANDSHAKE = 0x15, 0x16  # the first byte of what a TLS server says
PATIENCE = 20.0  # seconds for one of them
MOST = 400  # at a time


def hello(name: str) -> bytes:
    """What a visitor of this name sends first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("A handshake cannot end by itself.")


def greeting(template: bytes, old: bytes, new: bytes) -> bytes:
    """The same with another name of the same length and another random number: cheaper than making one."""
    begin = template.index(b"\x03\x03", 5) + 2  # of the ClientHello's random
    text = template[:begin] + secrets.token_bytes(32) + template[begin + 32 :]
    return text.replace(old, new)


async def knock(port: int, text: bytes, told: Counter[str], limit: asyncio.Semaphore) -> None:
    async with limit:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                try:
                    writer.write(text)
                    first = await reader.read(1)
                finally:
                    writer.transport.abort()
            kind = {ALERT: "refused", HANDSHAKE: "accepted"}.get(first[0], "odd") if first else "refused"
        except TimeoutError:
            kind = "late"
        except OSError:
            kind = "reset"
        told[kind] += 1


async def flood(port: int, rate: float, count: int, suffix: str) -> dict[str, float]:
    """Knock `count` times, at `rate` a second. A knock that is late by the clock is made at once."""
    told: Counter[str] = Counter()
    limit = asyncio.Semaphore(MOST)
    sample = f"{'0' * 16}{suffix}"
    template = hello(sample)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            wait = began + number / rate - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            name = f"{secrets.token_hex(8)}{suffix}"
            group.create_task(knock(port, greeting(template, sample.encode(), name.encode()), told, limit))
        last = time.monotonic() - began
    return {**told, "seconds": last}


def main() -> None:
    port, rate, count, suffix = sys.argv[1:]
    print(json.dumps(asyncio.run(flood(int(port), float(rate), int(count), suffix))))


if __name__ == "__main__":
    main()
