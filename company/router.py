"""The addresses that an ISP's subscribers must reach even while they are cut off, for the ISP's routers.

Names stay names: RouterOS looks them up by itself (6.36 and later), and asks again as their records change.
"""

import hashlib
import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from company.captcha import captcha_domains
from company.chat import hosts_of
from company.models import CaptchaKeys, ChatWidget, RouterList
from core.scope import public_scope
from domains.links import slug_host
from tenants.directory import IspRef
from tenants.models import ISP, FormerSlug

LIST = "lastmile-portal"
# Comments tell our rows from the ISP's own; only they are ever removed.
ROW, RULE = "lastmile: list", "lastmile: portal above the cut-off"
RECAPTCHA = ["www.google.com", "www.gstatic.com"]
Vendor = ChatWidget.Vendor
# The one whole name that each vendor's program is loaded from. Of the others we know patterns only.
LOADERS = {
    Vendor.SMARTSUPP: "www.smartsuppchat.com",
    Vendor.TIDIO: "code.tidio.co",
    Vendor.TAWK: "embed.tawk.to",
    Vendor.CRISP: "client.crisp.chat",
}
# Where the rule goes: a table, and a chain of it. IPv6 knows no address translation on older routers.
CHAINS = {"/ip": [("filter", "forward"), ("nat", "dstnat")], "/ipv6": [("filter", "forward")]}


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of the list, and what it is for."""

    address: str
    why: str | Promise

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for many names, which an address list of RouterOS cannot hold."""
        return self.address.startswith("*.")


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to change on a router that has the list as it once was."""

    added: list[str]
    removed: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


Source = Callable[[], Iterable["Entry"]]
_sources: list[Source] = []


def also(source: Source) -> Source:
    """Register more addresses: an app above does so in its module `router_hosts`. It runs in the ISP's scope."""
    _sources.append(source)
    return source


@cache
def _load() -> None:
    autodiscover_modules("router_hosts")


def wanted(isp: ISP | IspRef) -> list[Entry]:
    """The list as it must be now, each address once. Runs in the ISP's scope; a few queries, and none goes outside."""
    _load()
    rows = [*_portal(isp), *_captcha(), *_chat()]
    rows += [entry for source in _sources for entry in source()]
    rows += [Entry(address, _("our servers")) for address in settings.EDGE_ADDRESSES]
    return list({row.address: row for row in reversed(rows)}.values())[::-1]


def addresses_of(entries: Iterable[Entry]) -> list[str]:
    """The bare addresses."""
    return [entry.address for entry in entries]


def version_of(addresses: Iterable[str]) -> str:
    """A short name of a list: the same addresses have the same one, in whatever order."""
    return hashlib.sha256("\n".join(sorted(addresses)).encode()).hexdigest()[:8]


def difference(taken: RouterList, addresses: list[str]) -> Difference:
    """From the list that is on the router to this one. Nothing, if none was ever put there."""
    if not taken.taken_at:
        return Difference([], [])
    old = [str(address) for address in taken.addresses]
    return Difference([a for a in addresses if a not in old], [a for a in old if a not in addresses])


def plain(addresses: list[str]) -> str:
    """The list, one address a line."""
    return "".join(f"{address}\n" for address in addresses)


def commands(isp: ISP | IspRef, addresses: list[str]) -> str:
    """RouterOS commands (6.36 and later, and 7) that put the list in place, also over an older one of ours.

    IPv6 comes last and only where we have such addresses: a router without the package stops at it.
    """
    whole = [address for address in addresses if not address.startswith("*.")]
    patterns = [address for address in addresses if address.startswith("*.")]
    four = [address for address in whole if _version(address) != 6]
    six = [address for address in whole if _version(address) != 4]
    lines = [f"# Lastmile, {isp.slug}, list {version_of(addresses)}. Paste all of it; it can be repeated."]
    lines += [f"# Not in the list, which takes whole names only: {pattern}" for pattern in patterns]
    lines += _table("/ip", four)
    if any(_version(address) == 6 for address in six):
        lines += _table("/ipv6", six)
    return "\n".join(lines) + "\n"


def _table(family: str, addresses: list[str]) -> list[str]:
    place = f"{family} firewall address-list"
    # A name brings dynamic rows of its own, which go with it and cannot be removed by hand.
    lines = [f"{place} remove [find where list={_quoted(LIST)} comment={_quoted(ROW)} dynamic=no]"]
    lines += [f"{place} add list={_quoted(LIST)} address={_quoted(a)} comment={_quoted(ROW)}" for a in addresses]
    for table, chain in CHAINS[family]:
        rules = f"{family} firewall {table}"
        add = f"{rules} add chain={chain} action=accept dst-address-list={_quoted(LIST)} comment={_quoted(RULE)}"
        lines.append(f"{rules} remove [find where comment={_quoted(RULE)} dynamic=no]")
        # In one block, because a variable of the terminal lives for one line. Above all that is there already.
        lines.append(
            f"{{ :local rules [{rules} find where chain={chain} dynamic=no];"
            f" :if ([:len $rules] > 0) do={{ {add} place-before=[:pick $rules 0] }} else={{ {add} }} }}"
        )
    return lines


def _quoted(text: str) -> str:
    """A text as RouterOS reads it whole."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _version(address: str) -> int:
    """4 or 6 of an IP address, 0 of a name."""
    try:
        return ipaddress.ip_address(address).version
    except ValueError:
        return 0


def _portal(isp: ISP | IspRef) -> list[Entry]:
    own, below = slug_host(isp), settings.PLATFORM_DOMAIN
    entries = []
    for host in captcha_domains(isp):
        entries.append(Entry(host, _("your portal")))
        if host != own and not host.startswith("www."):
            entries.append(Entry(f"www.{host}", _("leads to your portal")))
    with public_scope():
        former = list(FormerSlug.objects.live().filter(isp_id=isp.pk).values_list("slug", flat=True))
    entries += [Entry(f"{slug}.{below}", _("leads to your portal")) for slug in former]
    return [*entries, Entry(f"portal.{below}", _("portal that all companies share"))]


def _captcha() -> list[Entry]:
    if not CaptchaKeys.objects.exists():
        return []
    return [Entry(host, "reCAPTCHA") for host in RECAPTCHA]


def _chat() -> list[Entry]:
    widget = ChatWidget.load()
    if not widget.is_shown:
        return []
    hosts: list[Any] = [LOADERS.get(widget.vendor), *hosts_of(widget)]
    return [Entry(host.partition(":")[0], _("your chat")) for host in hosts if host]
