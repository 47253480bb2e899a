"""Which hosts lead to which ISP, and which ones an ISP is still proving to be its own."""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from domains.hosts import registrable, shown
from domains.sentences import sentence
from tenants.models import ISP

OFF_BY_PLAN = "plan_ended"  # what people were told of a claim that the plan switched off


class Surface(models.TextChoices):
    """The four faces that a host can show."""

    PLATFORM = "platform", _("platform")
    DASHBOARD = "dashboard", _("dashboard")
    PORTAL = "portal", _("portal")
    SHARED_PORTAL = "shared_portal", _("shared portal")


class DomainQuerySet(models.QuerySet["Domain"]):
    def live(self) -> "DomainQuerySet":
        """Domains whose ownership is proved."""
        return self.exclude(verified_at=None)


class WithoutWww(models.Func):
    """A host without `www.` at its beginning."""

    function = "regexp_replace"
    template = "%(function)s(%(expressions)s, '^www\\.', '')"
    output_field = models.TextField()


class Domain(models.Model):
    """A host name of an ISP's own, for its portal or for its staff. Stored in lower-case A-labels."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="domains")
    host = models.CharField(_("domain"), max_length=253, unique=True)
    surface = models.CharField(max_length=15, choices=[(s.value, s.label) for s in (Surface.PORTAL, Surface.DASHBOARD)])
    is_primary = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # For how many seconds browsers that were here insist on HTTPS (domains.hsts). None: nothing was ever said of it,
    # and nothing is; 0: they are told to forget it.
    hsts_seconds = models.PositiveIntegerField(null=True)
    hsts_since = models.DateTimeField(null=True)
    # `www.` before the host (domains.twins): when it was last seen to lead here, None while it does not; when a visitor
    # asked for it and nobody has looked yet; when it was last looked at for a visitor.
    www_seen_at = models.DateTimeField(null=True)
    www_wanted_at = models.DateTimeField(null=True)
    www_looked_at = models.DateTimeField(null=True)

    objects = DomainQuerySet.as_manager()

    class Meta:
        ordering = ["host"]
        constraints = [
            models.UniqueConstraint(
                fields=["isp", "surface"], condition=models.Q(is_primary=True), name="one_primary_domain_per_surface"
            ),
            # `www.` leads to the name without it, so both belong to one hand, also in a race of two.
            models.UniqueConstraint(WithoutWww("host"), name="one_domain_with_and_without_www"),
        ]
        indexes = [
            models.Index(fields=["www_wanted_at"], name="www_wanted", condition=~models.Q(www_wanted_at=None)),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def shown_host(self) -> str:
        return shown(self.host)

    @property
    def twin(self) -> str:
        """The name that leads to this one: `www.` before it. Empty where the host begins with that itself."""
        return "" if self.host.startswith("www.") else f"www.{self.host}"

    @property
    def shown_twin(self) -> str:
        return shown(self.twin) if self.twin else ""

    def primary(self) -> "Domain | None":
        """The live domain of the same ISP and surface that the others redirect to. One query."""
        return Domain.objects.live().filter(isp=self.isp_id, surface=self.surface, is_primary=True).first()


def _label() -> str:
    return secrets.token_hex(8)


def _token() -> str:
    return secrets.token_urlsafe(24)


class DnsTarget(models.Model):
    """The name that an ISP's CNAME records point at. Random, so that nobody else's record can prove anything."""

    isp = models.OneToOneField(ISP, on_delete=models.CASCADE, related_name="dns_target")
    label = models.CharField(max_length=16, unique=True, default=_label)

    def __str__(self) -> str:
        return self.label

    @property
    def host(self) -> str:
        return f"{self.label}.cname.{settings.PLATFORM_DOMAIN}"


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A record to create. `relative_name` is the name below the zone's own, as most providers' forms want it."""

    kind: str
    name: str
    relative_name: str
    value: str


class ClaimQuerySet(models.QuerySet["Claim"]):
    def due(self, *, at: datetime) -> "ClaimQuerySet":
        """Those to be looked at by now, of ISPs on the air."""
        return self.filter(next_check_at__lte=at).exclude(isp__in=ISP.objects.suspended())


