"""What carriers say later, and addresses that are written to no more."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.mail import SETTLED
from messaging.channels.base import ApprovalNews, Told
from messaging.channels.discretion import Discretion
from messaging.models import ChannelAccount, StoppedAddress
from messaging.outbox import fates
from messaging.outbox.results import stop
from messaging.outbox.turns import isp_of_scope
from messaging.services import approvals
from messaging.services.received import confirm_words
from messaging.services.writing import is_address
from messaging.tasks import take_turn
from tenants.services import due_work


class NoAddress(ValueError):
    """This is not an address of that medium."""


@transaction.atomic
def take_events(account: ChannelAccount, events: Sequence[Told]) -> None:
    """Write down what a carrier tells of messages that it took. The caller has found that it is the carrier.

    Events may come twice, in any order, and of numbers that are not ours: what comes out is the same. Those that come
    before their message's number is written down are kept for it for a day. So are answers: a word among them counts
    at once, and is confirmed soon after. What becomes of approved texts is said to staff.
    """
    fates.note_event(account)
    told = Discretion(account.open()).told(events) if account.kind else list(events)
    approvals.take_news(account, [each for each in told if isinstance(each, ApprovalNews)])
    if fates.take(channel=account.channel, medium=account.medium, told=told):
        confirm_words(at=timezone.now())
        due_work.bring_forward(isp_id=isp_of_scope(), kind="mail", at=timezone.now() + SETTLED)


@transaction.atomic
def resume(*, account: ChannelAccount) -> None:
    """Have sent what was held back while an account did not work. Whoever mended it has emptied `problem`."""
    ChannelAccount.objects.filter(pk=account.pk).update(paused_until=None)
    take = {"isp_id": isp_of_scope(), "medium": account.medium}
    transaction.on_commit(lambda: take_turn.delay(**take), robust=True)


@transaction.atomic
def stop_address(*, by: Actor | None, medium: str, address: str, reason: str = StoppedAddress.Reason.STAFF) -> None:
    """Write to an address no more. Once stopped it stays as it is. Raises NoAddress."""
    address = address.strip()
    if not is_address(medium, address):
        raise NoAddress(address)
    if stop(medium=medium, address=address, reason=reason):
        row = StoppedAddress.objects.get(medium=medium, address=address.lower())
        record("messaging.address.stopped", by=by, on=row, reason=reason)


@transaction.atomic
def release_address(*, by: Actor, stopped: StoppedAddress) -> None:
    """Write to an address again. What was stopped meanwhile stays so until somebody sends it again."""
    row = StoppedAddress.objects.select_for_update().filter(pk=stopped.pk).first()
    if row is None:
        return
    record("messaging.address.released", by=by, on=row, reason=row.reason)
    row.delete()


def stopped_among(*, emails: Sequence[str] = (), phones: Sequence[str] = ()) -> list[StoppedAddress]:
    """Which of somebody's addresses are written to no more; one query."""
    addresses = [address.lower() for address in [*emails, *phones] if address]
    return list(StoppedAddress.objects.filter(address__in=addresses)) if addresses else []
