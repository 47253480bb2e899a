"""`manage.py restore_isp FILE [--slug NEW]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.management.lookup import operator_named
from tenants.services.restores import CannotRestore, restore


class Command(BaseCommand):
    help = "Brings an ISP back from an archive of export_isp, beside all others: whole, or not at all."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="an archive, or the folder of one")
        parser.add_argument("--slug", default="", metavar="NEW", help="come as a copy, under this slug")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, file: Path, slug: str, by: str, **options: Any) -> None:
        operator = operator_named(by)
        try:
            result = restore(path=file, slug=slug, by=operator)
        except CannotRestore as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{result.isp.slug}: {result.rows} rows and {result.files} files are back.")
        for name, count in result.dropped_secrets.items():
            self.stdout.write(f"To be entered again, since they cannot be read here: {count} × {name}")
        if result.stopped_mails:
            self.stdout.write(f"Mails that were waiting and are not sent again: {result.stopped_mails}")
        if result.missing_files:
            self.stdout.write(f"Files that were missing already when the archive was made: {result.missing_files}")
        if result.new_people:
            self.stdout.write(f"People who have to set a password by mail: {', '.join(result.new_people)}")
