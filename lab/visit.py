"""A visitor who speaks TLS to the edge on loopback, whatever the DNS says about a name."""

import socket
import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Visit:
    """What one visit saw: the page with its header, and the certificate in DER."""

    status: int
    text: str
    certificate: bytes

    def header(self, name: str) -> str | None:
        """A header of the answer; None if it has none."""
        for line in self.text.partition("\r\n\r\n")[0].split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


def visit(
    port: int,
    name: str,
    *,
    root: str,
    path: str = "/sign-in/",
    host: str = "",
    seconds: float = 30,
    method: str = "GET",
) -> Visit:
    """Open a page of a name over TLS, as a browser that trusts `root`. Raises OSError, and of it ssl.SSLError."""
    context = ssl.create_default_context(cadata=root)
    raw = socket.create_connection(("127.0.0.1", port), seconds)
    with raw, context.wrap_socket(raw, server_hostname=name) as secured:
        secured.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host or name}\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while data := secured.recv(65536):
            got += data
        certificate = secured.getpeercert(binary_form=True) or b""
    return Visit(int(got.split(b" ", 2)[1]), got.decode(errors="replace"), certificate)
