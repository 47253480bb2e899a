"""`manage.py claim_domain HOST --isp SLUG --surface portal|dashboard [--check]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.scope import public_scope
from domains.claims import check_claim, claim_domain
from domains.models import Claim, Surface
from domains.services import CannotAdd
from tenants.models import ISP


class Command(BaseCommand):
    help = (
        "Starts to prove that a domain is an ISP's own: prints the DNS records to create, and what the last look at "
        "them came to. The domain works by itself once both are there. Run it again to see how far it is."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("host", help="such as clientes.example.net")
        parser.add_argument("--isp", required=True, metavar="SLUG", dest="slug")
        parser.add_argument("--surface", default=Surface.PORTAL.value, choices=[Surface.PORTAL, Surface.DASHBOARD])
        parser.add_argument("--check", action="store_true", help="look at the DNS now")

    def handle(self, *args: Any, host: str, slug: str, surface: str, check: bool, **options: Any) -> None:
        with public_scope():
            isp = ISP.objects.filter(slug=slug).first()
            if isp is None:
                raise CommandError(f"No ISP has the slug {slug!r}.", returncode=2)
            claim = isp.claims.filter(host=host.strip().lower()).first()
            try:
                claim = claim or claim_domain(isp=isp, host=host, surface=Surface(surface), by=None)
            except CannotAdd as error:
                raise CommandError(str(error), returncode=2) from error
            if check:
                check_claim(claim_uuid=claim.uuid, at=timezone.now())
            self._tell(Claim.objects.select_related("isp__dns_target").get(pk=claim.pk))

    def _tell(self, claim: Claim) -> None:
        self.stdout.write(f"{claim.shown_host}: {'live' if claim.is_live else 'not live yet'}. Its records:")
        for record in claim.records:
            self.stdout.write(f"  {record.kind:5}  {record.name}  {record.value}")
        for finding in claim.findings.all():
            seen = f" ({finding.value})" if finding.value else ""
            self.stdout.write(f"  {finding.check_name}: {finding.state}, {finding.reason}{seen}")
