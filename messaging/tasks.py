"""Deliveries, and the sweep for what a crash left behind."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from core.celery import IspTask, app, enqueue_on_commit
from core.mail import SETTLED
from core.periodic import for_each_isp
from messaging.models import ChannelAccount, Message, SenderDomain
from messaging.outbox import claims, fates, turns
from tenants.services import due_work

SOON = timedelta(seconds=60)  # for which the broker is asked to wait; what is later is planned


@app.task(base=IspTask, atomic=False)
def take_turn(*, isp_id: int, medium: str) -> None:
    """Hand over what is due of an ISP by one medium for a moment; the rest waits for its next turn."""
    next_at = turns.take_turn(isp_id=isp_id, medium=medium)
    wait = next_at - timezone.now() if next_at else SOON
    if wait <= timedelta(0):
        enqueue_on_commit(take_turn, isp_id=isp_id, medium=medium)
    elif wait < SOON:
        take_turn.apply_async(kwargs={"isp_id": isp_id, "medium": medium}, countdown=wait.total_seconds())
    _plan_sweep(isp_id, next_at)


@app.task(base=IspTask, atomic=False)
def deliver_message(*, isp_id: int, message_id: int) -> None:
    """Hand over one urgent message, whatever else waits."""
    _plan_sweep(isp_id, turns.deliver_one(message_id))


@for_each_isp("mail", every=timedelta(minutes=15))
@app.task(base=IspTask)
def sweep_messages(*, isp_id: int) -> None:
    """Have the due messages of an ISP delivered that no task has taken: after a crash, or for another attempt.

    What people were heard to ask for while messages went out is confirmed to them.
    """
    from messaging.services.received import confirm_words

    for medium in Message.objects.due(timezone.now()).order_by().values_list("medium", flat=True).distinct():
        enqueue_on_commit(take_turn, isp_id=isp_id, medium=medium)
    for channel in fates.channels_with_early():
        fates.match_early(channel=channel)
    confirm_words(at=timezone.now())
    _plan_sweep(isp_id, claims.next_due())


def _plan_sweep(isp_id: int, at: datetime | None) -> None:
    """Look again when the next attempt is due, though not at once at what has just been enqueued."""
    if at is not None:
        with transaction.atomic():
            due_work.bring_forward(isp_id=isp_id, kind="mail", at=max(at, timezone.now() + SETTLED))


@app.task(base=IspTask, atomic=False)
def look_at_sender(*, isp_id: int) -> None:
    """See what the DNS says about the ISP's sender domain."""
    from messaging.services.sender_domain import check_sender

    check_sender(at=timezone.now())


@for_each_isp("sender", every=timedelta(hours=1))
@app.task(base=IspTask)
def look_at_sender_again(*, isp_id: int) -> None:
    """The same each hour while it is new, then each day."""
    if SenderDomain.load().is_due(timezone.now()):
        enqueue_on_commit(look_at_sender, isp_id=isp_id)


@for_each_isp("old-mail", every=timedelta(days=1))
@app.task(base=IspTask, atomic=False)
def forget_messages(*, isp_id: int) -> None:
    """Delete the messages that are older than the ISP keeps them, a part in each transaction."""
    from messaging.services import forget_old_mails

    with transaction.atomic():
        fates.forget_early(at=timezone.now())
    while True:
        with transaction.atomic():
            if not forget_old_mails(at=timezone.now()):
                return


@for_each_isp("channel-keys", every=timedelta(hours=1))
@app.task(base=IspTask, atomic=False)
def check_channel_keys(*, isp_id: int) -> None:
    """See each day whether the keys of an ISP's channels still work, and each hour while a carrier refuses them."""
    from messaging.services import approvals, channel_accounts

    with transaction.atomic():
        rows = ChannelAccount.objects.to_be_checked(timezone.now())
        accounts = [row for row in rows if row.kind]
    for account in accounts:
        account = channel_accounts.check_channel(account=account, at=timezone.now())
        approvals.refresh(account_id=account.pk, at=timezone.now())


@app.task(base=IspTask, atomic=False)
def fetch_approved(*, isp_id: int, account_id: int) -> None:
    """Fetch the texts that a carrier has approved."""
    from messaging.services import approvals

    approvals.refresh(account_id=account_id, at=timezone.now())


@for_each_isp("returned-mail", every=timedelta(minutes=5))
@app.task(base=IspTask, atomic=False)
def read_mailboxes(*, isp_id: int) -> None:
    """Look for mails that came back to the ISP's own mailbox."""
    from messaging.services import own_mailboxes

    own_mailboxes.read_mailboxes(isp_id=isp_id, at=timezone.now())


@for_each_isp("receipts", every=timedelta(minutes=2))
@app.task(base=IspTask, atomic=False)
def hear_receipts(*, isp_id: int) -> None:
    """Hear what became of messages from carriers that say so only on a connection of ours."""
    from messaging.services import channel_accounts

    channel_accounts.listen(isp_id=isp_id, at=timezone.now())
