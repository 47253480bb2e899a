"""What is done for imports again and again."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core import uploads
from core.audit import record
from core.celery import enqueue_on_commit
from imports import tasks
from imports.models import Batch

KEPT_FOR = timedelta(days=30)  # the file and what stood in its rows; after that nothing of it can be undone
UNTOUCHED = timedelta(days=30)  # after which a file that nobody went on with is forgotten


def sweep(*, isp_id: int) -> None:
    """Go on with imports whose worker is gone, and forget files and cells that were kept long enough."""
    with transaction.atomic():
        first = Batch.objects.at_work().order_by("pk").values_list("pk", flat=True).first()
        if first is not None:
            # While a worker is at it, the second task finds it leased and ends at once.
            enqueue_on_commit(tasks.work_on_batch, isp_id=isp_id, batch_id=first)
    with transaction.atomic():
        _forget()


def _forget() -> None:
    now = timezone.now()
    ended = Batch.objects.filter(state__in=[Batch.State.DONE, Batch.State.UNDONE])
    old = ended.filter(done_at__lt=now - KEPT_FOR).exclude(counts__has_key="forgotten")
    for batch in old.select_for_update(skip_locked=True, of=("self",)).select_related("file")[:5]:
        forget(batch)
    idle = Batch.objects.filter(state__in=[Batch.State.OPEN, Batch.State.CHECKED, Batch.State.FAILED])
    idle = idle.filter(created_at__lt=now - UNTOUCHED)
    for batch in idle.select_for_update(skip_locked=True, of=("self",)).select_related("file")[:5]:
        file = batch.file
        batch.rows.all()._raw_delete(batch.rows.db)
        batch.delete()
        if file:
            uploads.remove(file)


def forget(batch: Batch) -> None:
    """Remove the file and all that stood in its rows; which customer came from which row stays."""
    file, batch.file = batch.file, None
    batch.counts = {**batch.counts, "forgotten": True}
    batch.columns = [{"name": column.get("name", ""), "title": column.get("title", "")} for column in batch.columns]
    batch.save(update_fields=["file", "counts", "columns"])
    batch.rows.update(cells=[], values={}, before={}, flaw=[], problems=[], kept=[])
    record("imports.batch.forgotten", by=None, on=batch, name=batch.file_name)
    if file:
        uploads.remove(file)
