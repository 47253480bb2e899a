"""Public pages whose address names an ISP: `/install/<slug or uuid>/` and the like."""

import functools
import zoneinfo
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from company.models import Identifier, PortalSettings
from core.access import Access, View, declare
from core.errors import neutral_page
from core.http import moved
from core.scope import isp_scope
from tenants import directory, slugs
from tenants.directory import IspRef


def link_identifier(isp: IspRef) -> str:
    """What the links of the current ISP carry: its slug or, if it chose so, its UUID. One query."""
    return _identifier(isp, PortalSettings.load())


def _identifier(isp: IspRef, settings: PortalSettings) -> str:
    return str(isp.uuid) if settings.identifier == Identifier.UUID else isp.slug


def isp_link_page(view: View) -> View:
    """Anybody may open the page, which runs in the scope of the ISP that the path names, as `request.isp`.

    The name must be the kind that the ISP chose for its links, and on an ISP's own host it must be that ISP's. All else
    is a 404. The view does not get the identifier; it finds it as `request.isp_link`. A former slug leads to the new
    one while it is remembered, but only where links carry the slug: a hidden form stays hidden.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, identifier: str, *args: Any, **kwargs: Any) -> HttpResponse:
        isp = _named(request, identifier)
        if isp is None:
            return _renamed(request, identifier)
        if isp.is_suspended:
            return neutral_page(503)
        with isp_scope(isp), timezone.override(zoneinfo.ZoneInfo(isp.timezone)):
            request.isp = isp  # known from here on, so that a page without its tables is told from a fault
            request.portal_settings = PortalSettings.load()  # type: ignore[attr-defined] # for the brand, too
            if identifier != _identifier(isp, request.portal_settings):  # type: ignore[attr-defined]
                raise Http404
            request.isp_link = identifier
            return view(request, *args, **kwargs)

    return declare(wrapper, Access("public"))


def _named(request: HttpRequest, identifier: str) -> IspRef | None:
    """The ISP that an identifier names, without asking the database for another one's on an ISP's own host."""
    own = request.site.isp
    if own is not None:
        return own if identifier in {own.slug, str(own.uuid)} else None
    try:
        isp = directory.by_uuid(UUID(identifier)) if len(identifier) == 36 else None
    except ValueError:
        isp = None
    if slugs.SLUG.fullmatch(identifier):
        isp = isp or directory.by_slug(identifier)
    return isp


def _renamed(request: HttpRequest, identifier: str) -> HttpResponse:
    """To the same page under the slug of today, for a slug that its ISP had until lately. Raises Http404."""
    isp = directory.by_former_slug(identifier) if slugs.SLUG.fullmatch(identifier) else None
    own = request.site.isp
    if isp is None or (own is not None and own.pk != isp.pk):
        raise Http404
    if isp.is_suspended:
        return neutral_page(503)
    with isp_scope(isp):
        if link_identifier(isp) != isp.slug:
            raise Http404
    return moved(request, request.get_full_path().replace(f"/{identifier}/", f"/{isp.slug}/", 1))
