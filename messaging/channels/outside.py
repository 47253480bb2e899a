"""Calls of addresses that staff typed or browsers sent: they reach the Internet and nothing behind our own wall.

A name is looked up once, its addresses are judged, and the connection goes to the one that was judged; so a name that
answers differently the second time gains nothing. Redirects are not followed, and no more is read than an answer of a
gateway holds.
"""

import io
import ipaddress
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from typing import Any

import requests
import urllib3
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from messaging.channels.base import Away, Refused, SetupRefused, Unclear
from messaging.channels.reasons import Reason, either

LONGEST = 256 * 1024  # bytes of an answer
AFTER = 3600.0  # seconds that a carrier may have us wait at most
ADDRESSES = 4  # of a name that are tried


class NotOutside(OSError):
    """The name leads to an address that is not on the public Internet."""


def may_reach(address: str) -> bool:
    """Whether an IP address is one that an ISP may have us call."""
    ip: Any = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    networks = [ipaddress.ip_network(text) for text in settings.CHANNEL_NETWORKS]
    if any(ip.version == network.version and ip in network for network in networks):
        return True
    if isinstance(ip, ipaddress.IPv6Address) and (ip not in UNICAST or any(ip in network for network in SPECIAL_6)):
        return False
    return bool(ip.is_global) and not ip.is_multicast and not any(ip in network for network in SPECIAL_4)


