"""Messages, who carries them, and who gets none."""

from messaging.models.browsers import Browser
from messaging.models.channels import ChannelAccount, EarlyEvent, StoppedAddress
from messaging.models.messages import UNSENT, Medium, Message, MessageSettings

__all__ = [
    "UNSENT",
    "Browser",
    "ChannelAccount",
    "EarlyEvent",
    "Medium",
    "Message",
    "MessageSettings",
    "StoppedAddress",
]
