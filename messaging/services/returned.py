"""Mails that came back: what their reports say is written onto the messages that they speak of.

Only the address that we wrote to is ever stopped. What a report names is read for its words alone, since anybody can
write one, and mails are forwarded to addresses that are nobody's business here.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.celery import RefusedTask
from core.mail import SETTLED
from core.scope import isp_scope, public_scope
from messaging.channels.base import Event, Fate
from messaging.models import UNSENT, Medium, Message
from messaging.outbox import fates
from messaging.outbox.carriers import carrier_of
from messaging.outbox.turns import isp_of_scope
from messaging.returns.addresses import NUMBER, Returned
from messaging.returns.reports import Report
from tenants import directory
from tenants.services import due_work

HEEDED = timedelta(days=60)  # after it was written; what comes later comes from somebody who has kept the address


class OffTheAir(Exception):
    """An ISP whose mail came back takes nothing at the moment. It may do so again, so the report should come again."""


class NobodysAnyMore(Exception):
    """The ISPs whose mails came back are gone for good."""


def take_report(*, of: Iterable[Returned], report: Report, at: datetime) -> int:
    """Write down what a report says of mails of any ISP, in the scope of each; gives of how many.

    The keys have been found to be ours. Of an ISP that is off the air nothing is written; of the others in the same
    report it is, and is once more when it comes again, which changes nothing. Outside of all scopes. Raises OffTheAir,
    NobodysAnyMore.
    """
    taken, off, gone = 0, 0, 0
    keys = list(of)
    for mine in keys:
        try:
            with public_scope():
                isp = directory.open_isp(mine.isp_id)
        except directory.GoneForGood:
            gone += 1
        except RefusedTask:
            off += 1
        else:
            with isp_scope(isp):
                taken += take_return(number=mine.number, report=report, at=at)
    if off:
        raise OffTheAir
    if keys and gone == len(keys):
        raise NobodysAnyMore
    return taken


@transaction.atomic
def take_return(*, number: str, report: Report, at: datetime) -> bool:
    """Write down what a report says of a mail of the ISP whose scope is open, by the number of its Message-ID.

    Whether there is such a mail. A report comes twice, late, and before the mail has been written down as sent; of an
    earlier round, from before staff had it sent again, only a complaint counts.
    """
    match = NUMBER.fullmatch(number)
    if match is None:
        return False
    message = Message.objects.filter(uuid=match[1], medium=Medium.EMAIL).first()
    if message is None or message.created_at < at - HEEDED:
        return False
    is_wish = report.fate in (Fate.COMPLAINED, Fate.OPTED_OUT)
    if is_wish and message.number_there:
        number = message.number_there
    event = Event(number, report.fate, report.said, at, address=message.to if is_wish else "")
    if not is_wish and not message.channel and message.state not in UNSENT:
        return True  # It never left, as far as we know, and has failed already.
    if fates.take(channel=message.channel or _channel_to_be(), medium=Medium.EMAIL, told=[event]):
        due_work.bring_forward(isp_id=isp_of_scope(), kind="mail", at=timezone.now() + SETTLED)
    return True


def _channel_to_be() -> str:
    """By whom a mail goes that is on its way."""
    carrier = carrier_of(Medium.EMAIL)
    return carrier.name if carrier else ""
