"""Who is cut off, as routers read it: plain text, RouterOS commands, JSON. Addresses only, and nothing of people."""

import hashlib
import ipaddress
import json

from django.db.models import Exists, OuterRef

from subscribers.models import Router, Service

LIST = "lastmile-suspended"
# Tells our rows from the ISP's own; only they are ever removed.
COMMENT = "lastmile: suspended"
RULE = "lastmile: cut off"
KINDS = {"txt": "text/plain", "rsc": "text/plain", "json": "application/json"}


def suspended_addresses(router: Router | None = None) -> list[str]:
    """The addresses of services that are switched off, of one router or of all, in order. One query.

    Where several routers use the same private address, a list for all of them leaves out what works on another one:
    better somebody too many is connected than somebody who has paid is cut.
    """
    off = Service.objects.filter(state=Service.State.SUSPENDED, ip_address__isnull=False)
    if router is not None:
        off = off.filter(router=router)
    else:
        working = Service.objects.filter(ip_address=OuterRef("ip_address"), state=Service.State.ACTIVE)
        off = off.exclude(Exists(working))
    found = {str(address) for address in off.order_by().values_list("ip_address", flat=True)}
    return [str(each) for each in sorted(map(ipaddress.ip_address, found), key=lambda ip: (ip.version, int(ip)))]


def version_of(addresses: list[str], kind: str) -> str:
    """A name of the list's content: the same list has the same one."""
    return hashlib.sha256(f"{kind}\n{chr(10).join(addresses)}".encode()).hexdigest()[:20]


def written(addresses: list[str], kind: str) -> str:
    """The list in one of KINDS."""
    if kind == "json":
        body = {"list": LIST, "version": version_of(addresses, kind), "count": len(addresses), "addresses": addresses}
        return json.dumps(body) + "\n"
    if kind == "rsc":
        return commands(addresses)
    return "".join(f"{address}\n" for address in addresses)


def commands(addresses: list[str]) -> str:
    """RouterOS commands (6.36 and later, and 7) that make the router's list the same as this one.

    They can be repeated: what is there already stays, so that nobody's connection is touched for nothing. Of an address
    that is new on the list the connections end, since those that are fast-tracked pass by the firewall's rules.
    """
    four = [address for address in addresses if ":" not in address]
    six = [f"{address}/128" for address in addresses if ":" in address]
    lines = [f"# Lastmile, {len(addresses)} suspended"]
    lines.append(_same("/ip", four))
    if six:
        lines.append(_same("/ipv6", six))
    return "\n".join(lines) + "\n"


def _same(family: str, addresses: list[str]) -> str:
    """A block that a router runs whole or, cut short on the way, not at all. Its lines are short.

    None of its variables is called as a property of a row: in `find where`, that is what the name would mean.
    """
    place = f"{family} firewall address-list"
    mine = f'list="{LIST}" comment="{COMMENT}" dynamic=no'
    lines = [
        "{",
        ':local wanted [:toarray ""]',
        *(f':set ($wanted->"{address}") 1' for address in addresses),
        f":foreach row in=[{place} find where {mine}] do={{",
        f"  :local lmOne [:tostr [{place} get $row address]]",
        f'  :if ([:typeof ($wanted->$lmOne)] = "nothing") do={{ {place} remove $row }}',
        "}",
        ":foreach lmOne,lmYes in=$wanted do={",
        f'  :if ([:len [{place} find where list="{LIST}" address=$lmOne]] = 0) do={{',
        f'    {place} add list="{LIST}" address=$lmOne comment="{COMMENT}"',
        *_ended(family),
        "  }",
        "}",
        "}",
    ]
    return "\n".join(lines)


def _ended(family: str) -> list[str]:
    """What ends the connections of an address. One may have ended by itself meanwhile, which is no fault."""
    if family != "/ip":
        return []
    found = '[/ip firewall connection find where src-address~("^" . $lmOne . ":")]'
    return [f"    :do {{ /ip firewall connection remove {found} }} on-error={{}}"]


def set_up(*, list_url: str, notice_url: str) -> str:
    """RouterOS commands that fetch the list every minute, cut its addresses off, and lead their pages to the notice.

    What is cut off is refused and not dropped, so that devices know at once and do not wait for a minute and a half.
    Only plain HTTP can be led to the notice; over HTTPS a browser rightly says that this is not the page.
    """
    fetch = f'/tool fetch url=\\"{list_url}\\" dst-path=lastmile-suspended.rsc; /import lastmile-suspended.rsc'
    source = f'src-address-list="{LIST}" dst-address-list="!lastmile-portal"'
    rule = "/ip firewall filter add chain=forward"
    proxy = "/ip firewall filter add chain=input protocol=tcp dst-port=8081"
    name = f'comment="{RULE}"'
    lines = [
        "# Paste all of it; it can be repeated. Put the list of addresses that stay open (see Router) there first.",
        "/system scheduler remove [find where name=lastmile-suspended]",
        f'/system scheduler add name=lastmile-suspended interval=1m on-event="{fetch}"',
        f"/ip firewall nat remove [find where {name}]",
        f"/ip firewall nat add chain=dstnat {source} protocol=tcp dst-port=80 action=redirect to-ports=8081 {name}",
        "/ip proxy set enabled=yes port=8081",
        f"/ip proxy access remove [find where {name}]",
        *_lead_to_notice(notice_url),
        f"/ip firewall filter remove [find where {name}]",
        # The proxy is for those alone who are cut off, and never for the Internet.
        f'{proxy} src-address-list="!{LIST}" action=reject reject-with=tcp-reset {name}',
        f'{rule} src-address-list="{LIST}" protocol=udp dst-port=53 action=accept {name}',
        f"{rule} {source} protocol=tcp action=reject reject-with=tcp-reset {name}",
        f"{rule} {source} action=reject reject-with=icmp-admin-prohibited {name}",
        '/ip firewall filter move [find where comment="lastmile: cut off"] destination=0',
    ]
    return "\n".join(lines) + "\n"


def _lead_to_notice(url: str) -> list[str]:
    """The rule of the proxy, as RouterOS 7 wants it, else as 6 does: each refuses to read the other's words."""
    rule = f'/ip proxy access add dst-host=\\"!{_host(url)}\\" comment=\\"{RULE}\\"'
    seven = f'{rule} action=redirect action-data=\\"{_bare(url)}\\"'
    six = f'{rule} action=deny redirect-to=\\"{_bare(url)}\\"'
    return [
        f':do {{ :local lmRule [:parse "{seven}"]; $lmRule }} on-error={{',
        f'  :local lmRule [:parse "{six}"]; $lmRule }}',
    ]


def _bare(url: str) -> str:
    """An address without its scheme, as RouterOS wants it: it leads to plain HTTP."""
    return url.partition("://")[2]


def _host(url: str) -> str:
    return _bare(url).partition("/")[0].partition(":")[0]
