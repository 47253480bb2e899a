"""A table that a release changes."""

from django.db import models

from bench.column.release import RELEASE


class Note(models.Model):
    """A line of text; a later release gives it a colour."""

    text = models.CharField(max_length=80)
    if RELEASE == "after":
        colour = models.CharField(max_length=20, default="", db_default="")

    def __str__(self) -> str:
        return self.text
