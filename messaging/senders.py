"""From which address the platform's own channel writes for the ISP."""

from core.scope import required
from messaging.channels.base import Setup


def platform_setup() -> Setup:
    """What the platform's channel has to know of the ISP whose scope is open. In a transaction."""
    label = required().label
    return Setup(number=label, values={"scope": label})
