"""What an ISP's licence plan means for its domains: how many, and what happens to those that are too many."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise

from core.audit import record
from core.scope import public_scope
from domains import resolver
from domains.models import OFF_BY_PLAN, Claim, DnsTarget, Domain, Surface
from domains.services import domains_used, wake_asleep
from tenants.directory import IspRef
from tenants.models import ISP, Licence, StaffUser
from tenants.plans import LIMITS, Plan, plan_of
from tenants.roles import Role
from tenants.services.mail import send_platform_mail

WARNING = timedelta(days=7)  # before the end of the grace


@dataclass(frozen=True, slots=True)
class Usage:
    """How an ISP stands with its plan."""

    plan: str | Promise
    limit: int
    used: int
    ends_at: datetime | None  # when what is too much stops working
    going: list[str]  # the domains that stop then, as people write them
    off: list[str]  # those that have stopped

    @property
    def is_over(self) -> bool:
        return self.used > self.limit

    @property
    def is_full(self) -> bool:
        return self.used == self.limit


def usage(isp: ISP | IspRef) -> Usage:
    """How an ISP stands with its plan, in whatever scope. Six queries."""
    with public_scope():
        plan = plan_of(isp)
        limit = LIMITS[plan].domains
        licence = Licence.objects.running().filter(isp_id=isp.pk).first()
        going = surplus(isp, limit) if licence and licence.grace_until else []
        return Usage(
            plan=plan.label,
            limit=limit,
            used=domains_used(isp),
            ends_at=licence.grace_until if licence and going else None,
            going=[Claim(host=domain.host).shown_host for domain in going],
            off=[claim.shown_host for claim in Claim.objects.filter(isp_id=isp.pk) if claim.is_off_by_plan],
        )


def surplus(isp: ISP | IspRef, limit: int) -> list[Domain]:
    """The live domains beyond a limit: the newest go first, the primary ones last, and the portal's after the staff's.

    Each surface's primary outlives all others, so no other domain has to take its place.
    """
    live = list(Domain.objects.live().filter(isp_id=isp.pk).order_by("-created_at", "-pk"))
    live.sort(key=lambda domain: (domain.is_primary, domain.is_primary and domain.surface == Surface.PORTAL))
    return live[: max(len(live) - limit, 0)]


def look_after(*, licence_id: int, at: datetime) -> None:
    """Do what a plan asks for at this time: wake what has room again, warn, warn again, switch off. Safe to repeat."""
    with transaction.atomic():
        isp = ISP.objects.select_for_update().filter(licences=licence_id).first()
        licence = Licence.objects.due(at=at).filter(pk=licence_id).first()
        if isp is None or licence is None:
            return
        wake_asleep(isp=isp, at=at)
        going = surplus(isp, LIMITS[plan_of(isp)].domains)
        licence.next_look_at = None
        if going and licence.grace_until:
            licence.next_look_at = _warn_or_end(isp, licence, licence.grace_until, going, at)
        licence.save(update_fields=["next_look_at"])


def _warn_or_end(isp: ISP, licence: Licence, end: datetime, going: list[Domain], at: datetime) -> datetime | None:
    """Gives the time of the next look."""
    if at >= end:
        for domain in going:
            _switch_off(isp, domain, at)
        transaction.on_commit(resolver.forget_all)
        _tell(isp, licence, going, OFF_BY_PLAN)
        return None
    is_soon = at >= end - WARNING
    _tell(isp, licence, going, "plan_soon" if is_soon else "plan_over")
    return end if is_soon else end - WARNING


def _switch_off(isp: ISP, domain: Domain, at: datetime) -> None:
    """The domain leads nowhere; a claim stays from which it comes back by a proof, also of what never needed one."""
    Domain.objects.filter(pk=domain.pk).update(verified_at=None, is_primary=False)
    DnsTarget.objects.get_or_create(isp=isp)
    claim, _ = Claim.objects.get_or_create(
        isp=isp, host=domain.host, defaults={"surface": domain.surface, "live_at": domain.verified_at}
    )
    claim.disabled_at, claim.next_check_at, claim.told = at, None, claim.told | {OFF_BY_PLAN: at.isoformat()}
    claim.save(update_fields=["disabled_at", "next_check_at", "told"])
    record("domains.domain.switched_off", by=None, on=isp, host=domain.host, surface=domain.surface)


def _tell(isp: ISP, licence: Licence, going: list[Domain], news: str) -> None:
    """Mail the owners of the ISP."""
    owners = StaffUser.objects.filter(memberships__isp=isp, memberships__role=Role.OWNER, is_active=True)
    hosts = ", ".join(Claim(host=domain.host).shown_host for domain in going)
    for user in owners.distinct():
        send_platform_mail(
            template=f"domains/{news}",
            language=isp.language,
            to=user.email,
            isp=isp.name,
            plan=Plan(licence.plan).label,
            hosts=hosts,
            until=licence.grace_until,
        )
