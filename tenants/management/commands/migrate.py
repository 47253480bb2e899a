"""`manage.py migrate`: the platform's schema first, then each ISP's."""

from typing import Any

from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import DatabaseError

from core.scope import public_scope
from tenants.models import ISP
from tenants.schemas import migrate_schema


class Command(MigrateCommand):
    help = "Migrates the platform's schema, then the schema of each ISP."

    def handle(self, *args: Any, **options: Any) -> None:
        with public_scope():
            super().handle(*args, **options)
            if options.get("app_label") or options.get("plan") or options.get("check_unapplied"):
                return
            failed = [isp.slug for isp in ISP.objects.all() if not self._migrated(isp, options["verbosity"])]
        if failed:
            self.stderr.write(f"Not migrated, left as they were: {', '.join(failed)}")
            raise SystemExit(1)

    def _migrated(self, isp: ISP, verbosity: int) -> bool:
        try:
            migrate_schema(isp)
        except DatabaseError as error:
            self.stderr.write(f"{isp.slug}: {error}")
            return False
        if verbosity > 1:
            self.stdout.write(f"{isp.slug}: up to date")
        return True
