"""What staff do with their lists."""

from typing import Any

from django.db import IntegrityError, transaction

from core.audit import Actor, record
from subscribers.models import ListSettings, SavedView


class NameTaken(Exception):
    """The person has another view of this name."""


def remember_columns(*, by: Actor, columns: list[str]) -> None:
    """Show these columns to this person from now on. A taste of one person, so it leaves no audit row."""
    ListSettings.objects.update_or_create(by_id=by.pk, defaults={"columns": columns})


def set_default_view(*, by: Actor, view: SavedView | None) -> None:
    """Open the list with this view for this person, or with all subscribers. Leaves no audit row either."""
    ListSettings.objects.update_or_create(by_id=by.pk, defaults={"default_view": view})


def save_view(
    *, by: Actor, name: str, filters: dict[str, str], columns: list[str], sort: str, is_shared: bool
) -> SavedView:
    """Keep a search under a name. Raises NameTaken."""
    view = SavedView(
        name=name,
        filters=filters,
        columns=columns,
        sort=sort,
        is_shared=is_shared,
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )
    _save(view)
    record("subscribers.view.saved", by=by, on=view, name=name, shared=is_shared)
    return view


def change_view(*, by: Actor, view: SavedView, **changes: Any) -> SavedView:
    """Give a view another name, search or audience. Raises NameTaken."""
    view = SavedView.objects.select_for_update().get(pk=view.pk)
    for field, value in changes.items():
        setattr(view, field, value)
    _save(view)
    record("subscribers.view.changed", by=by, on=view, name=view.name, shared=view.is_shared)
    return view


def delete_view(*, by: Actor, view: SavedView) -> None:
    """Remove a view; whoever opens the list with it sees all subscribers again."""
    record("subscribers.view.deleted", by=by, on=view, name=view.name)
    view.delete()


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken from error
