"""Host names as typed and as sent, brought to one form."""

import functools
import ipaddress
import re

import idna
from django.utils.translation import gettext as _
from publicsuffixlist import PublicSuffixList

ADDRESS = re.compile(r"(?P<host>[^:\s]+)(?::(?P<port>[0-9]{0,5}))?")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class BadHost(ValueError):
    """Not a host name. The text says why, for a person."""


def normalise(text: str) -> str:
    """A host without port and trailing dot, in lower-case A-labels. Raises BadHost."""
    found = ADDRESS.fullmatch(text.strip())
    if found is None or len(text) > 300:
        raise BadHost(_("This is not a domain name."))
    host, port = found["host"], found["port"]
    if port and not 0 < int(port) < 65536:
        raise BadHost(_("The port is not between 1 and 65535."))
    host = host.removesuffix(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise BadHost(_("The name has characters that domain names cannot have.")) from error
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise BadHost(_("This is not a domain name."))
    return host


def is_address(host: str) -> bool:
    """Whether a host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def shown(host: str) -> str:
    """The name as people write it, in U-labels where they decode."""
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def registrable(host: str) -> str:
    """The part of a host that somebody registers, such as `wispmega.com.mx`: one label more than a public suffix.

    Empty for a public suffix itself (`com.mx`, `github.io`), below which strangers have their names.
    """
    return _suffixes().privatesuffix(host) or ""


@functools.cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
