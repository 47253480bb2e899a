"""`manage.py remove_domain HOST`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from domains.services import NoSuchDomain, remove_domain


class Command(BaseCommand):
    help = "Takes a domain away from its ISP."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("host")

    def handle(self, *args: Any, host: str, **options: Any) -> None:
        try:
            with public_scope(), transaction.atomic():
                isp = remove_domain(host=host)
        except NoSuchDomain as error:
            raise CommandError(f"No ISP has the domain {host!r}.", returncode=2) from error
        self.stdout.write(f"{host} no longer leads to {isp.slug}.")
