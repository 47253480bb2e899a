"""Which names the edge may order certificates for: what Caddy asks before it does (`on_demand_tls`, `ask`)."""

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from core.caching import TimedCache
from core.scope import public_scope
from domains import twins
from domains.hosts import BadHost, normalise
from domains.models import Domain
from tenants import slugs
from tenants.models import ISP, FormerSlug

_answers: TimedCache[bool] = TimedCache(seconds=5, size=20_000)
# Names that were allowed go on being so while the database is away.
_allowed: TimedCache[bool] = TimedCache(seconds=3600, size=20_000)


def may_have_certificate(name: str) -> bool:
    """Whether a name is one of our own, an ISP's address on our domain, a live domain, or its `www.` seen to lead here.

    One look-up by an index, and none for names asked about in the last seconds. A `www.` that was never seen gets no
    for now, and is looked at soon (domains.twins): made-up visits to such names must not use up certificates.

    Raises OperationalError or InterfaceError when the database is away and the name was not allowed within the hour.
    """
    try:
        host = normalise(name)
    except BadHost:
        return False
    try:
        answer = _answers.get(host, lambda: _look_up(host))
    except (OperationalError, InterfaceError):
        if _allowed.peek(host):
            return True
        raise
    if answer:
        _allowed.put(host, True)
    return answer


def forget_all() -> None:
    """Empty this process's caches."""
    _answers.clear()
    _allowed.clear()


def _look_up(host: str) -> bool:
    own = settings.PLATFORM_DOMAIN
    if host in {own, f"www.{own}", f"app.{own}", f"portal.{own}"}:
        return True
    below = host.removesuffix(f".{own}")
    with public_scope():
        if below == host or "." in below:
            return _is_live(host)
        if not slugs.SLUG.fullmatch(below):
            return False
        isps = ISP.objects.filter(slug=below).values("pk")
        return isps.union(FormerSlug.objects.live().filter(slug=below).values("pk")).exists()


def _is_live(host: str) -> bool:
    # With and without `www.` there is one row at most.
    domain = Domain.objects.live().filter(host__in={host, host.removeprefix("www.")}).first()
    if domain is None or domain.host == host:
        return domain is not None
    if domain.www_seen_at is None:
        twins.want(domain=domain, at=timezone.now())
    return domain.www_seen_at is not None
