"""Taking an import back: what nobody has touched since goes, all else stays and is named with the reason."""

import json
from collections import Counter
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Model, ProtectedError
from django.utils import timezone

from billing.models import Account, LedgerEntry
from billing.services.ledger import withdraw_carried_over
from core.audit import record
from core.tabular.problems import problem
from imports.models import Batch, Row
from imports.prints import print_of
from imports.services.catalogue import MODELS
from imports.services.updating import _told
from subscribers.models import Note, PortalUser, Service, ServiceChange, Subscriber

CHUNK = 500
KINDS: dict[str, type[Model]] = {
    "subscriber": Subscriber,
    "service": Service,
    "login": PortalUser,
    "note": Note,
    "change": ServiceChange,
    "entry": LedgerEntry,
}


class _Undoer:
    """Who asked for it, as the audit log names them."""

    audit_kind = "staff_user"

    def __init__(self, batch: Batch) -> None:
        self.pk, self.audit_label = batch.undone_by_id, batch.undone_by_name


# Nothing that somebody has added: what the import itself keeps about the row.
OWN = {(Row, "subscriber")}


@transaction.atomic
def step(batch_id: int) -> bool:
    """Take back the next rows, the last ones first; then what they had needed; then close."""
    batch = Batch.objects.select_for_update().filter(pk=batch_id, state=Batch.State.UNDOING).first()
    if batch is None:
        return False
    # From the end, so that a customer's further services go before the customer.
    rows = list(batch.rows.filter(outcome=Row.Outcome.LOADED).order_by("-number")[:CHUNK])
    if not rows:
        _finish(batch)
        return False
    _take_back(rows)
    batch.position = max(0, batch.total - rows[-1].number + 1)
    batch.save(update_fields=["position"])
    return True


def _take_back(rows: list[Row]) -> None:
    """Take back a chunk. Whoever wants to add something to one of the customers waits, or was quicker and is seen."""
    subscribers = [row.subscriber_id for row in rows if row.subscriber_id]
    list(Subscriber.objects.select_for_update().filter(pk__in=subscribers).order_by("pk").values_list("pk"))
    _Trace(rows).look()
    _delete([row for row in rows if not row.kept])
    for row in rows:
        if row.before and not row.kept:
            _restore(row)
        row.outcome = Row.Outcome.KEPT if row.kept else Row.Outcome.UNDONE
    _write(rows)


