"""One billing run of an ISP at a time, in turns that may be cut off anywhere."""

import logging
import time

from django.db import IntegrityError, transaction

from billing import tasks
from billing.models import BillingRun
from billing.services import runs
from core.lease import Busy, lease
from tenants.directory import IspRef

logger = logging.getLogger(__name__)
TRIES = 2  # of a chunk that the database does not keep
SLICE = 60.0  # seconds that one task works; well below TASK_SECONDS


def work_on(*, isp: IspRef, run_id: int) -> None:
    """Go on with a run for a while, unless another process is at one of this ISP: that one hands over when done."""
    try:
        with lease("billing", isp.pk):
            waiting = _work(isp, run_id)
    except Busy:
        return
    for pk in waiting:
        tasks.work_off_billing_run.delay(isp_id=isp.pk, run_id=pk)


def _work(isp: IspRef, run_id: int) -> list[int]:
    """The runs that are to be gone on with."""
    end = time.monotonic() + SLICE
    while step(isp, run_id):
        if time.monotonic() > end:
            return [run_id]
    with transaction.atomic():
        return list(BillingRun.objects.under_way().order_by("pk").values_list("pk", flat=True)[:1])


def step(isp: IspRef, run_id: int) -> bool:
    """One chunk, in its transaction; whether there is more.

    What the database refuses at the commit is tried once more, since what was in its way may be gone, such as somebody
    who was deleted meanwhile. Then the run stops: else it would look busy, and fail again at each sweep.
    """
    for _time in range(TRIES):
        try:
            return _chunk(isp, run_id)
        except IntegrityError:
            logger.exception("A chunk of the billing run %s was not kept.", run_id)
    runs.give_up(run_id=run_id)
    return False


@transaction.atomic
def _chunk(isp: IspRef, run_id: int) -> bool:
    return runs.work_off(run_id=run_id, isp=isp)
