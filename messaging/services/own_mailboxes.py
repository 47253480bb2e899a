"""Mailboxes of an ISP's own, in which reports about its mails may be: read every few minutes, and never changed."""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from core.lease import Busy, lease
from core.requests import outside_transaction
from messaging.channels.base import Away, ChannelProblem, Setup, SetupRefused
from messaging.channels.discretion import Discretion
from messaging.channels.reasons import Reason
from messaging.models import ChannelAccount
from messaging.outbox.turns import isp_of_scope
from messaging.returns import mailboxes
from messaging.returns.mailboxes import Look, Place
from messaging.services.returned import take_return

logger = logging.getLogger(__name__)
BACK = timedelta(days=3)  # before the first look, in which reports may have come
LOOKS = 5  # one after the other, where much has come
PATIENCE = timedelta(hours=6)  # for which a mailbox may be away before staff hear of it
STILL = timedelta(days=7)  # after the last mail of a channel that is out of use


def read_mailboxes(*, isp_id: int, at: datetime) -> None:
    """Read the mailboxes of the channels that have one. Outside a transaction, in the ISP's scope."""
    with transaction.atomic():
        accounts = [row for row in ChannelAccount.objects.all() if _is_read(row, at)]
    for account in accounts:
        read_mailbox(account=account, isp_id=isp_id, at=at)


def _is_read(account: ChannelAccount, at: datetime) -> bool:
    if account.kind is None or not account.kind.reads_mailbox or not account.open().has_mailbox():
        return False
    return account.is_on or (account.last_sent_at is not None and at - account.last_sent_at < STILL)


def try_mailbox(*, account: ChannelAccount, at: datetime) -> ChannelAccount:
    """Read it now, where it has one. Calls the server, so no inner transaction may be open."""
    if account.kind is not None and account.kind.reads_mailbox and account.open().has_mailbox():
        isp_id = isp_of_scope()
        with outside_transaction():
            read_mailbox(account=account, isp_id=isp_id, at=at)
        account.refresh_from_db()
    return account


def read_mailbox(*, account: ChannelAccount, isp_id: int, at: datetime) -> None:
    """Write down what has come back since the last look. Outside a transaction; nothing where somebody is at it."""
    setup, place = account.setup(), Place(**account.mailbox)
    try:
        with lease("messaging.mailbox", isp_id):
            for _look in range(LOOKS):
                found = mailboxes.look(setup.values, place, since=(at - BACK).date())
                if not _keep(account, setup, found, at) or found.is_all or found.place == place:
                    return
                place = found.place
    except Busy:
        return
    except SetupRefused as problem:
        _note(account, problem, at)
    except Away as problem:
        if account.mailbox_read_at is None or at - account.mailbox_read_at > PATIENCE:
            _note(account, problem, at)


@transaction.atomic
def _keep(account: ChannelAccount, setup: Setup, found: Look, at: datetime) -> bool:
    """Write it down with how far was read. Whether the account is still the one that was read."""
    row = ChannelAccount.objects.select_for_update().filter(pk=account.pk).first()
    if row is None or row.setup().values != setup.values:
        return False
    taken = 0
    for report in found.reports:
        # A key of another ISP's is nothing here; by its number a mail is looked for among this ISP's own.
        numbers = {key.number for key in report.keys if key.isp_id == setup.isp_id} | set(report.numbers)
        for number in sorted(numbers):
            taken += take_return(number=number, report=report, at=at)
    row.mailbox, row.mailbox_problem, row.mailbox_read_at = asdict(found.place), "", at
    if taken:
        row.last_event_at = at
    row.save(update_fields=["mailbox", "mailbox_problem", "mailbox_read_at", "last_event_at"])
    return True


@transaction.atomic
def _note(account: ChannelAccount, problem: ChannelProblem, at: datetime) -> None:
    logger.warning("A mailbox could not be read.")
    why = Discretion(account.open()).problem(problem).reason or Reason("server_refused")
    ChannelAccount.objects.filter(pk=account.pk).update(mailbox_problem=why.kept)
