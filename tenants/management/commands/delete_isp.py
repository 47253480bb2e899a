"""`manage.py delete_isp SLUG --yes-really SLUG [--now]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.scope import public_scope
from tenants.management.lookup import isp_named, operator_named
from tenants.models import Deletion
from tenants.services.deletions import InGrace, NotClosed, begin, finish


class Command(BaseCommand):
    help = "Deletes a closed ISP for good. One that was interrupted goes on where it stopped."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--yes-really", required=True, metavar="SLUG", dest="again", help="the slug once more")
        parser.add_argument("--now", action="store_true", help="do not wait for the end of the time of grace")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(self, *args: Any, slug: str, again: str, now: bool, by: str, **options: Any) -> None:
        if slug != again:
            raise CommandError("The two slugs differ; nothing was deleted.", returncode=2)
        operator = operator_named(by)
        with public_scope():
            deletion = Deletion.objects.filter(slug=slug).first()
            try:
                deletion = deletion or begin(isp=isp_named(slug), by_id=operator.pk if operator else None, now=now)
            except NotClosed as error:
                raise CommandError(f"{slug} is not closed; close it first.", returncode=2) from error
            except InGrace as error:
                raise CommandError(f"{slug} is in its time of grace; --now does not wait.", returncode=2) from error
            finish(deletion=deletion)
        self.stdout.write(f"{slug} is deleted.")
