"""Claims of domains: made by an ISP, proved in the DNS, looked after for as long as they live."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.audit import Actor, record
from domains import dns, probe, resolver, twins
from domains.hosts import is_address, registrable, shown
from domains.models import Claim, DnsTarget, Domain, Finding, Surface
from domains.services import CannotAdd, PlanLimit, add_domain, check_limit, remove_domain, usable, wake_asleep
from tenants import slugs
from tenants.directory import IspRef
from tenants.models import ISP, StaffUser
from tenants.roles import Role
from tenants.services.mail import send_platform_mail

Check, State = Finding.Check, Finding.State
SECONDS = 10  # before the second check; doubled with each one
LONGEST = timedelta(minutes=30)
ABANDONED = timedelta(minutes=5)  # after which a check that never came back is made again
STUCK = timedelta(days=3)  # without progress, before a mail says what is missing and checks become rare
RARELY = timedelta(hours=6)
GIVEN_UP = timedelta(days=30)  # after which nobody looks any more until somebody asks
DAILY = timedelta(days=1)
CONFIRMED = timedelta(minutes=5)  # a loss that lasts as long is worth a mail
# What is looked at besides, once a host leads to its ISP. Apps above add theirs.
examiners: list[Callable[[Claim], dict[str, dns.Verdict]]] = [probe.examine]
LOOK_ALIKE = re.compile(r"(?:^|-)lastmile(?:-|$)")


def claim_domain(*, isp: ISP | IspRef, host: str, surface: Surface, by: Actor | None) -> Claim:
    """Let an ISP start to prove that a host is its own; one claim of each host. Raises CannotAdd with a sentence.

    The host may come as an address from a browser, with scheme, port and path.
    """
    name = _claimable(host)
    with transaction.atomic():
        isp = ISP.objects.select_for_update().get(pk=isp.pk)
        check_limit(isp)
        if Domain.objects.live().filter(host__in=_twins(name)).exists():
            raise CannotAdd(_("%(host)s is in use already.") % {"host": shown(name)})
        if Claim.objects.filter(isp=isp, host__in=_twins(name)).exists():
            raise CannotAdd(_("%(host)s is on your list already, with or without “www.”.") % {"host": shown(name)})
        DnsTarget.objects.get_or_create(isp=isp)
        claim = Claim.objects.create(isp=isp, host=name, surface=surface, next_check_at=timezone.now())
        record("domains.claim.made", by=by, on=isp, host=name, surface=str(surface))
    return claim


def release_claim(*, claim: Claim, by: Actor | None) -> None:
    """Give a domain up; it leads nowhere from now on, and whoever proves it may have it."""
    with transaction.atomic():
        isp = ISP.objects.select_for_update().get(pk=claim.isp_id)
        Claim.objects.filter(pk=claim.pk).delete()
        if Domain.objects.filter(isp=isp, host=claim.host).exists():
            remove_domain(host=claim.host, by=by)
        else:
            record("domains.claim.released", by=by, on=isp, host=claim.host)
            wake_asleep(isp=isp, at=timezone.now())


def check_soon(*, claim: Claim, at: datetime) -> None:
    """Have a claim looked at within seconds, and more often for a while. That is no business of the audit log."""
    Claim.objects.filter(pk=claim.pk).update(next_check_at=at, checks=0)


def check_portals_soon(*, isp_id: int, at: datetime) -> None:
    """Have all working portal domains of an ISP looked at within seconds, after a change that their checklists show."""
    portals = Claim.objects.filter(isp_id=isp_id, surface=Surface.PORTAL, disabled_at=None).exclude(live_at=None)
    portals.update(next_check_at=at)


def make_primary(*, domain: Domain, by: Actor | None) -> None:
    """Have links carry this domain; the surface's other ones redirect to it. Raises CannotAdd if it is not live."""
    with transaction.atomic():
        ISP.objects.select_for_update().get(pk=domain.isp_id)
        chosen = Domain.objects.live().filter(pk=domain.pk).first()
        claim = Claim.objects.filter(isp_id=domain.isp_id, host=domain.host).first()
        if chosen is None or (claim is not None and not claim.is_ready):
            raise CannotAdd(_("%(host)s does not work yet, so links cannot lead there.") % {"host": shown(domain.host)})
        Domain.objects.filter(isp_id=chosen.isp_id, surface=chosen.surface).update(is_primary=False)
        Domain.objects.filter(pk=chosen.pk).update(is_primary=True)
        record("domains.domain.made_primary", by=by, on=chosen.isp, host=chosen.host)
        transaction.on_commit(resolver.forget_all)


