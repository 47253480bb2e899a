"""How it is with what is set up in the settings: the badge beside an entry of their list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from company import router
from company.models import ChatWidget, RouterList
from core.scope import public_scope
from domains.models import Claim
from messaging.models import ChannelAccount, SenderDomain
from payments.models import BalanceSettings, GatewayAccount
from subscribers.models import SmsRules
from tenants.directory import IspRef


@dataclass(frozen=True, slots=True)
class State:
    """A word or two, and the colour that helps it."""

    text: str
    colour: str


def states(isp: IspRef, names: set[str]) -> dict[str, State]:
    """The states of these sections, of those that have one. The caller runs in the ISP's scope. At most one query each,
    and a few more where a list of addresses is on a router."""
    found = {name: of(isp) for name, of in STATES.items() if name in names}
    return {name: state for name, state in found.items() if state}


def _channels(_isp: IspRef) -> State | None:
    return _of_accounts([(row.light, row.is_on) for row in ChannelAccount.objects.all()])


def _gateways(_isp: IspRef) -> State | None:
    return _of_accounts([(row.light, row.is_active and row.is_live) for row in GatewayAccount.objects.all()])


def _of_accounts(lights: list[tuple[str, bool]]) -> State | None:
    """One with a fault says so, whatever the others are; nothing where none is connected."""
    broken = sum(light == "red" for light, _is_on in lights)
    used = sum(is_on for _light, is_on in lights)
    if broken:
        return State(ngettext("%(n)s does not work", "%(n)s do not work", broken) % {"n": broken}, "red")
    if used:
        return State(ngettext("%(n)s in use", "%(n)s in use", used) % {"n": used}, "green")
    return State(_("none in use"), "yellow") if lights else None


def _sender(_isp: IspRef) -> State | None:
    sender = SenderDomain.load()
    if not sender.host:
        return None
    if not sender.is_used:
        return State(_("waits for the DNS"), "yellow")
    is_good = all(line.state == "good" for line in sender.lines)
    return State(_("works"), "green") if is_good else State(_("look at this"), "yellow")


def _domains(isp: IspRef) -> State | None:
    with public_scope():
        claims = list(Claim.objects.filter(isp_id=isp.pk))
    if any(claim.is_disabled for claim in claims):
        return State(_("switched off"), "red")
    if any(claim.is_lost for claim in claims):
        return State(_("DNS records missing"), "orange")
    if any(not claim.is_ready for claim in claims):
        return State(_("waits for the DNS"), "yellow")
    return State(_("works"), "green") if claims else None


def _router(isp: IspRef) -> State | None:
    taken = RouterList.load()
    if not taken.taken_at:
        return None
    is_old = router.difference(taken, router.addresses_of(router.wanted(isp)))
    return State(_("list has changed"), "yellow") if is_old else State(_("up to date"), "green")


def _chat(_isp: IspRef) -> State | None:
    widget = ChatWidget.load()
    return _switched(is_on=widget.is_on) if widget.vendor != ChatWidget.Vendor.NONE else None


def _balance(_isp: IspRef) -> State:
    return _switched(is_on=BalanceSettings.load().is_on)


def _portal_sms(_isp: IspRef) -> State:
    return _switched(is_on=SmsRules.load().is_on)


def _switched(*, is_on: bool) -> State:
    return State(_("on"), "green") if is_on else State(_("off"), "secondary")


STATES: dict[str, Callable[[Any], State | None]] = {
    "domains": _domains,
    "chat": _chat,
    "online-payments": _gateways,
    "balance": _balance,
    "router": _router,
    "channels": _channels,
    "sender": _sender,
    "portal-sms": _portal_sms,
}
