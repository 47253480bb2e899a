"""What an ISP pastes as its chat: known vendors are reduced to their id, anything else is kept to run confined.

Nothing of a known vendor's script is kept but the id, which has to fit a strict pattern, so code that was smuggled in
beside it is gone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from company.models import ChatWidget
from core.scope import public_scope
from domains.hosts import BadHost, is_address, normalise
from domains.models import Domain

Vendor = ChatWidget.Vendor
LONGEST = 5000  # characters of a script
MOST_HOSTS = 8
SOURCE = re.compile(r"""\bsrc["']?\s*[=:,]\s*["'`]?\s*((?:[a-z]+:)?//[^\s"'`<>\\)]+)""", re.I)


class BadScript(ValueError):
    """A script that is not taken. The text tells the person why."""


@dataclass(frozen=True, slots=True)
class Chat:
    """What was recognised: a vendor with the ISP's id there, or a script of an unknown one."""

    vendor: str
    account: str = ""
    host: str = ""
    script: str = ""

    @property
    def vendor_name(self) -> str:
        return str(Vendor(self.vendor).label)


@dataclass(frozen=True, slots=True)
class Known:
    """How to recognise a vendor: `marker` is in every script of it, `account` finds the id as its first group."""

    vendor: str
    marker: re.Pattern[str]
    account: re.Pattern[str]
    has_host: bool = False


KNOWN = [
    Known(
        Vendor.SMARTSUPP,
        re.compile(r"""["'](?:https:)?//www\.smartsuppchat\.com/loader\.js"""),
        re.compile(r"""\b_smartsupp\.key\s*=\s*["']([0-9a-f]{40})["']"""),
    ),
    Known(
        Vendor.TIDIO,
        re.compile(r"""["'](?:https:)?//code\.tidio\.co/"""),
        re.compile(r"""["'](?:https:)?//code\.tidio\.co/([a-z0-9]{32})\.js["']"""),
    ),
    Known(
        Vendor.TAWK,
        re.compile(r"""["'](?:https:)?//embed\.tawk\.to/"""),
        re.compile(r"""["'](?:https:)?//embed\.tawk\.to/([0-9a-f]{24}/(?:default|[0-9a-z]{5,20}))["']"""),
    ),
    Known(
        Vendor.CRISP,
        re.compile(r"""["'](?:https:)?//client\.crisp\.chat/l\.js["']"""),
        re.compile(r"""\bCRISP_WEBSITE_ID\s*=\s*["']([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})["']"""),
    ),
    Known(
        Vendor.CHATWOOT,
        re.compile(r"\bchatwootSDK\b"),
        re.compile(r"""\bwebsiteToken["']?\s*:\s*["']([A-Za-z0-9]{20,32})["']"""),
        has_host=True,
    ),
]
BASE_URL = re.compile(r"""\b(?:BASE_URL["']?\s*=|baseUrl["']?\s*:)\s*["']([^"']*)["']""")


def recognise(script: str) -> Chat:
    """What a pasted script starts. Raises BadScript for one that is damaged, ambiguous, too long or leads nowhere."""
    script = script.strip()
    if len(script) > LONGEST:
        raise BadScript(_("This is longer than %(limit)s characters. Paste only the chat.") % {"limit": LONGEST})
    found = [known for known in KNOWN if known.marker.search(script)]
    if len(found) > 1:
        names = ", ".join(str(Vendor(known.vendor).label) for known in found)
        raise BadScript(_("These are several chats at once: %(names)s. Paste one.") % {"names": names})
    if found:
        return _reduced(found[0], script)
    if not list(source_hosts(script)):
        raise BadScript(_("We found no address in this text that a chat could be loaded from. Paste the whole script."))
    return Chat(Vendor.OTHER, script=script)


def _reduced(known: Known, script: str) -> Chat:
    accounts = set(known.account.findall(script))
    if len(accounts) != 1:
        raise BadScript(
            _("This looks like %(vendor)s, but its code is missing or damaged. Copy the whole script again.")
            % {"vendor": Vendor(known.vendor).label}
        )
    return Chat(known.vendor, account=accounts.pop(), host=_base_host(script) if known.has_host else "")


def _base_host(script: str) -> str:
    """The host of the one address that a Chatwoot script names as its base."""
    addresses = {address.rstrip("/") for address in BASE_URL.findall(script)}
    if len(addresses) != 1:
        raise BadScript(_("The address of your Chatwoot is missing. Copy the whole script again."))
    address = addresses.pop()
    host = _host_of(address)
    if urlsplit(address).path not in {"", "/"} or urlsplit(address).query or urlsplit(address).fragment:
        raise BadScript(_("“%(address)s” is not the address of a Chatwoot.") % {"address": address})
    return host


def source_hosts(script: str) -> Iterator[str]:
    """The hosts that a script names as the source of something to load, each once. Raises BadScript."""
    seen: set[str] = set()
    for address in SOURCE.findall(script):
        host = _host_of(address)
        if host not in seen:
            seen.add(host)
            if len(seen) > MOST_HOSTS:
                raise BadScript(_("This script loads from too many addresses."))
            yield host


def _host_of(address: str) -> str:
    """The host of an address, with its port if it has one, fit for a security policy. Raises BadScript."""
    refused = BadScript(_("A chat cannot be loaded from “%(address)s”.") % {"address": address[:80]})
    try:
        parts = urlsplit(address)
        host, port = normalise(parts.hostname or ""), parts.port
    except (BadHost, ValueError) as error:
        raise refused from error
    if parts.scheme not in {"https", ""}:
        raise BadScript(_("“%(address)s” does not begin with https://.") % {"address": address[:80]})
    if "@" in parts.netloc or "." not in host or is_address(host) or host.rpartition(".")[2].isdigit():
        raise refused
    if is_ours(host):
        raise refused
    return f"{host}:{port}" if port and port != 443 else host


def is_ours(host: str) -> bool:
    """Whether a host is the installation's or some ISP's. One query."""
    own = settings.PLATFORM_DOMAIN
    if host == own or host.endswith(f".{own}"):
        return True
    with public_scope():
        return Domain.objects.filter(host=host).exists()
