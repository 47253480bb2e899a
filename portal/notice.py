"""Whose notice page it is, and what stands on it.

A subscriber is found by a signed link, or by the address that the request comes from. Of private addresses, and of what
a proxy says, only what the ISP's own routers tell us counts; and what could be several people is nobody.
"""

import ipaddress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from billing import clock
from billing.models import LedgerEntry, NoticeKind, NoticeSource, NoticeText, Suspension
from billing.services import reliefs
from subscribers.models import Announcement, Router, Service, Subscriber

SHOWN = 4  # debts
TROUBLES = 3  # outages and works
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(slots=True)
class Notice:
    """What a page says: little, since whoever holds the link or sits at the line reads it."""

    kind: str
    title: str = ""
    text: str = ""
    first_name: str = ""
    debts: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    owed: Decimal = Decimal(0)
    suspension: Suspension | None = None
    may_promise: bool = False
    troubles: list[Announcement] = field(default_factory=list)  # with the network, now
    is_clear: bool = False  # we know whose line it is, and nothing is open or switched off there


def find(request: HttpRequest, *, kind: str, subscriber: Subscriber | None) -> Notice:
    """The page of a kind for somebody; without a kind the one that fits."""
    if subscriber is None:
        subscriber = subscriber_at(request)
    notice = Notice(kind)
    if subscriber is not None and kind in ("", NoticeKind.CUT_OFF, NoticeKind.PAYMENT_DUE):
        _fill(notice, subscriber)
    if not notice.kind:
        notice.kind = NoticeKind.PAYMENT_DUE if notice.debts and not notice.suspension else NoticeKind.CUT_OFF
    notice.troubles = _troubles(subscriber)
    if own := NoticeText.objects.filter(kind=notice.kind).first():
        notice.title, notice.text = own.title, own.text
    return notice


def _troubles(subscriber: Subscriber | None) -> list[Announcement]:
    """Outages and works that run now: where somebody's line is, or those that anybody may read of."""
    running = Announcement.objects.running(at=timezone.now()).troubles().select_related("zone")
    return list((running.for_anybody() if subscriber is None else running.to(subscriber))[:TROUBLES])


def _fill(notice: Notice, subscriber: Subscriber) -> None:
    at = timezone.now()
    debts = LedgerEntry.objects.filter(subscriber=subscriber).overdue(on=clock.today(at)).select_related("invoice")
    found = list(debts[: SHOWN + 1])
    notice.first_name = subscriber.first_name
    notice.debts = [{"title": _title(entry), "due_on": entry.due_on, "amount": entry.open} for entry in found[:SHOWN]]
    notice.more = max(debts.count() - SHOWN, 0) if len(found) > SHOWN else 0
    notice.owed = reliefs.overdue_of(subscriber, at=at) if found else Decimal(0)
    notice.suspension = subscriber.suspensions.running().first()  # type: ignore[attr-defined]
    notice.may_promise = bool(found) and not reliefs.may_promise(subscriber, at=at)
    if not found and notice.suspension is None:
        off = subscriber.services.filter(state=Service.State.SUSPENDED)  # type: ignore[attr-defined]
        owing = LedgerEntry.objects.filter(subscriber=subscriber, open__gt=0)
        notice.is_clear = not off.exists() and not owing.exists()


def _title(entry: LedgerEntry) -> str:
    invoice = getattr(entry, "invoice", None)
    return invoice.number if invoice else entry.get_kind_display()


def subscriber_at(request: HttpRequest) -> Subscriber | None:
    """Who sits at the line that a request comes from; None where that is not certain."""
    found = caller(request)
    if found is None:
        return None
    address, router = found
    services = Service.objects.lasting().filter(ip_address=str(address))
    if router is not None:
        services = services.filter(router=router)
    owners = list(services.order_by().values_list("subscriber", flat=True)[:2])
    if len(owners) != 1:
        return None
    return Subscriber.objects.not_erased().filter(pk=owners[0]).first()


def caller(request: HttpRequest) -> tuple[Address, Router | None] | None:
    """The address of the line, and the router that says so. None if nobody trustworthy says it.

    Our own proxy writes down last whom it saw. If that is one of the ISP's routers, what the router wrote before that
    is the line behind it; else it is the line itself, which has to have a public address.
    """
    chain = _chain(request)
    seen = chain.pop() if settings.BEHIND_PROXY and chain else request.META.get("REMOTE_ADDR", "")
    address = _parsed(seen)
    if address is None:
        return None
    for source in NoticeSource.objects.select_related("router"):
        if _is_in(address, source.network):
            behind = _parsed(chain[-1]) if chain else None
            return (behind, source.router) if behind is not None else None
    return (address, None) if address.is_global else None


@dataclass(frozen=True, slots=True)
class Check:
    """What we see of the line that a request comes from, for whoever tries the router's set-up there."""

    seen: str  # the address that reaches us
    said: str  # what a router said of who is behind it
    is_trusted: bool
    services: int  # lines that fit
    is_suspended: bool
    is_secure: bool


def check(request: HttpRequest) -> Check:
    """See what a notice page would see, without telling whose line it is."""
    chain = _chain(request)
    seen = chain.pop() if settings.BEHIND_PROXY and chain else request.META.get("REMOTE_ADDR", "")
    found = caller(request)
    address = _parsed(seen)
    trusted = address is not None and any(
        _is_in(address, network) for network in NoticeSource.objects.values_list("network", flat=True)
    )
    lines = Service.objects.none()
    if found is not None:
        lines = Service.objects.lasting().filter(ip_address=str(found[0]))
        lines = lines.filter(router=found[1]) if found[1] else lines
    states = list(lines.order_by().values_list("state", flat=True)[:2])
    return Check(
        seen=seen,
        said=chain[-1] if chain and trusted else "",
        is_trusted=trusted,
        services=len(states),
        is_suspended=states == [Service.State.SUSPENDED],
        is_secure=request.is_secure(),
    )


def _chain(request: HttpRequest) -> list[str]:
    said = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return [part.strip() for part in said.split(",") if part.strip()]


def _is_in(address: Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network)
    except ValueError:
        return False


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0].strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
