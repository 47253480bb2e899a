"""A copy of everything held on one person: a page to read, a table for each kind of thing, and the files."""

import json
import logging
import tempfile
import zipfile
import zoneinfo
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.text import capfirst, slugify
from django.utils.translation import gettext as _

from company.models import Profile
from core import uploads
from core.acting import in_own_name
from core.audit import Actor, record
from core.celery import DATABASE_AWAY, enqueue_on_commit
from core.models import StoredFile
from core.personal import Personal, name_of
from core.spreadsheets import csv_pieces
from core.templatetags.ui import reader_locale
from subscribers import tasks
from subscribers.models import Erased, PersonalExport, Subscriber
from subscribers.services.erasures import rows_of
from subscribers.subject import Subject
from tenants.directory import IspRef

logger = logging.getLogger(__name__)
KEPT_FOR = timedelta(days=14)
STUCK = timedelta(minutes=2)  # by then a copy that was asked for has usually been made
ZIP = "application/zip"


def ask(*, by: Actor, isp_id: int, subscriber: Subscriber, language: str) -> PersonalExport:
    """Have a copy made in the background, unless one is under way; returns it. Raises Erased."""
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    order = subscriber.personal_exports.filter(state=PersonalExport.State.WAITING).first()
    if order is None:
        order = PersonalExport.objects.create(
            subscriber=subscriber, language=language, by_id=by.pk, by_name=by.audit_label[:200]
        )
        record("subscribers.personal_data.export_asked", by=by, on=subscriber, subscriber=subscriber.number)
        enqueue_on_commit(tasks.make_personal_export, isp_id=isp_id, export_id=order.pk)
    return order


def make(*, isp: IspRef, export_id: int, at: datetime) -> bool:
    """Make a copy that was asked for; whether it was made here. Twice is once: a second worker finds it locked or done.

    The subscriber is locked meanwhile, so a copy is of before an erasure, with which it goes, or it is not made.
    """
    try:
        with transaction.atomic():
            return _make(isp, export_id, at)
    except DATABASE_AWAY:
        raise
    except Erased:
        return False  # and with all else the order is gone
    except Exception:
        logger.exception("The copy %s of personal data failed.", export_id)
        with transaction.atomic():
            waiting = PersonalExport.objects.filter(pk=export_id, state=PersonalExport.State.WAITING)
            waiting.update(state=PersonalExport.State.FAILED, finished_at=at)
        return False


def _make(isp: IspRef, export_id: int, at: datetime) -> bool:
    # The subscriber first, as everybody does.
    pk = PersonalExport.objects.filter(pk=export_id).values_list("subscriber", flat=True).first()
    if pk is None:
        return False
    subscriber = Subscriber.objects.lock_to_add(pk)
    rows = PersonalExport.objects.select_for_update(skip_locked=True)
    order = rows.filter(pk=export_id, state=PersonalExport.State.WAITING).first()
    if order is None:
        return False
    with tempfile.TemporaryFile() as out:
        zone = zoneinfo.ZoneInfo(isp.timezone)
        with translation.override(order.language or isp.language), timezone.override(zone):
            _write(out, isp, subscriber, at)
            name = f"{slugify(_('personal data'))}-{subscriber.number}.zip"
        size = out.tell()
        order.file = uploads.keep(UploadedFile(out, name, ZIP, size), content_type=ZIP)
    order.size, order.state, order.finished_at = size, PersonalExport.State.DONE, at
    order.save(update_fields=["file", "size", "state", "finished_at"])
    record("subscribers.personal_data.exported", by=None, on=subscriber, subscriber=subscriber.number)
    return True


def _write(out: Any, isp: IspRef, subscriber: Subscriber, at: datetime) -> None:
    kinds, files = _kinds(Subject.of(subscriber))
    locale = reader_locale(isp.country)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in kinds:
            pieces = csv_pieces(kind["titles"], kind["rows"], locale=locale)
            with archive.open(f"{kind['name']}.csv", "w") as entry:
                for piece in pieces:
                    entry.write(piece)
        for file, name in files.items():
            _add_file(archive, file, name)
        context = {
            "kinds": kinds,
            "subscriber": subscriber,
            "at": at,
            "company": Profile.load().display_name or isp.name,
        }
        archive.writestr("index.html", render_to_string("personal_data/copy.html", context))


def _kinds(subject: Subject) -> tuple[list[dict[str, Any]], dict[StoredFile, str]]:
    """What is held, kind by kind, as texts; and the files with their names in the archive."""
    kinds: list[dict[str, Any]] = []
    files: dict[StoredFile, str] = {}
    for entry, rows in rows_of(subject):
        if not entry.exported or entry.model is StoredFile:
            continue
        fields = [entry.model._meta.get_field(name) for name in entry.exported]
        links = [field.name for field in fields if field.is_relation]
        found = rows.select_related(*links).order_by("pk") if links else rows.order_by("pk")
        of_it = [[_value(row, field, files) for field in fields] for row in found]
        if of_it:
            titles = [str(capfirst(name_of(field))) for field in fields]
            kinds.append({"title": entry.title, "name": _file_name(entry), "titles": titles, "rows": of_it})
    return kinds, files


def _file_name(entry: Personal) -> str:
    return slugify(str(entry.title)) or entry.label.replace(".", "-")


def _value(row: Model, field: Any, files: dict[StoredFile, str]) -> Any:
    if field.name in getattr(row, "withheld", ()):
        return ""
    value = getattr(row, field.name)
    if isinstance(value, StoredFile):
        files[value] = f"files/{value.pk}-{value.name}"
        return files[value]
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    match value:
        case None:
            return ""
        case bool():
            return _("yes") if value else _("no")
        case datetime():
            return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case int() | str():
            return value
    return value if hasattr(value, "as_tuple") or hasattr(value, "toordinal") else str(value)


def _add_file(archive: zipfile.ZipFile, file: StoredFile, name: str) -> None:
    try:
        with uploads.open_file(file) as source, archive.open(name, "w") as entry:
            while piece := source.read(65_536):
                entry.write(piece)
    except uploads.MissingFile:
        logger.warning("The file %s of a copy of personal data is missing.", file.uuid)


def note_download(*, by: Actor, order: PersonalExport) -> None:
    """Write down who took a copy along."""
    subscriber = order.subscriber
    record("subscribers.personal_data.downloaded", by=by, on=subscriber, subscriber=subscriber.number)


def sweep(*, isp_id: int, at: datetime) -> None:
    """Remove copies that were kept long enough, and have those made whose task was lost."""
    for old in _old(at):
        file, old.file, old.state = old.file, None, PersonalExport.State.REMOVED
        old.save(update_fields=["file", "state"])
        if file:
            uploads.remove(file)
    waiting = PersonalExport.objects.filter(state=PersonalExport.State.WAITING, asked_at__lt=at - STUCK)
    for pk in waiting.values_list("pk", flat=True):
        enqueue_on_commit(tasks.make_personal_export, isp_id=isp_id, export_id=pk)


def _old(at: datetime) -> Iterator[PersonalExport]:
    rows = PersonalExport.objects.select_for_update(skip_locked=True, of=("self",)).select_related("file")
    yield from rows.filter(state=PersonalExport.State.DONE, finished_at__lt=at - KEPT_FOR)
