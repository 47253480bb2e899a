"""From which address the platform's own channel writes for the ISP."""

from core.scope import required
from messaging.channels.base import Setup
from messaging.models import SenderDomain


def platform_setup() -> Setup:
    """What the platform's channel has to know of the ISP whose scope is open. In a transaction."""
    label = required().label
    values = {"scope": label}
    sender = SenderDomain.load()
    if sender.is_used:
        values |= {
            "sender": sender.address,
            "dkim_domain": sender.host,
            "dkim_selector": sender.selector,
            "dkim_key": sender.private_key,
        }
    return Setup(number=label, values=values)