def check_claim(*, claim_uuid: UUID, at: datetime) -> None:
    """Look for the proof of a claim in the DNS, do what follows, and look at the page of a host that leads to us.

    Nothing, if the claim is gone. DNS and edge are asked outside of any transaction; a worker that dies in between
    leaves a claim that is due again in some minutes.
    """
    claim = Claim.objects.select_related("isp__dns_target").filter(uuid=claim_uuid).first()
    if claim is None:
        return
    claim = _settle(claim, dns.examine(claim), at, _follow)
    if claim is not None and claim.is_live:
        twins.look(host=claim.host, at=at)
        seen: dict[str, dns.Verdict] = {}
        for examine in examiners:
            seen |= examine(claim)
        _settle(claim, seen, at, _open)


def note_finding(*, isp: ISP | IspRef, host: str, check: str, verdict: dns.Verdict, at: datetime) -> None:
    """Write down what was found out about a live claim in between, by somebody else than our own round of checks."""
    claim = Claim.objects.select_for_update().filter(isp_id=isp.pk, host=host, disabled_at=None).first()
    if claim is not None and claim.is_live:
        _note(claim, check, verdict, at)


def take_due(*, at: datetime, most: int) -> list[UUID]:
    """The claims to check now. Each comes up again in some minutes, should its check be lost with a worker."""
    with transaction.atomic():
        due = Claim.objects.due(at=at).select_for_update(skip_locked=True, of=("self",)).order_by("next_check_at")
        found = list(due[:most])
        Claim.objects.filter(pk__in=[claim.pk for claim in found]).update(next_check_at=at + ABANDONED)
    return [claim.uuid for claim in found]


Verdicts = dict[str, dns.Verdict]


def _settle(
    claim: Claim, seen: Verdicts, at: datetime, follow: Callable[[Claim, Verdicts, datetime], Verdicts]
) -> Claim | None:
    """Write down what was seen and do what follows from it, in one transaction. Gives the claim as it is then."""
    with transaction.atomic():
        # ISP before claim, as in all verbs here, so that no two of them wait for each other.
        ISP.objects.select_for_update().get(pk=claim.isp_id)
        claims = Claim.objects.select_for_update(of=("self",)).select_related("isp__dns_target")
        current = claims.filter(pk=claim.pk).first()
        if current is None:
            return None
        for check, verdict in follow(current, seen, at).items():
            _note(current, check, verdict, at)
        _tell_if_stuck(current, at)
        current.next_check_at = _next_check(current, at)
        current.save()
    return current


def _note(claim: Claim, check: str, verdict: dns.Verdict, at: datetime) -> None:
    old = claim.findings.filter(check_name=check).first()
    same = old is not None and (old.state, old.reason) == (verdict.state, verdict.reason)
    Finding.objects.update_or_create(
        claim=claim,
        check_name=check,
        defaults={
            "state": verdict.state,
            "reason": verdict.reason,
            "value": verdict.value[:300],
            "since": old.since if old is not None and same else at,
            "checked_at": at,
        },
    )


def _follow(claim: Claim, seen: Verdicts, at: datetime) -> Verdicts:
    """Make live, warn, or disable."""
    claim.checks += 1
    proofs = [seen[Check.POINTING], seen[Check.OWNERSHIP]]
    if all(proof.state == State.GOOD for proof in proofs):
        if not claim.is_live:
            if refused := _make_live(claim, at):
                return seen | {Check.OWNERSHIP: dns.Verdict(State.BAD, refused)}
        elif claim.lost_since:
            claim.lost_since, claim.checks = None, 0
            record("domains.claim.found_again", by=None, on=claim.isp, host=claim.host)
    elif claim.is_live and any(proof.is_lost for proof in proofs):
        _lose(claim, at)
    return seen  # what could not be asked proves nothing


def _open(claim: Claim, seen: Verdicts, at: datetime) -> Verdicts:
    """Call a live domain ready once its page opens; the first ready one of a surface is its primary.

    A captcha that does not work is shown, but keeps nobody's domain waiting: the verifier is not ours.
    """
    works = all(verdict.state == State.GOOD for check, verdict in seen.items() if check != Check.CAPTCHA)
    if claim.is_live and not claim.ready_at and works:
        claim.ready_at, claim.checks = at, 0
        domain = Domain.objects.filter(isp=claim.isp, host=claim.host).first()
        if domain and domain.primary() is None:
            Domain.objects.filter(pk=domain.pk).update(is_primary=True)
        transaction.on_commit(resolver.forget_all)
        _tell(claim, "live", at)
    return seen


def _make_live(claim: Claim, at: datetime) -> str:
    """Give the claim its domain. Gives the reason of a refusal: `taken` by another ISP, or too many for the `plan`."""
    try:
        with transaction.atomic():
            if not Domain.objects.live().filter(isp=claim.isp, host=claim.host).exists():
                # What lost its proof stands in nobody's way, whose ever it was.
                Domain.objects.filter(host__in=_twins(claim.host), verified_at=None).delete()
                domain = add_domain(isp=claim.isp, host=claim.host, surface=Surface(claim.surface))
                Domain.objects.filter(pk=domain.pk).update(is_primary=False)
    except PlanLimit:
        return "plan"
    except CannotAdd:
        return "taken"
    claim.live_at, claim.ready_at, claim.lost_since, claim.disabled_at, claim.checks = at, None, None, None, 0
    claim.told = {}  # of an earlier life
    return ""


