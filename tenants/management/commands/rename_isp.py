"""`manage.py rename_isp SLUG NEW`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from tenants.management.lookup import isp_named, operator_named
from tenants.services.renames import CannotRename, rename


class Command(BaseCommand):
    help = "Gives an ISP another slug. The old one leads to the new one for 90 days."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("new", metavar="NEW")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, slug: str, new: str, by: str, **options: Any) -> None:
        isp, operator = isp_named(slug), operator_named(by)
        try:
            with public_scope(), transaction.atomic():
                isp = rename(isp=isp, slug=new, by=operator)
        except CannotRename as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{isp.name} has the slug {isp.slug} now.")
