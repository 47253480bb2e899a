"""Absolute addresses on the hosts of our own, which need no look-up. Those of an ISP are in `domains.links`."""

from django.conf import settings


def base_url(host: str) -> str:
    """Scheme, host and port of one of our hosts, without a trailing slash."""
    port = f":{settings.PUBLIC_PORT}" if settings.PUBLIC_PORT else ""
    return f"{settings.PUBLIC_SCHEME}://{host}{port}"


def platform_url(path: str = "/") -> str:
    """An address on the platform's own site."""
    return base_url(settings.PLATFORM_DOMAIN) + path


def dashboard_url(path: str = "/") -> str:
    """An address on the shared dashboard."""
    return base_url(f"app.{settings.PLATFORM_DOMAIN}") + path


def shared_portal_url(path: str = "/") -> str:
    """An address on the portal that all ISPs share."""
    return base_url(f"portal.{settings.PLATFORM_DOMAIN}") + path


def over_plain_http(url: str) -> str:
    """The same address without TLS, as a router leads to it: it has no certificate of the host that was asked for."""
    return f"http://{url.partition('://')[2]}"