class Claim(models.Model):
    """A host that an ISP says is its own. The proof is in the DNS, and is looked for as long as the claim lives.

    `live_at` is when the proof was found and the host began to lead to the ISP, `ready_at` when it was first seen to
    open with a certificate, `lost_since` since when the proof is gone, `disabled_at` when that ended the domain.
    """

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="claims")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    host = models.CharField(_("domain"), max_length=253)
    surface = models.CharField(max_length=15, choices=[(s.value, s.label) for s in (Surface.PORTAL, Surface.DASHBOARD)])
    token = models.CharField(max_length=43, default=_token, editable=False)
    # In the address of the page for whoever runs the DNS. It can be shown again, so it is kept as it is; it opens
    # nothing but what the DNS is to tell everybody.
    page_key = models.CharField(max_length=43, default=_token, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    next_check_at = models.DateTimeField(null=True, db_index=True)  # None: not looked at any more until somebody asks
    checks = models.PositiveIntegerField(default=0)  # since the last change
    live_at = models.DateTimeField(null=True)
    ready_at = models.DateTimeField(null=True)
    lost_since = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    told = models.JSONField(default=dict)  # which mail was last sent when

    objects = ClaimQuerySet.as_manager()

    class Meta:
        ordering = ["host"]
        constraints = [models.UniqueConstraint(fields=["isp", "host"], name="one_claim_per_isp_and_host")]

    def __str__(self) -> str:
        return self.host

    @property
    def is_live(self) -> bool:
        return self.live_at is not None and self.disabled_at is None

    @property
    def is_ready(self) -> bool:
        """Live, and seen to work with everything that belongs to it."""
        return self.is_live and self.ready_at is not None

    @property
    def is_lost(self) -> bool:
        """The proof was there once and is gone; the domain still works, for the days of grace."""
        return self.is_live and self.lost_since is not None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    @property
    def is_off_by_plan(self) -> bool:
        """Whether the plan, and not the DNS, switched the domain off."""
        return self.is_disabled and OFF_BY_PLAN in self.told

    @property
    def ends_at(self) -> datetime | None:
        """When a lost domain stops to work."""
        return self.lost_since + timedelta(days=settings.DOMAIN_GRACE_DAYS) if self.lost_since else None

    @property
    def shown_host(self) -> str:
        return shown(self.host)

    @property
    def is_apex(self) -> bool:
        """Whether the host is the registered name itself, which can have no CNAME record."""
        return self.host == registrable(self.host)

    @property
    def proof_name(self) -> str:
        return f"_lastmile.{self.host}"

    @property
    def proof(self) -> str:
        return f"lastmile-domain={self.token}"

    @property
    def records(self) -> list[DnsRecord]:
        """What the ISP has to create: where the host leads, and the proof."""
        below = self.host.removesuffix(registrable(self.host)).rstrip(".")
        proof = DnsRecord("TXT", self.proof_name, f"_lastmile.{below}" if below else "_lastmile", self.proof)
        if not self.is_apex:
            return [DnsRecord("CNAME", self.host, below, self.isp.dns_target.host), proof]
        kinds = [("AAAA" if ":" in address else "A", address) for address in settings.EDGE_ADDRESSES]
        kinds = kinds or [("ALIAS", self.isp.dns_target.host)]
        return [*(DnsRecord(kind, self.host, "@", value) for kind, value in kinds), proof]


class Finding(models.Model):
    """What one check of a claim came to, the last time it was made, and since when it comes to that."""

    class Check(models.TextChoices):
        POINTING = "pointing", _("The name leads to us")
        OWNERSHIP = "ownership", _("The name is yours")
        CAA = "caa", _("Certificates are allowed")
        CERTIFICATE = "certificate", _("The certificate is there")
        REACHABLE = "reachable", _("The page opens")
        CAPTCHA = "captcha", _("Protection from robots works")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        GOOD = "good", _("good")
        WARNING = "warning", _("look at this")
        BAD = "bad", _("missing or wrong")

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="findings")
    check_name = models.CharField(max_length=11, choices=Check.choices, db_column="check")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=30)
    value = models.CharField(max_length=300)
    since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["claim", "check_name"], name="one_finding_per_claim_and_check")]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.state}"

    @property
    def title(self) -> str:
        return str(self.Check(self.check_name).label)

    @property
    def sentence(self) -> str:
        """What was found, for a person."""
        return sentence(self.check_name, self.reason, self.value)
