"""Schemas that are no ISP's: spares, the template, strays. Django finds them through tenants.models."""

import secrets

from django.db import models


def new_schema_name() -> str:
    """A schema name that was never used: `t_` and 12 random hex digits."""
    return f"t_{secrets.token_hex(6)}"


class SpareSchema(models.Model):
    """A whole schema that no ISP has yet. It is made together with its row and claimed by deleting the row."""

    schema_name = models.CharField(max_length=14, unique=True, default=new_schema_name)
    release = models.CharField(max_length=12, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.schema_name


class SchemaTemplate(models.Model):
    """What makes a schema of one release: the statements of its migrations, as one text."""

    release = models.CharField(max_length=12, unique=True)
    schema_name = models.CharField(max_length=14)  # stands in `ddl` for the schema to be made
    ddl = models.TextField(blank=True)  # empty: the migrations cannot be repeated as text
    why_not = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.release


class OrphanSchema(models.Model):
    """A schema that was found to belong to nobody; it is removed once it has been one for long enough."""

    schema_name = models.CharField(max_length=14, unique=True)
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.schema_name
