"""Messages, who carries them, and who gets none."""

from messaging.models.channels import ChannelAccount, EarlyEvent, StoppedAddress
from messaging.models.messages import UNSENT, Medium, Message, MessageSettings
from messaging.models.senders import SenderDomain

__all__ = ["UNSENT", "ChannelAccount", "EarlyEvent", "Medium", "Message", "MessageSettings", "SenderDomain", "StoppedAddress"]
