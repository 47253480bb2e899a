"""What staff do with an import: bring a file, say what it holds, have it checked, imported, undone."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from core import uploads
from core.audit import Actor, record
from core.celery import enqueue_on_commit
from core.folding import folded
from core.tabular.kinds import Refused, kind_of
from imports import tasks
from imports.answers import supposed
from imports.models import Batch, Preset
from tenants.directory import IspRef

LIMIT = 50 * 2**20  # bytes of a file


class CannotDo(Exception):
    """The import is in another state than it must be in, as when somebody else was quicker."""


class BadUpload(ValueError):
    """A file that is not taken. The text tells the person why."""


class NothingToUndo(CannotDo):
    """What the import brought has been forgotten, or is undone already."""


def _locked(batch: Batch, *states: str) -> Batch:
    row = Batch.objects.select_for_update().get(pk=batch.pk)
    if row.state not in states:
        raise CannotDo(row.get_state_display())
    return row


def _begin(batch: Batch, state: Batch.State, *, isp_id: int, **fields: Any) -> Batch:
    """Have the work of a state done in the background."""
    batch.state, batch.position = state, 0
    for name, value in fields.items():
        setattr(batch, name, value)
    batch.save(update_fields=["state", "position", *fields])
    enqueue_on_commit(tasks.work_on_batch, isp_id=isp_id, batch_id=batch.pk)
    return batch


def take_file(*, upload: UploadedFile, by: Actor, isp: IspRef) -> Batch:
    """Keep a file and have it read. Raises BadUpload."""
    if upload.size and upload.size > LIMIT:
        raise BadUpload(too_large())
    try:
        kind = kind_of(upload.file)
    except Refused as error:
        raise BadUpload(str(error)) from error
    file = uploads.keep(upload, content_type=kind)
    batch = Batch.objects.create(
        file=file,
        file_name=file.name,
        digest=file.sha256,
        size=file.size,
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )
    record("imports.batch.opened", by=by, on=batch, name=batch.file_name, size=batch.size)
    enqueue_on_commit(tasks.work_on_batch, isp_id=isp.pk, batch_id=batch.pk)
    return batch


def too_large() -> str:
    """What is said of a file that is over the limit."""
    from django.template.defaultfilters import filesizeformat
    from django.utils.translation import gettext as _

    return _("This file is too large; at most %(limit)s are possible.") % {"limit": filesizeformat(LIMIT)}


def earlier(batch: Batch) -> Batch | None:
    """The import with which the same file was loaded before, and not undone. One query."""
    return Batch.objects.loaded().filter(digest=batch.digest).exclude(pk=batch.pk).first()


def read_again(*, batch: Batch, sheet: str, titles: str, isp: IspRef) -> Batch:
    """Read another sheet, or take the first row for titles (`yes`), or for a customer (`no`). Raises CannotDo."""
    batch = _locked(batch, *_CHANGEABLE, Batch.State.FAILED)
    batch.shape = {**batch.shape, "titles": titles}
    fields = {"sheet": sheet, "mapping": {}, "answers": {}, "counts": {}, "shape": batch.shape, "trouble": {}}
    return _begin(batch, Batch.State.READING, isp_id=isp.pk, **fields)


_CHANGEABLE = (Batch.State.OPEN, Batch.State.CHECKED)


def choose_columns(*, batch: Batch, mapping: dict[str, str], isp: IspRef) -> Batch:
    """Say what the columns are. Raises CannotDo."""
    batch = _locked(batch, *_CHANGEABLE)
    batch.state = Batch.State.OPEN
    batch.answers = supposed(
        batch.columns, mapping, country=isp.country, language=isp.language, given=_kept_answers(batch, mapping)
    )
    batch.mapping = mapping
    batch.save(update_fields=["state", "mapping", "answers"])
    return batch


def _kept_answers(batch: Batch, mapping: dict[str, str]) -> dict[str, Any]:
    """Answers that were given and still make sense; words of a column that is another one now do not."""
    place = {target: column for column, target in batch.mapping.items()}
    now = {target: column for column, target in mapping.items()}
    lost = {
        name for name, target in (("states", "state"), ("tariffs", "tariff")) if place.get(target) != now.get(target)
    }
    return {name: value for name, value in batch.answers.items() if name not in lost}


def check(*, batch: Batch, answers: dict[str, Any], isp: IspRef) -> Batch:
    """Take the answers and have every row checked; nothing comes into the base. Raises CannotDo."""
    batch = _locked(batch, *_CHANGEABLE)
    return _begin(batch, Batch.State.CHECKING, isp_id=isp.pk, answers=answers, counts={})


def run(*, batch: Batch, by: Actor, isp: IspRef) -> Batch:
    """Have the checked rows brought into the base. Raises CannotDo."""
    batch = _locked(batch, Batch.State.CHECKED)
    record("imports.batch.started", by=by, on=batch, name=batch.file_name)
    return _begin(
        batch,
        Batch.State.RUNNING,
        isp_id=isp.pk,
        run_by_id=by.pk,
        run_by_name=by.audit_label[:200],
        run_at=timezone.now(),
    )


def undo(*, batch: Batch, by: Actor, isp: IspRef) -> Batch:
    """Have taken away again what an import brought, where nobody has worked on it since. Raises CannotDo."""
    batch = _locked(batch, Batch.State.DONE)
    if batch.is_forgotten:
        raise NothingToUndo(batch.file_name)
    record("imports.batch.undo_started", by=by, on=batch, name=batch.file_name)
    who = {"undone_by_id": by.pk, "undone_by_name": by.audit_label[:200]}
    return _begin(batch, Batch.State.UNDOING, isp_id=isp.pk, **who)


def discard(*, batch: Batch, by: Actor) -> None:
    """Forget a file of which nothing is in the base. Raises CannotDo."""
    batch = _locked(batch, *_CHANGEABLE, Batch.State.FAILED)
    record("imports.batch.discarded", by=by, on=batch, name=batch.file_name)
    file = batch.file
    batch.rows.all()._raw_delete(batch.rows.db)
    batch.delete()
    if file:
        uploads.remove(file)


def save_preset(*, batch: Batch, name: str, by: Actor) -> Preset:
    """Keep a mapping and its answers for the next file with these titles; one of the same name is replaced."""
    titles = {
        folded(batch.title_of(int(place))): target
        for place, target in batch.mapping.items()
        if int(place) < len(batch.columns)
    }
    answers = {key: value for key, value in batch.answers.items() if key not in {"tariffs"}}
    preset, _ = Preset.objects.update_or_create(
        name=name, defaults={"titles": titles, "answers": answers, "by_name": by.audit_label[:200]}
    )
    record("imports.preset.saved", by=by, on=preset, name=name)
    return preset


def remove_preset(*, preset: Preset, by: Actor) -> None:
    """Forget a mapping."""
    record("imports.preset.removed", by=by, on=preset, name=preset.name)
    preset.delete()


def use_preset(*, batch: Batch, preset: Preset, isp: IspRef) -> Batch:
    """Map the columns as a saved mapping says. Raises CannotDo."""
    from imports.guesses import mapping_for

    with transaction.atomic():
        batch = _locked(batch, *_CHANGEABLE)
        batch.answers = {**batch.answers, **preset.answers}
        batch.save(update_fields=["answers"])
        return choose_columns(batch=batch, mapping=mapping_for(batch.columns, saved=preset.titles), isp=isp)
