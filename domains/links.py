"""Absolute addresses of our pages, on the right host for who will open them."""

from django.conf import settings

from core.links import base_url, dashboard_url, platform_url, shared_portal_url
from core.scope import public_scope
from domains.models import Domain, Surface
from tenants.directory import IspRef
from tenants.models import ISP

__all__ = [
    "base_url",
    "dashboard_url",
    "platform_url",
    "portal_origins",
    "portal_url",
    "primary_host",
    "shared_portal_url",
    "slug_host",
    "staff_url",
]


def slug_host(isp: ISP | IspRef) -> str:
    """The host on our own domain that every ISP has."""
    return f"{isp.slug}.{settings.PLATFORM_DOMAIN}"


def primary_host(isp: ISP | IspRef, surface: Surface) -> str:
    """The host that links to a portal or to a staff dashboard should carry."""
    with public_scope():
        domain = Domain.objects.live().filter(isp_id=isp.pk, surface=surface, is_primary=True).first()
    if domain:
        return domain.host
    return slug_host(isp) if surface == Surface.PORTAL else f"app.{settings.PLATFORM_DOMAIN}"


def portal_origins(isp: ISP | IspRef) -> list[str]:
    """Scheme, host and port of all hosts of an ISP's portal, the one that links carry first. One query."""
    with public_scope():
        rows = Domain.objects.live().filter(isp_id=isp.pk, surface=Surface.PORTAL)
        hosts = [domain.host for domain in rows.order_by("-is_primary", "host")]
    return [base_url(host) for host in [*hosts, slug_host(isp)]]


def portal_url(isp: ISP | IspRef, path: str = "/") -> str:
    """An address on an ISP's portal: on its own domain where it has one."""
    return base_url(primary_host(isp, Surface.PORTAL)) + path


def staff_url(isp: ISP | IspRef, path: str = "") -> str:
    """An address in an ISP's dashboard; `path` comes behind the slug."""
    return base_url(primary_host(isp, Surface.DASHBOARD)) + f"/{isp.slug}/{path}"
