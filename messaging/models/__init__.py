"""Messages, who carries them, and who gets none."""

from messaging.models.channels import ChannelAccount, StoppedAddress
from messaging.models.messages import Medium, Message, MessageSettings

__all__ = ["ChannelAccount", "Medium", "Message", "MessageSettings", "StoppedAddress"]
