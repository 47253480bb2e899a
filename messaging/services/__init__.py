"""Sending in the name of the ISP whose scope is open."""

from messaging.services.answers import NoAddress, release_address, resume, stop_address, stopped_among, take_events
from messaging.services.keeping import change_message_settings, forget_old_mails
from messaging.services.mails import send_mail, send_test
from messaging.services.notifying import notify
from messaging.services.writing import (
    AddressStopped,
    CannotResend,
    can_send,
    is_stopped,
    resend,
    withdraw_about,
    write_message,
)

__all__ = [
    "AddressStopped",
    "CannotResend",
    "NoAddress",
    "can_send",
    "change_message_settings",
    "forget_old_mails",
    "is_stopped",
    "notify",
    "release_address",
    "resend",
    "resume",
    "send_mail",
    "send_test",
    "stop_address",
    "stopped_among",
    "take_events",
    "withdraw_about",
    "write_message",
]
