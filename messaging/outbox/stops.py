"""Addresses that carriers, or who has them, ask us to write to no more; and back."""

from collections.abc import Collection
from datetime import datetime

from core.audit import record
from messaging.channels.reasons import Reason
from messaging.models import Message, StoppedAddress
from messaging.outbox.results import stop


def stop_and_tell(
    *, medium: str, address: str, reason: str, why: Reason | None = None, message: Message | None = None
) -> bool:
    """Write to an address no more, and leave a line in the log of what happened. Whether that is new."""
    is_new = stop(medium=medium, address=address, reason=reason, why=why, message_id=message.pk if message else None)
    if is_new:
        row = StoppedAddress.objects.get(medium=medium, address=address.lower())
        record("messaging.address.stopped", by=None, on=row, reason=reason)
    return is_new


def lift_own(*, medium: str, addresses: Collection[str], at: datetime) -> bool:
    """Write again to addresses whose owner had asked for no more before a moment. Whether there were any.

    What staff stopped, what does not exist and who complained stays stopped.
    """
    rows = StoppedAddress.objects.select_for_update().filter(medium=medium, address__in=addresses, at__lte=at)
    own = list(rows.filter(reason=StoppedAddress.Reason.OPT_OUT).order_by("pk"))
    for row in own:
        record("messaging.address.released", by=None, on=row, reason=row.reason)
        row.delete()
    return bool(own)
