"""Trying a text as customers get it: by its own medium, to whoever of the staff writes it."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from core.audit import Actor
from messaging import sms
from messaging.models import ChannelAccount, Medium, Message, StaffPhone, StoppedAddress
from messaging.services.channel_accounts import send_test
from messaging.services.texts import note_try
from messaging.services.writing import AddressStopped
from messaging.texts import Words


def try_on_phone(*, by: Actor, account: ChannelAccount, to: str, words: Words, event: str, at: datetime) -> Message:
    """Send a text to a phone at once, and see what the carrier says. The number is remembered for the next time.

    Calls the carrier, so no inner transaction may be open. Raises AddressStopped.
    """
    with transaction.atomic():
        if StoppedAddress.objects.filter(medium=account.medium, address=to).exists():
            raise AddressStopped(to)
        StaffPhone.objects.update_or_create(by_id=by.pk, defaults={"phone": to, "at": at})
        note_try(by=by, event=event)
    text = sms.spelled(words.text, account.spelling) if account.medium == Medium.SMS else words.text
    return send_test(
        by=by, account=account, to=to, subject=words.subject, text=text, data=words.data, at=at, occasion=event
    )


def try_in_browser(
    *, by: Actor, account: ChannelAccount, browser: Mapping[str, str], words: Words, event: str, at: datetime
) -> Message:
    """The same to a browser, by what it gave out just now; that is not kept."""
    with transaction.atomic():
        note_try(by=by, event=event)
    return send_test(
        by=by,
        account=account,
        to=str(uuid4()),
        subject=words.subject,
        text=words.text,
        data=words.data,
        at=at,
        occasion=event,
        browser=browser,
    )
