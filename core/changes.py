"""What a change changed: each field with its value before and after, as the audit log keeps it."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

Changes = dict[str, list[Any]]  # field: [before, after]


def plain(value: Any) -> Any:
    """A value as JSON holds it and as people can still read it: of a row its name, and nothing as an empty text."""
    match value:
        case None:
            return ""
        case bool() | int():
            return value
        case Decimal():
            return f"{value:f}"
        case date() | datetime():
            return value.isoformat()
    return str(value)


def set_fields(row: Model, values: Mapping[str, Any], **also: Any) -> Changes:
    """Write the values that differ, and say what they were and are. `also` is written along, and not spoken of.

    The caller has locked the row.
    """
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    changes = {name: [plain(getattr(row, name)), plain(values[name])] for name in changed}
    if not changed:
        return {}
    for name in changed:
        setattr(row, name, values[name])
    for name, value in also.items():
        setattr(row, name, value)
    row.save(update_fields=[*changed, *also])
    return changes
