"""The permission endpoint as a server of its own: `granian --interface wsgi domains.edge:application`, on loopback.

It stands apart from the web processes, so that a flood of handshakes takes nothing from people, and nobody reaches it
from outside. Caddy asks `/?domain=NAME`: 200 lets it order a certificate, anything else does not. An edge that gets no
answer orders nothing and goes on serving the certificates that it has.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError, close_old_connections

import core.wsgi  # noqa: F401 - sets Django up before models are imported
from domains.permission import may_have_certificate

logger = logging.getLogger(__name__)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer 200 for a name that may have a certificate, 404 for another one, 503 when that cannot be found out."""
    name = parse_qs(environ.get("QUERY_STRING", "")).get("domain", [""])[0]
    try:
        status = "200 OK" if may_have_certificate(name) else "404 Not Found"
    except (OperationalError, InterfaceError):
        logger.error("The database cannot be reached.")
        status = "503 Service Unavailable"
    finally:
        close_old_connections()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return [b""]
