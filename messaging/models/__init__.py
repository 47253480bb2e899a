"""Messages, their texts, who carries them, and who gets none."""

from messaging.models.channels import ChannelAccount, EarlyEvent, StoppedAddress
from messaging.models.messages import UNSENT, Medium, Message, MessageSettings
from messaging.models.texts import OwnText, TextVersion

__all__ = [
    "UNSENT",
    "ChannelAccount",
    "EarlyEvent",
    "Medium",
    "Message",
    "MessageSettings",
    "OwnText",
    "StoppedAddress",
    "TextVersion",
]
