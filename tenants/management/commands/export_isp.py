"""`manage.py export_isp SLUG --to FILE.zip` or `--to FOLDER`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.management.lookup import isp_named, operator_named
from tenants.services.exports import CannotExport, export


class Command(BaseCommand):
    help = "Writes all of an ISP (database, readable tables, files) to one archive with checksums."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--to", required=True, type=Path, help="a new file ending in .zip, or a new folder")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, slug: str, to: Path, by: str, **options: Any) -> None:
        isp, operator = isp_named(slug), operator_named(by)
        try:
            manifest = export(isp=isp, to=to, by=operator)
        except CannotExport as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{isp.slug}: {len(manifest['entries'])} entries in {to}.")
        for table, columns in manifest["left_out"].items():
            self.stdout.write(f"Not in tables/{table}.csv: {', '.join(columns)}")
        if missing := manifest["missing_files"]:
            self.stderr.write(f"{len(missing)} files have a row and are not there.")
