"""`www.` before an ISP's domain: whether the DNS leads it here, which decides whether it may have a certificate.

Nobody has to create it, so it is no line of the checklist. It is looked at with each check of the claim, and some
seconds after somebody has first asked for it; what visitors make up is looked at no more than once in some minutes.
"""

from datetime import datetime, timedelta

from django.db import transaction

from domains import dns
from domains.models import DnsTarget, Domain, Finding

PAUSE = timedelta(minutes=5)  # between two looks at a name that only visitors ask for


def want(*, domain: Domain, at: datetime) -> None:
    """Have the twin of a domain looked at within seconds, unless somebody has just done so. One short statement."""
    if domain.www_wanted_at is None and (domain.www_looked_at is None or domain.www_looked_at <= at - PAUSE):
        Domain.objects.filter(pk=domain.pk, www_wanted_at=None).update(www_wanted_at=at)


def take_wanted(*, at: datetime, most: int) -> list[str]:
    """The hosts whose twins are to be looked at now, each once. One that is lost may be asked for again."""
    with transaction.atomic():
        wanted = Domain.objects.live().exclude(www_wanted_at=None).select_for_update(skip_locked=True)
        found = list(wanted.order_by("www_wanted_at")[:most])
        Domain.objects.filter(pk__in=[each.pk for each in found]).update(www_wanted_at=None, www_looked_at=at)
    return [each.host for each in found]


def look(*, host: str, at: datetime) -> None:
    """Note whether `www.` of a live domain leads here. The DNS is asked outside of any transaction.

    An answer that cannot be had changes nothing: an outage takes no name away.
    """
    domain = Domain.objects.live().filter(host=host).first()
    if domain is None or not domain.twin:
        return
    target = DnsTarget.objects.filter(isp=domain.isp_id).first()
    verdict = dns.leads_here(domain.twin, target.host if target else "")
    seen = {"www_seen_at": at if verdict.state == Finding.State.GOOD else None}
    known = seen if verdict.state == Finding.State.GOOD or verdict.is_lost else {}
    Domain.objects.filter(pk=domain.pk).update(www_wanted_at=None, **known)
