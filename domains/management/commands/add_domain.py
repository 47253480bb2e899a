"""`manage.py add_domain HOST --isp SLUG --surface portal|dashboard [--primary]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core.scope import public_scope
from domains.models import Surface
from domains.services import CannotAdd, add_domain
from tenants.models import ISP


class Command(BaseCommand):
    help = "Lets a domain lead to an ISP's portal or to its staff pages, as verified."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("host", help="such as clientes.example.net")
        parser.add_argument("--isp", required=True, metavar="SLUG", dest="slug")
        parser.add_argument("--surface", required=True, choices=[Surface.PORTAL.value, Surface.DASHBOARD.value])
        parser.add_argument("--primary", action="store_true", help="links carry this domain from now on")

    def handle(self, *args: Any, host: str, slug: str, surface: str, primary: bool, **options: Any) -> None:
        with public_scope(), transaction.atomic():
            isp = ISP.objects.filter(slug=slug).first()
            if isp is None:
                raise CommandError(f"No ISP has the slug {slug!r}.", returncode=2)
            try:
                domain = add_domain(isp=isp, host=host, surface=Surface(surface), is_primary=primary)
            except CannotAdd as error:
                raise CommandError(str(error), returncode=2) from error
        primary_note = " (primary)" if domain.is_primary else ""
        self.stdout.write(f"{domain.host} leads to the {surface} of {isp.slug}{primary_note}.")
