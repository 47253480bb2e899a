"""From which address the platform's own channel writes for the ISP, and where carriers answer to."""

from core.scope import public_scope, required
from domains.links import base_url, slug_host
from messaging.channels.base import Setup
from messaging.models import ChannelAccount, SenderDomain
from tenants import directory


def platform_setup() -> Setup:
    """What the platform's channel has to know of the ISP whose scope is open. In a transaction."""
    scope = required()
    values = {"scope": scope.label}
    sender = SenderDomain.load()
    if sender.is_used:
        values |= {
            "sender": sender.address,
            "dkim_domain": sender.host,
            "dkim_selector": sender.selector,
            "dkim_key": sender.private_key,
        }
    return Setup(number=scope.label, values=values, isp_id=scope.isp_id or 0)


def callback_address(account: ChannelAccount) -> str:
    """Where a carrier says what became of messages: on the ISP's host of ours, which is there whatever becomes of its
    domains. Without what the channel itself adds, see Channel.callback. In the ISP's scope.
    """
    isp_id = required().isp_id
    if isp_id is None:
        return ""
    with public_scope():
        isp = directory.open_isp(isp_id)
    return f"{base_url(slug_host(isp))}/channels/{account.uuid}/events/"
