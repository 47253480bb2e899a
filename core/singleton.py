"""Settings of which each ISP has one row, and before the first saving none."""

from typing import Self

from django.db import models


class Singleton(models.Model):
    """A model with at most one row a schema."""

    class Meta:
        abstract = True
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="%(app_label)s_%(class)s_one_row")]

    @classmethod
    def load(cls) -> Self:
        """The row, or an unsaved one with the defaults."""
        return cls._default_manager.filter(pk=1).first() or cls(pk=1)

    @classmethod
    def locked(cls) -> Self:
        """The row, made if there is none yet, and locked until the transaction ends."""
        cls._default_manager.get_or_create(pk=1)
        return cls._default_manager.select_for_update().get(pk=1)
