"""One import of an ISP at a time, in steps that can be cut off anywhere."""

import logging
import time
from collections.abc import Callable

from django.db import transaction

from core.celery import DATABASE_AWAY
from core.lease import Busy, lease
from core.tabular import BadFile
from core.tabular.problems import problem
from imports import tasks
from imports.models import Batch, Row
from imports.services import checking, loading, reading, undoing

logger = logging.getLogger(__name__)
SLICE = 150.0  # seconds that one task works; well below TASK_SECONDS
# Each does one step of a state's work in a transaction of its own, and says whether there is more to do.
STEPS: dict[str, Callable[[int], bool]] = {
    Batch.State.READING: reading.step,
    Batch.State.CHECKING: checking.step,
    Batch.State.RUNNING: loading.step,
    Batch.State.UNDOING: undoing.step,
}


def work_on(*, batch_id: int, isp_id: int) -> None:
    """Go on with an import for a while, unless another process is at one of this ISP: that one hands over when done."""
    try:
        with lease("imports", isp_id):
            is_done = _work(batch_id)
    except Busy:
        return
    with transaction.atomic():
        waiting = (
            [batch_id] if not is_done else list(Batch.objects.at_work().order_by("pk").values_list("pk", flat=True)[:1])
        )
    for pk in waiting:
        tasks.work_on_batch.delay(isp_id=isp_id, batch_id=pk)


def _work(batch_id: int) -> bool:
    """Whether the state's work is done."""
    end = time.monotonic() + SLICE
    while True:
        with transaction.atomic():
            state = Batch.objects.filter(pk=batch_id).values_list("state", flat=True).first()
        step = STEPS.get(state or "")
        if step is None:
            return True
        try:
            while step(batch_id):
                if time.monotonic() > end:
                    return False
        except BadFile as error:
            _fail(batch_id, error.problem)
            return True
        except DATABASE_AWAY:
            raise
        except Exception:
            # What is half done stays as rows: the state says where, and staff may try again.
            logger.exception("An import could not go on.")
            _stop(batch_id)
            return True


@transaction.atomic
def _fail(batch_id: int, why: dict[str, object]) -> None:
    Batch.objects.filter(pk=batch_id).update(state=Batch.State.FAILED, trouble=why)


# Where staff can go on from after a fault of ours.
_BACK = {
    Batch.State.READING: Batch.State.FAILED,
    Batch.State.CHECKING: Batch.State.OPEN,
    Batch.State.RUNNING: Batch.State.CHECKED,
    Batch.State.UNDOING: Batch.State.DONE,
}


@transaction.atomic
def _stop(batch_id: int) -> None:
    batch = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if batch is None or batch.state not in _BACK:
        return
    if batch.state == Batch.State.RUNNING and batch.rows.filter(outcome=Row.Outcome.LOADED).exists():
        # Some of it is in the base, so it can be undone, and neither be mapped anew nor discarded.
        loading.close(batch)
        batch.trouble = problem("stopped")
    else:
        batch.state, batch.trouble = _BACK[batch.state], problem("failed")
    batch.save(update_fields=["state", "trouble"])