# Of IPv6 only what is given out to networks: beside it there are several ways back to addresses of IPv4.
UNICAST = ipaddress.ip_network("2000::/3")
SPECIAL_6 = [ipaddress.ip_network(text) for text in ("2001::/23", "2002::/16", "3fff::/20")]  # Teredo, 6to4, examples
SPECIAL_4 = [ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24")]


def addresses(host: str, port: int) -> list[Any]:
    """Where a name leads, as `socket.getaddrinfo` says it. Raises NotOutside if any of it is no public address."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not found or not all(may_reach(str(row[4][0])) for row in found):
        raise NotOutside(host)
    return found


def connected(host: str, port: int, timeout: float) -> socket.socket:
    """A connection to one of the addresses that a name leads to. Raises OSError, NotOutside among them."""
    last: OSError = OSError(host)
    for family, kind, protocol, _name, where in addresses(host, port)[:ADDRESSES]:
        channel = socket.socket(family, kind, protocol)
        channel.settimeout(timeout)
        try:
            channel.connect(where)
        except OSError as error:
            channel.close()
            last = error
        else:
            return channel
    raise last


class Timely(io.RawIOBase):
    """Reads from a connection for so many seconds altogether, however small the pieces are in which it comes.

    `begin` starts the time anew. Raises TimeoutError.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self.seconds = connection, seconds
        self._raw = connection.makefile("rb", buffering=0)  # keeps the connection until it is closed
        self.begin()

    def begin(self) -> None:
        self._until = time.monotonic() + self.seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("It comes too slowly.")
        before = self._connection.gettimeout()
        self._connection.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            if self._connection.fileno() >= 0:
                self._connection.settimeout(before)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that has come whole in time, or not at all."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(Timely(sock, settings.GATEWAY_TIMEOUT))


class _Judged:
    """Connects by way of `connected`, and reads by way of `Timely`."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        timeout = self.timeout if isinstance(self.timeout, int | float) else settings.GATEWAY_TIMEOUT  # type: ignore[attr-defined]
        try:
            return connected(self._dns_host, self.port, timeout)  # type: ignore[attr-defined]
        except NotOutside:
            raise
        except TimeoutError as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, "no answer") from error  # type: ignore[arg-type]
        except OSError as error:
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]


class _Plain(_Judged, HTTPConnection):
    pass


class _Secure(_Judged, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the headers and the text, cut where no gateway's answer goes on."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_html(self) -> bool:
        """A page for people: of a proxy, of a maintenance, or of an address that is wrong."""
        kind = self.headers.get("Content-Type", "").lower()
        return "html" in kind or self.text.lstrip()[:200].lower().startswith(("<!doctype html", "<html"))

    @property
    def data(self) -> Any:
        """The answer as JSON; None if it is none."""
        try:
            return read_json(self.text)
        except ValueError:
            return None

    @property
    def after(self) -> float | None:
        """The seconds after which the other side wants to be asked again."""
        text = self.headers.get("Retry-After", "").strip()
        if text.isascii() and text.isdigit():
            return min(float(text), AFTER)
        try:
            return min(max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0), AFTER)
        except (ValueError, OverflowError):
            return None


def read_json(text: str | bytes) -> Any:
    """JSON from outside, without characters that nobody can keep. Raises ValueError."""
    try:
        return _kept(json.loads(text))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _kept(data: Any) -> Any:
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, list):
        return [_kept(each) for each in data]
    return {storable(name): _kept(each) for name, each in data.items()} if isinstance(data, dict) else data


def storable(text: str) -> str:
    """A text without what PostgreSQL cannot keep: zeros, and halves of characters."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def _decoded(data: bytes, encoding: str | None) -> str:
    """A text in the character set that it says it has, if there is such a one."""
    try:
        return data.decode(encoding or "utf-8", errors="replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", errors="replace")


class Session:
    """Calls one after the other, on connections that stay open."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment would look names up itself
        adapter = _Adapter(max_retries=0)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def call(self, method: str, url: str, **options: Any) -> Answer:
        """One call. Raises Away without an answer, SetupRefused for an address that we do not call."""
        limit = settings.GATEWAY_TIMEOUT
        until = time.monotonic() + limit
        with (
            _in_our_words(),
            self._session.request(method, url, timeout=limit, allow_redirects=False, stream=True, **options) as answer,
        ):
            data = bytearray()
            for piece in answer.iter_content(16 * 1024):
                data += piece
                if len(data) > LONGEST or time.monotonic() > until:
                    break
            return Answer(answer.status_code, answer.headers, _decoded(bytes(data[:LONGEST]), answer.encoding))

    def close(self) -> None:
        self._session.close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except NotOutside as error:
        raise SetupRefused(Reason("not_outside")) from error
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidSchema,
    ) as error:
        raise SetupRefused(Reason("no_url")) from error
    except (requests.exceptions.InvalidHeader, UnicodeError) as error:
        raise SetupRefused(Reason("bad_header")) from error
    except requests.exceptions.SSLError as error:
        raise Away(Reason("bad_certificate")) from error
    except requests.exceptions.ConnectionError as error:
        if _cause(error, NotOutside):
            raise SetupRefused(Reason("not_outside")) from error
        raise Away(Reason("nobody_answers")) from error
    except requests.exceptions.Timeout as error:
        raise Away(Reason("no_answer_in_time")) from error
    except (requests.exceptions.RequestException, OSError) as error:
        raise Away(Reason("call_failed", {"kind": type(error).__name__})) from error


def _cause(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kind) or any(isinstance(arg, kind) for arg in getattr(error, "args", ())):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def sound(answer: Answer) -> Answer:
    """An answer that says something about the message. Raises what a status says by itself."""
    if answer.status == 429:
        raise Away(Reason("slow_down"), answer.after or 30.0)
    if answer.status >= 500 or answer.status == 408:
        raise Away(Reason("http_status", {"status": answer.status}), answer.after)
    if 300 <= answer.status < 400:
        raise SetupRefused(Reason("sends_on"))
    if answer.status in {401, 403}:
        raise SetupRefused(Reason("keys_refused"))
    if answer.is_html:
        if answer.status >= 400:
            raise SetupRefused(Reason("web_page_status", {"status": answer.status}))
        raise Unclear(Reason("web_page"))
    return answer


def refused(text: str, *, status: int) -> Refused:
    """A refusal with the carrier's own words, or with the status where it said nothing."""
    return Refused(either(text, "http_status", status=status))
