"""One row for every act that means something to the business: who, what, when, on what."""

from typing import Any, Protocol

from django.db.models import Model

from core import acting

LABEL = 200  # characters that the column holds


class Actor(Protocol):
    """Somebody who acts: staff, a portal user, an operator."""

    pk: Any

    @property
    def audit_kind(self) -> str: ...
    @property
    def audit_label(self) -> str: ...


def record(verb: str, *, by: Actor | None, on: Model | None = None, **details: Any) -> None:
    """Write the audit row of one verb in the current scope.

    `verb` is `<app>.<noun>.<past participle>`; `by` is None for the system and for anonymous visitors; `details` must
    be JSON and must hold no secret. While somebody acts in another's name (`core.acting`), the row is theirs whoever
    `by` is, and the details say in whose name.
    """
    from core.models import AuditEntry

    if (double := acting.current()) is not None:
        by, details = double.by, {**details, "as": double.name}

    AuditEntry.objects.create(
        verb=verb,
        actor_kind=by.audit_kind if by else "system",
        actor_id=by.pk if by else None,
        actor_label=by.audit_label[:LABEL] if by else "",
        target_type=on._meta.label_lower if on else "",
        target_id=str(on.pk) if on else "",
        details=details,
    )


def written_by(by: Actor | None) -> dict[str, object]:
    """The columns `by_kind`, `by_id` and `by_name` of a row that says itself who wrote it."""
    return (
        {"by_kind": by.audit_kind, "by_id": by.pk, "by_name": by.audit_label[:LABEL]} if by else {"by_kind": "system"}
    )