class _Trace:
    """Looks what has happened since to what rows of an import made."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.made: dict[str, dict[int, Row]] = {kind: {} for kind in KINDS}
        for row in rows:
            for kind, (pk, _) in row.made.items():
                self.made[kind][pk] = row

    def look(self) -> None:
        """Name in each row what was changed, used or deleted; what was deleted is no reason to keep the rest."""
        for row in self.rows:
            row.kept = []
        for kind in ("subscriber", "service", "login", "note"):
            self._look_at_changes(kind)
        for kind in ("subscriber", "service", "login"):
            self._look_at_uses(kind)
        self._look_at_others()

    def _look_at_changes(self, kind: str) -> None:
        rows = self.made[kind]
        for found in KINDS[kind]._default_manager.filter(pk__in=rows.keys()).order_by():
            row = rows[found.pk]
            if kind == "login" and found.last_login:  # type: ignore[attr-defined]
                row.kept.append(problem("kept_login"))
            elif print_of(kind, found) != row.made[kind][1]:
                row.kept.append(problem("kept_changed", what=str(found._meta.verbose_name)))

    def _look_at_uses(self, kind: str) -> None:
        """Rows of whatever table that refer to what was made, other than those of the import itself."""
        rows = self.made[kind]
        if not rows:
            return
        for relation in KINDS[kind]._meta.related_objects:
            model: Any = relation.related_model
            name = relation.field.name
            if (model, relation.field.name) in OWN or model is Account:
                continue
            ours = {pk for other, made in self.made.items() if KINDS[other] is model for pk in made}
            uses = model._default_manager.filter(**{f"{name}__in": list(rows)}).order_by()
            for pk, target in uses.values_list("pk", name):
                if pk not in ours:
                    rows[target].kept.append(problem("kept_used", what=str(model._meta.verbose_name)))

    def _look_at_others(self) -> None:
        """A customer stays as long as one of his further services does."""
        stays = {row.subscriber_id for row in self.rows if row.kept and "subscriber" not in row.made}
        for row in self.rows:
            if "subscriber" in row.made and row.subscriber_id in stays and not row.kept:
                row.kept.append(problem("kept_used", what=str(Service._meta.verbose_name)))


def _delete(rows: list[Row]) -> None:
    """Delete what the rows made. Everything that refers to it is theirs, which has been looked at under a lock."""
    made: dict[str, list[int]] = {kind: [row.made[kind][0] for row in rows if kind in row.made] for kind in KINDS}
    if made["entry"]:
        withdraw_carried_over(entries=made["entry"])
    gone = [row.made["subscriber"][0] for row in rows if "subscriber" in row.made]
    Row.objects.filter(subscriber__in=gone).update(subscriber=None)
    for kind in ("change", "service", "login", "note", "subscriber"):
        found = KINDS[kind]._default_manager.filter(pk__in=made[kind])
        found._raw_delete(found.db)
    taken = set(gone)
    for row in rows:
        if row.subscriber_id in taken:
            row.subscriber_id = None


def _restore(row: Row) -> None:
    """Give a customer who was there before the import what it had, field by field where nobody has changed it since."""
    for name, fields in row.before.items():
        label, _, pk = name.partition(":")
        target = apps.get_model(label)._default_manager.select_for_update().filter(pk=int(pk)).first()
        if target is None:
            row.kept.append(problem("kept_gone", what=str(apps.get_model(label)._meta.verbose_name)))
            continue
        back = []
        for field, (before, after) in fields.items():
            if _told(getattr(target, field)) == after or str(getattr(target, field)) == str(after):
                setattr(target, field, before)
                back.append(field)
            else:
                shown = target._meta.get_field(field).verbose_name  # type: ignore[union-attr]
                row.kept.append(problem("kept_changed", what=str(shown)))
        if back and isinstance(target, Subscriber):
            target.version += 1
            back.append("version")
        if back:
            target.save(update_fields=back)


_WRITE = """
UPDATE imports_row r SET outcome = x.outcome, kept = x.kept, subscriber_id = x.subscriber_id
FROM jsonb_to_recordset(%s) AS x(id bigint, outcome text, kept jsonb, subscriber_id bigint) WHERE r.id = x.id
"""


def _write(rows: list[Row]) -> None:
    found = [
        {"id": row.pk, "outcome": row.outcome, "kept": row.kept, "subscriber_id": row.subscriber_id} for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(found)])


def _finish(batch: Batch) -> None:
    left = _delete_catalogue(batch)
    kept = batch.rows.filter(outcome=Row.Outcome.KEPT).count()
    undone = batch.rows.filter(outcome=Row.Outcome.UNDONE).count()
    batch.counts = {**batch.counts, "kept": kept, "undone": undone, "left": left}
    batch.state, batch.position, batch.undone_at, batch.trouble = Batch.State.UNDONE, 0, timezone.now(), {}
    batch.save(update_fields=["counts", "state", "position", "undone_at", "trouble"])
    record("imports.batch.undone", by=_Undoer(batch), on=batch, name=batch.file_name, undone=undone, kept=kept)


def _delete_catalogue(batch: Batch) -> list[str]:
    """Delete the tariffs, zones, routers and groups that the import added; returns the names of those in use."""
    left: Counter[str] = Counter()
    for kind, prints in batch.made.items():
        if kind not in MODELS:
            continue
        for row in MODELS[kind]._default_manager.filter(pk__in=[int(pk) for pk in prints]):
            try:
                with transaction.atomic():
                    if print_of(kind, row) != prints[str(row.pk)] or _is_used(row):
                        left[str(row)] += 1
                    else:
                        row.delete()
            except (ProtectedError, models.RestrictedError):
                left[str(row)] += 1
    return sorted(left)


def _is_used(row: Model) -> bool:
    """Whether anything refers to it, also what would only be emptied."""
    return any(
        relation.related_model._default_manager.filter(**{relation.field.name: row.pk}).exists()  # type: ignore[union-attr]
        for relation in row._meta.related_objects
    )