def _lose(claim: Claim, at: datetime) -> None:
    """Warn, once the loss is confirmed; disable after the grace."""
    if claim.lost_since is None:
        claim.lost_since, claim.checks = at, 0
        record("domains.claim.lost", by=None, on=claim.isp, host=claim.host)
    elif claim.ends_at and at >= claim.ends_at:
        _disable(claim, at)
    elif at - claim.lost_since >= CONFIRMED and not _was_told(claim, "lost", since=claim.lost_since):
        _tell(claim, "lost", at)


def _disable(claim: Claim, at: datetime) -> None:
    claim.disabled_at, claim.checks = at, 0
    Domain.objects.filter(isp=claim.isp, host=claim.host).update(verified_at=None, is_primary=False)
    live = Domain.objects.live().filter(isp=claim.isp, surface=claim.surface)
    heir = live.order_by("-is_primary", "created_at", "pk").first()
    if heir is not None:
        Domain.objects.filter(pk=heir.pk).update(is_primary=True)
    record("domains.claim.disabled", by=None, on=claim.isp, host=claim.host)
    _tell(claim, "disabled", at)
    claim.save(update_fields=["disabled_at"])  # it takes no room any more
    wake_asleep(isp=claim.isp, at=at)
    transaction.on_commit(resolver.forget_all)


def _tell_if_stuck(claim: Claim, at: datetime) -> None:
    """Say what is missing, once, after days in which nothing has changed since the claim was made."""
    if claim.ready_at or claim.disabled_at or "stuck" in claim.told:
        return
    findings = list(claim.findings.all())
    if at - max([claim.created_at, *(finding.since for finding in findings if finding.since)]) >= STUCK:
        with translation.override(claim.isp.language):
            wrong = [f"{each.title}: {each.sentence}" for each in findings if each.state != State.GOOD]
        rows = [f"{row.kind} {row.name} → {row.value}" for row in claim.records]
        _tell(claim, "stuck", at, missing=" ".join(wrong), records="; ".join(rows))


def _was_told(claim: Claim, news: str, *, since: datetime) -> bool:
    return news in claim.told and datetime.fromisoformat(claim.told[news]) >= since


def _tell(claim: Claim, news: str, at: datetime, **context: object) -> None:
    """Mail the owners and administrators of the ISP."""
    claim.told = claim.told | {news: at.isoformat()}
    staff = StaffUser.objects.filter(memberships__isp=claim.isp, memberships__role__in=[Role.OWNER, Role.ADMIN])
    for user in staff.filter(is_active=True).distinct():
        send_platform_mail(
            template=f"domains/{news}",
            language=claim.isp.language,
            to=user.email,
            host=claim.shown_host,
            isp=claim.isp.name,
            days=settings.DOMAIN_GRACE_DAYS,
            **context,
        )


def _next_check(claim: Claim, at: datetime) -> datetime | None:
    """Seconds at first, then minutes, then hours; a day once all is well. None for what nobody works on any more."""
    if claim.is_ready and not claim.is_lost:
        return at + DAILY
    age = at - (claim.disabled_at or claim.created_at)
    if not claim.is_live and age >= GIVEN_UP:
        return None
    soon = min(timedelta(seconds=SECONDS * 2 ** min(max(claim.checks - 1, 0), 20)), LONGEST)
    is_forgotten = not claim.is_live and age >= STUCK and soon >= LONGEST
    return at + (RARELY if is_forgotten else soon)


def _twins(name: str) -> set[str]:
    """The names that belong to one hand: with and without `www.`."""
    bare = name.removeprefix("www.")
    return {name, bare, f"www.{name}"}


def _claimable(text: str) -> str:
    """The host within what somebody typed. Raises CannotAdd."""
    typed = text.strip()
    if len(typed) > 300:
        raise CannotAdd(_("This is too long for a domain name."))
    if "*" in typed:
        raise CannotAdd(_("A wildcard cannot be claimed. Add each name by itself."))
    try:
        host = urlsplit(typed if "://" in typed else "//" + typed.lstrip("/")).netloc
    except ValueError as error:
        raise CannotAdd(_("This is not a domain name.")) from error
    if is_address(host):
        raise CannotAdd(_("An IP address is not a domain."))
    name = usable(host)
    if not registrable(name):
        raise CannotAdd(_("%(host)s is open to everybody and belongs to nobody.") % {"host": shown(name)})
    own = slugs.skeleton(settings.PLATFORM_DOMAIN.split(".")[0])
    if any(LOOK_ALIKE.search(label) or slugs.skeleton(label) == own for label in name.split(".")[:-1]):
        raise CannotAdd(_("%(host)s looks like a name of the platform.") % {"host": shown(name)})
    return name
