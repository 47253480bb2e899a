"""Messages, their texts, who carries them, and who gets none."""

from messaging.models.browsers import Browser
from messaging.models.channels import ChannelAccount, EarlyEvent, StoppedAddress
from messaging.models.messages import UNSENT, Medium, Message, MessageSettings
from messaging.models.received import ReceivedMessage
from messaging.models.rules import EventRule, OptOut, QuietHours
from messaging.models.senders import SenderDomain
from messaging.models.staff_phones import StaffPhone
from messaging.models.texts import OwnText, TextVersion

__all__ = [
    "UNSENT",
    "Browser",
    "ChannelAccount",
    "EarlyEvent",
    "EventRule",
    "Medium",
    "Message",
    "MessageSettings",
    "OptOut",
    "OwnText",
    "QuietHours",
    "ReceivedMessage",
    "SenderDomain",
    "StaffPhone",
    "StoppedAddress",
    "TextVersion",
]
