"""When what is done again and again (core.periodic) is due for each ISP, and handing it out.

The rows are planning, not business: they are made, moved and made again without a line in the audit log.
"""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from core import periodic
from core.scope import public_scope
from tenants.models import ISP, DueWork

logger = logging.getLogger(__name__)
BATCH = 500


def plan(*, isp_ids: list[int]) -> None:
    """Give ISPs a due date for each kind of work that they lack, spread over its interval. In the platform's scope."""
    now = timezone.now()
    rows = [
        DueWork(isp_id=isp_id, kind=kind.name, due_at=kind.first(now))
        for isp_id in isp_ids
        for kind in periodic.kinds().values()
    ]
    DueWork.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def plan_what_lacks() -> int:
    """Plan for ISPs without a row of some kind, as after a release with a new kind. Returns how many ISPs."""
    lacking: set[int] = set()
    for kind in periodic.kinds():
        has_row = Exists(DueWork.objects.filter(isp=OuterRef("pk"), kind=kind))
        lacking.update(ISP.objects.filter(~has_row).values_list("pk", flat=True)[:BATCH])
    plan(isp_ids=sorted(lacking))
    return len(lacking)


def bring_forward(*, isp_id: int, kind: str, at: datetime) -> None:
    """Have work done by `at`, if it was due later. In a transaction; callable from the ISP's scope.

    It never waits: while another transaction holds the row, that one moves it, or the work comes at its usual time.
    """
    with public_scope():
        row = DueWork.objects.filter(isp_id=isp_id, kind=kind, due_at__gt=at).select_for_update(skip_locked=True)
        DueWork.objects.filter(pk__in=row.values("pk")).update(due_at=at)


@transaction.atomic
def hand_out(*, limit: int = BATCH) -> int:
    """Move the due dates of a batch of due work and have it done once that is durable. Returns how much there was.

    Several processes may do so at once. In the platform's scope.
    """
    kinds = periodic.kinds()
    now = timezone.now()
    due = list(DueWork.objects.due(at=now).filter(kind__in=kinds).select_for_update(skip_locked=True)[:limit])
    for row in due:
        row.due_at = kinds[row.kind].after(now)
    DueWork.objects.bulk_update(due, ["due_at"])
    transaction.on_commit(lambda: _send(due), robust=True)
    return len(due)


def _send(due: list[DueWork]) -> None:
    """Enqueue what was handed out. With the broker gone, the rest is due again at once."""
    kinds = periodic.kinds()
    for sent, row in enumerate(due):
        try:
            kinds[row.kind].task.delay(isp_id=row.isp_id)
        except Exception as error:
            logger.warning("Due work could not be sent: %s", type(error).__name__)
            DueWork.objects.filter(pk__in=[each.pk for each in due[sent:]]).update(due_at=timezone.now())
            return
