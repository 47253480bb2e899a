"""From a host name to what it shows. Warm requests spend no SQL here."""

from dataclasses import dataclass

from django.conf import settings

from core.caching import TimedCache
from core.scope import public_scope
from domains.hosts import BadHost, normalise
from domains.models import Domain, Surface
from tenants import directory, slugs
from tenants.directory import IspRef, reference
from tenants.models import ISP


@dataclass(frozen=True, slots=True)
class Site:
    """What a host shows: one surface, and the ISP where the host alone decides it.

    `redirect_to` is set where the host is a second name (`www.`), a former one, or one beside the primary domain; only
    the last can change back, so browsers must not keep it: `is_redirect_for_good` is False then. `hsts_seconds` is for
    how long browsers shall insist on HTTPS at this very host; None where its ISP has never asked for it.
    """

    surface: Surface
    host: str
    isp: IspRef | None = None
    redirect_to: str = ""
    is_redirect_for_good: bool = True
    hsts_seconds: int | None = None

    @property
    def is_portal(self) -> bool:
        return self.surface == Surface.PORTAL

    @property
    def urlconf(self) -> str:
        return f"core.urls.{self.surface}"


class UnknownHost(LookupError):
    """Nothing of ours answers at this name."""


_known: TimedCache[Site] = TimedCache(seconds=5, size=10_000)
_unknown: TimedCache[bool] = TimedCache(seconds=5, size=10_000)
directory.derived += [_known, _unknown]


def resolve(host: str) -> Site:
    """What the host of a request shows, from its Host header. Raises UnknownHost.

    Known names are cached for seconds; unknown ones too, in a cache of their own, so that a flood of made-up names
    neither asks the database each time nor pushes the real ones out.
    """
    try:
        name = normalise(host)
    except BadHost as error:
        raise UnknownHost(str(error)) from error

    def ask() -> Site:
        if _unknown.peek(name):
            raise UnknownHost(name)
        site = _find(name)
        if site is None:
            _unknown.put(name, True)
            raise UnknownHost(name)
        return site

    return _known.get(name, ask)


def forget_all() -> None:
    """Empty this process's caches, after a change that must show at once."""
    directory.forget_all()


def _find(name: str) -> Site | None:
    own = settings.PLATFORM_DOMAIN
    if name in {own, f"www.{own}"}:
        return Site(Surface.PLATFORM, own, redirect_to=own if name != own else "")
    if name == f"app.{own}":
        return Site(Surface.DASHBOARD, name)
    if name == f"portal.{own}":
        return Site(Surface.SHARED_PORTAL, name)
    if name.endswith(f".{own}") and "." not in (slug := name.removesuffix(f".{own}")):
        if not slugs.SLUG.fullmatch(slug):
            return None
        if isp := _isp(slug):
            return Site(Surface.PORTAL, name, isp)
        former = directory.by_former_slug(slug)
        return Site(Surface.PORTAL, name, former, redirect_to=f"{former.slug}.{own}") if former else None
    return _custom(name) or (_twin(name.removeprefix("www.")) if name.startswith("www.") else None)


def _isp(slug: str) -> IspRef | None:
    with public_scope():
        isp = ISP.objects.with_state().filter(slug=slug).first()
    return reference(isp) if isp else None


def _custom(name: str) -> Site | None:
    with public_scope():
        domain = Domain.objects.live().filter(host=name).first()
        isp = ISP.objects.with_state().get(pk=domain.isp_id) if domain else None
        primary = domain.primary() if domain and not domain.is_primary else None
    if domain is None or isp is None:
        return None
    target = primary.host if primary else ""
    return Site(
        Surface(domain.surface), name, reference(isp), target, is_redirect_for_good=not target,
        hsts_seconds=domain.hsts_seconds,
    )  # fmt: skip


def _twin(name: str) -> Site | None:
    site = _custom(name)
    return Site(site.surface, site.host, site.isp, redirect_to=site.host) if site else None
