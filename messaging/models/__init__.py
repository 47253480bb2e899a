"""Messages, their texts, who carries them, and who gets none."""

from messaging.models.channels import ChannelAccount, StoppedAddress
from messaging.models.messages import Medium, Message, MessageSettings
from messaging.models.texts import OwnText, TextVersion

__all__ = ["ChannelAccount", "Medium", "Message", "MessageSettings", "OwnText", "StoppedAddress", "TextVersion"]
