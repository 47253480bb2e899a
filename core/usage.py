"""Where a row is used, so that deleting it can be refused with an answer that helps."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model


@dataclass(frozen=True, slots=True)
class Use:
    """How many rows of a model name the row."""

    model: type[Model]
    count: int

    @property
    def label(self) -> str:
        """Such as `subscribers.service`."""
        return self.model._meta.label_lower

    def __str__(self) -> str:
        names = self.model._meta
        return f"{self.count} {names.verbose_name if self.count == 1 else names.verbose_name_plural}"


class InUse(Exception):
    """The row is not deleted, since others name it."""

    def __init__(self, uses: list[Use]) -> None:
        super().__init__(uses)
        self.uses = uses

    def __str__(self) -> str:
        return ", ".join(str(use) for use in self.uses)


def where_used(row: Model, *, besides: frozenset[str] = frozenset()) -> list[Use]:
    """Every model with rows that name this one, except for the relations in `besides`, by their names on the row.

    It asks the models, so one that is added later counts without being listed here. One query for each relation. Lock
    the row first: then nobody can begin to use it while it is deleted.
    """
    uses = []
    for relation in row._meta.related_objects:
        name: Any = relation.get_accessor_name()
        if name in besides:
            continue
        model = relation.related_model
        count = model._base_manager.filter(**{relation.field.name: row}).count()
        if count:
            uses.append(Use(model, count))
    return uses


def refuse_if_used(row: Model, *, besides: frozenset[str] = frozenset()) -> None:
    """Raises InUse if another row names this one."""
    if uses := where_used(row, besides=besides):
        raise InUse(uses)
