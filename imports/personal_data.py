"""What this app holds about customers, and what stands against an erasure."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.personal import STAFF, TECHNICAL, not_personal, obstacle, personal
from imports.models import Batch, Preset, Row
from subscribers.subject import Subject

COUNTED = _("The report of an import says how many rows it had; what stood in this one is not needed for that.")
CELLS = ("cells", "flaw", "values", "problems", "made", "before", "kept")

not_personal(Preset, because="titles of columns")


def rows_of(subject: Subject) -> QuerySet[Row]:
    """Those that became this subscriber or were compared with it, and those with the same number, address or phone."""
    same = Q(subscriber=subject.pk) | Q(matched=subject.pk)
    for target, values in (("id_number", subject.id_numbers), ("email", subject.emails), ("mobile", subject.phones)):
        if values:
            same |= Q(**{f"values__{target}__in": values})
    return Row.objects.order_by().filter(same)


def batches_of(subject: Subject) -> QuerySet[Batch]:
    return Batch.objects.order_by().filter(pk__in=rows_of(subject).values("batch"))


def _empty_rows(subject: Subject, rows: QuerySet[Row]) -> None:
    # What the row became is not undone any more, so that nothing comes back.
    rows.update(cells=[], flaw=[], values={}, problems=[], made={}, before={}, kept=[])
    rows.update(subscriber=None, matched=None)


def _empty_batches(subject: Subject, rows: QuerySet[Batch]) -> None:
    """The file goes as a whole, and with it the examples of what stands in its columns; other rows stay as they are."""
    for batch in rows.select_for_update():
        batch.columns = [{"name": column.get("name", ""), "title": column.get("title", "")} for column in batch.columns]
        batch.file = None
        batch.save(update_fields=["columns", "file"])


personal(
    Row,
    title=_("Rows of imports"),
    rows=rows_of,
    exported=("cells",),
    hidden=("flaw", "values", "problems", "made", "before", "kept"),
    blanked=CELLS,
    because=COUNTED,
    erase=_empty_rows,
)
personal(
    Batch,
    title=_("Files of imports"),
    rows=batches_of,
    exported=("file_name", "created_at"),
    # The file holds other customers, too.
    hidden=(
        *("file", "digest", "sheets", "sheet", "shape", "columns", "system", "mapping", "answers", "counts", "made"),
        *("trouble", "by_name", "run_by_name", "undone_by_name"),
    ),
    blanked=("file", "columns"),
    kept={
        **dict.fromkeys(
            ("digest", "sheets", "sheet", "shape", "system", "mapping", "answers", "counts", "made", "trouble"),
            TECHNICAL,
        ),
        "file_name": TECHNICAL,
        **dict.fromkeys(("by_name", "run_by_name", "undone_by_name"), STAFF),
    },
    because=COUNTED,
    erase=_empty_batches,
    shared=True,
)


@obstacle
def unfinished(subject: Subject) -> list[Any]:
    """Nobody is erased whom a file names that may still be loaded or undone."""
    ended = [Batch.State.DONE, Batch.State.UNDONE, Batch.State.FAILED]
    waiting = batches_of(subject).exclude(state__in=ended).order_by("pk")
    return [
        gettext("The import of %(file)s names the customer. Finish it, or discard it.") % {"file": row.file_name}
        for row in waiting
    ]
