"""The mark of an ISP whose schema is not what the running code expects."""

from django.conf import settings
from django.db import models


class FailedMigrationQuerySet(models.QuerySet["FailedMigration"]):
    def schema_missing(self) -> "FailedMigrationQuerySet":
        return self.filter(migration="")

    def refused(self) -> "FailedMigrationQuerySet":
        """Those whose hosts answer 503: with no tables always, with old ones if MIGRATION_FAILED_ISPS says so."""
        return self.all() if settings.MIGRATION_FAILED_ISPS == "refuse" else self.schema_missing()


class FailedMigration(models.Model):
    """A migration that failed in one ISP, or (with no migration) a schema that is gone. Success removes the row."""

    isp = models.OneToOneField("tenants.ISP", on_delete=models.CASCADE, related_name="failed_migration")
    migration = models.CharField(max_length=200, blank=True)
    error = models.CharField(max_length=300)
    at = models.DateTimeField()

    objects = FailedMigrationQuerySet.as_manager()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return self.migration or self.error

    @property
    def is_schema_missing(self) -> bool:
        return not self.migration
