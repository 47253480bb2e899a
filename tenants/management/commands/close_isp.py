"""`manage.py close_isp SLUG --reason …` and `manage.py close_isp SLUG --cancel`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from tenants.management.lookup import isp_named, operator_named
from tenants.services.closings import GRACE, AlreadyClosed, NotClosed, TooLate, cancel_closing, close


class Command(BaseCommand):
    help = "Closes an ISP: off the air at once, deleted after the time of grace. --cancel opens it again."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", metavar="SLUG")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--reason", help="the staff of the ISP read it")
        what.add_argument("--cancel", action="store_true", help="open the ISP again")
        parser.add_argument("--days", type=int, default=GRACE.days, help="time of grace, %(default)s by default")
        parser.add_argument("--by", default="", metavar="E-MAIL", help="the operator who does it, for the records")

    def handle(
        self, *args: Any, slug: str, reason: str | None, cancel: bool, days: int, by: str, **options: Any
    ) -> None:
        if not 0 < days <= 3650:
            raise CommandError("The time of grace is between 1 and 3650 days.", returncode=2)
        isp, operator = isp_named(slug), operator_named(by)
        try:
            with public_scope(), transaction.atomic():
                if cancel:
                    cancel_closing(isp=isp, by=operator)
                    told = f"{isp.slug} is open again."
                else:
                    closing = close(isp=isp, reason=reason or "", by=operator, grace=timedelta(days=days))
                    told = f"{isp.slug} is closed, and is deleted after {closing.ends_at:%Y-%m-%d %H:%M} UTC."
        except AlreadyClosed as error:
            raise CommandError(f"{slug} is closed already.", returncode=2) from error
        except NotClosed as error:
            raise CommandError(f"{slug} is not closed.", returncode=2) from error
        except TooLate as error:
            raise CommandError(f"Too late: {slug} is being deleted.", returncode=2) from error
        self.stdout.write(told)
