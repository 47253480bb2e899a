"""HTTPS only, as an ISP wishes it: what browsers are told to insist on (HSTS), small at first, a step at a time.

A browser that was told keeps to it for that many seconds after its last visit, and lets nobody click a broken
certificate away. So nothing is said of a host whose ISP has not asked, nothing of names below it, and no host goes on a
list that is built into browsers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.audit import Actor, record
from domains import resolver
from domains.models import Claim, Domain, Finding
from tenants.models import ISP

# What can be chosen: seconds, and how people say it. Each step up is one; down goes to any of them.
STEPS: dict[int, str | Promise] = {
    300: gettext_lazy("5 minutes"),
    86_400: gettext_lazy("1 day"),
    30 * 86_400: gettext_lazy("30 days"),
    365 * 86_400: gettext_lazy("1 year"),
}
TESTED = timedelta(days=1)  # for which a step must have held before the next one, or as long as it lasts, if shorter


class CannotInsist(Exception):
    """The wish is not taken. The text says why, for a person."""


def header(seconds: int | None) -> str:
    """What `Strict-Transport-Security` says; empty where nothing may be said."""
    return "" if seconds is None else f"max-age={seconds}"


def has_certificate(claim: Claim) -> bool:
    """Whether our own visits found a certificate that browsers trust. One query."""
    return claim.findings.filter(check_name=Finding.Check.CERTIFICATE, state=Finding.State.GOOD).exists()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a domain stands: what browsers are told now, since when, and what can be chosen."""

    seconds: int | None
    since: datetime | None
    has_certificate: bool
    now: datetime

    @property
    def name(self) -> str:
        """How long it lasts, as people say it; empty while browsers insist on nothing."""
        return str(STEPS.get(self.seconds or 0, ""))

    @property
    def is_leaving(self) -> bool:
        """Whether it was on once, and browsers that come are told to forget it."""
        return self.seconds == 0

    @property
    def next_at(self) -> datetime | None:
        """When the step of now has held long enough for the next one; None if it has."""
        if not self.seconds or self.since is None:
            return None
        ripe = self.since + min(TESTED, timedelta(seconds=self.seconds))
        return ripe if ripe > self.now else None

    @property
    def higher(self) -> int | None:
        """The next step up, whether it can be taken yet or not."""
        return next((step for step in STEPS if step > (self.seconds or 0)), None)

    @property
    def choices(self) -> list[tuple[int, str]]:
        """What can be chosen, from the smallest: everything below what holds, and the next step where it is ripe."""
        may_rise = self.has_certificate and self.next_at is None
        steps = [step for step in STEPS if step < (self.seconds or 0) or (may_rise and step == self.higher)]
        off = [(0, str(_("Switch it off")))] if self.seconds else []
        return [*off, *((step, str(STEPS[step])) for step in steps)]


def standing(domain: Domain, claim: Claim) -> Standing:
    """How a claim's domain stands. One query."""
    return Standing(domain.hsts_seconds, domain.hsts_since, has_certificate(claim), timezone.now())


def insist(*, claim: Claim, seconds: int, by: Actor | None) -> Domain:
    """Have browsers insist on HTTPS at a claim's domain for so many seconds; 0 has them forget it.

    Raises CannotInsist: more is said only while the certificate is there, a step at a time, each after the last one has
    held for a day. Less can be said at any time.
    """
    with transaction.atomic():
        isp = ISP.objects.select_for_update().get(pk=claim.isp_id)
        domain = Domain.objects.live().filter(isp=isp, host=claim.host).first()
        if domain is None:
            raise CannotInsist(_("%(host)s does not work yet.") % {"host": claim.shown_host})
        stands = standing(domain, claim)
        if seconds == (stands.seconds or 0):
            return domain
        if seconds not in dict(stands.choices):
            raise CannotInsist(_refusal(stands, seconds))
        domain.hsts_seconds, domain.hsts_since = seconds, stands.now
        domain.save(update_fields=["hsts_seconds", "hsts_since"])
        record("domains.domain.hsts_changed", by=by, on=isp, host=domain.host, before=stands.seconds, after=seconds)
        transaction.on_commit(resolver.forget_all)
    return domain


def _refusal(stands: Standing, seconds: int) -> str:
    if seconds != stands.higher:
        return _("Take one step at a time, beginning with the smallest.")
    if not stands.has_certificate:
        return _("We do not see a certificate that browsers trust at the moment. Wait until we do.")
    return _("Wait until the step of now has held for a while, then take the next one.")
