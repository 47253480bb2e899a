"""Which hosts lead to an ISP: putting a domain in place and taking it away."""

from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.audit import Actor, record
from domains import resolver
from domains.hosts import BadHost, is_address, normalise, shown
from domains.models import OFF_BY_PLAN, Claim, Domain, Surface
from tenants.directory import IspRef
from tenants.models import ISP
from tenants.plans import LIMITS, plan_of


class CannotAdd(Exception):
    """The domain cannot lead to the ISP. The text says why, for a person."""


class PlanLimit(CannotAdd):
    """The ISP has all the domains that its plan includes."""


class NoSuchDomain(Exception):
    """No ISP has this domain."""


def add_domain(*, isp: ISP, host: str, surface: Surface, is_primary: bool = False, by: Actor | None = None) -> Domain:
    """Let a host lead to an ISP's portal or staff pages, as verified, from now on.

    The first domain of a surface is its primary one in any case; another one becomes it on request. Raises CannotAdd,
    and its PlanLimit beyond what the ISP's plan includes.
    """
    name = usable(host)
    ISP.objects.select_for_update().get(pk=isp.pk)
    bare = name.removeprefix("www.")
    # `www.` leads to the name without it, so both belong to one hand.
    if Domain.objects.filter(host__in={name, bare, f"www.{name}"}).exists():
        raise CannotAdd(_("%(host)s is in use already.") % {"host": shown(name)})
    _refuse_above(isp, Domain.objects.live().filter(isp=isp).count())
    primaries = Domain.objects.filter(isp=isp, surface=surface, is_primary=True)
    if is_primary:
        primaries.update(is_primary=False)
    try:
        with transaction.atomic():
            domain = Domain.objects.create(
                isp=isp,
                host=name,
                surface=surface,
                is_primary=not primaries.exists(),
                verified_at=timezone.now(),
            )
    except IntegrityError as error:
        raise CannotAdd(_("%(host)s is in use already.") % {"host": shown(name)}) from error
    record("domains.domain.added", by=by, on=isp, host=name, surface=str(surface), primary=domain.is_primary)
    transaction.on_commit(resolver.forget_all)
    return domain


def remove_domain(*, host: str, by: Actor | None = None) -> ISP:
    """Take a domain away; the next one of its surface becomes primary. Raises NoSuchDomain.

    A domain for which the plan had no room before comes back by itself, if it still proves to be the ISP's.
    """
    try:
        name = normalise(host)
    except BadHost as error:
        raise NoSuchDomain(host) from error
    # ISP before domain, as in all verbs here, so that no two of them wait for each other.
    isp = ISP.objects.select_for_update().filter(domains__host=name).first()
    domain = Domain.objects.select_for_update().filter(host=name, isp=isp).first()
    if isp is None or domain is None:
        raise NoSuchDomain(name)
    domain.delete()
    Claim.objects.filter(isp=isp, host=name).delete()  # or its proof would bring the domain back
    if domain.is_primary:
        heir = Domain.objects.live().filter(isp=isp, surface=domain.surface).order_by("created_at", "pk").first()
        if heir:
            heir.is_primary = True
            heir.save(update_fields=["is_primary"])
    record("domains.domain.removed", by=by, on=isp, host=name, surface=domain.surface)
    wake_asleep(isp=isp, at=timezone.now())
    transaction.on_commit(resolver.forget_all)
    return isp


def wake_asleep(*, isp: ISP, at: datetime) -> None:
    """Have the oldest claims that the plan switched off checked again, as many as it has room for by now.

    Call it wherever room may have come. The caller holds the lock of the ISP's row.
    """
    asleep = [each for each in Claim.objects.filter(isp=isp).order_by("created_at", "pk") if each.is_off_by_plan]
    if not asleep:
        return
    room = max(LIMITS[plan_of(isp)].domains - domains_used(isp), 0)
    for claim in asleep[:room]:
        claim.told = {news: when for news, when in claim.told.items() if news != OFF_BY_PLAN}
        claim.next_check_at, claim.checks = at, 0
        claim.save(update_fields=["told", "next_check_at", "checks"])


def domains_used(isp: ISP | IspRef) -> int:
    """How many domains count for an ISP's plan: claims that are not switched off, and what works without a claim."""
    claims = Claim.objects.filter(isp_id=isp.pk)
    without = Domain.objects.live().filter(isp_id=isp.pk).exclude(host__in=claims.values("host"))
    return claims.filter(disabled_at=None).count() + without.count()


def check_limit(isp: ISP) -> None:
    """Raise PlanLimit unless the ISP may have one more domain. The caller holds the lock of the ISP's row."""
    _refuse_above(isp, domains_used(isp))


def _refuse_above(isp: ISP, used: int) -> None:
    plan = plan_of(isp)
    limit = LIMITS[plan].domains
    if used < limit:
        return
    if not limit:
        sentence = _("Your plan “%(plan)s” includes no domain of your own. Ask us for a bigger one.")
    else:
        sentence = ngettext(
            "Your plan “%(plan)s” includes %(count)s domain. Remove it first, or ask us for a bigger plan.",
            "Your plan “%(plan)s” includes %(count)s domains. Remove one first, or ask us for a bigger plan.",
            limit,
        )
    raise PlanLimit(sentence % {"plan": plan.label, "count": limit})


def usable(host: str) -> str:
    """The host in its one form. Raises CannotAdd for what is no domain of an ISP's own."""
    try:
        name = normalise(host)
    except BadHost as error:
        raise CannotAdd(str(error)) from error
    if is_address(name) or name.rpartition(".")[2].isdecimal():
        raise CannotAdd(_("An IP address is not a domain."))
    if "." not in name:
        raise CannotAdd(_("A domain has at least two parts, such as example.com."))
    own = settings.PLATFORM_DOMAIN
    if name == own or (name.endswith(f".{own}") and not _is_stand_in(name)):
        raise CannotAdd(_("%(host)s belongs to the platform.") % {"host": shown(name)})
    return name


def _is_stand_in(name: str) -> bool:
    """Whether a name plays a customer's domain in the demo, where all names end in `.localhost`.

    One label below `localhost` are the platform's own hosts and the ISPs' slugs; `www.` does not make a second.
    """
    below = name.removesuffix(f".{settings.PLATFORM_DOMAIN}").removeprefix("www.")
    return settings.PLATFORM_DOMAIN == "localhost" and "." in below
