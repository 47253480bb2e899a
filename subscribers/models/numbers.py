"""Numbers that are given out one after the other."""

from django.db import models


class Counter(models.Model):
    """The last number given out of one kind; its row is locked while the next one is taken."""

    name = models.CharField(max_length=20, primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"
