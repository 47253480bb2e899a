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
from core.scope import isp_scope
from tenants import directory, slugs
from tenants.directory import IspRef


def link_identifier(isp: IspRef) -> str:
    """What the links of the current ISP carry: its slug or, if it chose so, its UUID. One query."""
    return str(isp.uuid) if PortalSettings.load().identifier == Identifier.UUID else isp.slug


def isp_link_page(view: View) -> View:
    """Anybody may open the page, which runs in the scope of the ISP that the path names, as `request.isp`.

    The name must be the kind that the ISP chose for its links, and on an ISP's own host it must be that ISP's. All else
    is a 404. The view does not get the identifier; it finds it as `request.isp_link`.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, identifier: str, *args: Any, **kwargs: Any) -> HttpResponse:
        isp = _named(request, identifier)
        if isp.is_suspended:
            return neutral_page(503)
        with isp_scope(isp), timezone.override(zoneinfo.ZoneInfo(isp.timezone)):
            if identifier != link_identifier(isp):
                raise Http404
            request.isp, request.isp_link = isp, identifier
            return view(request, *args, **kwargs)

    return declare(wrapper, Access("public"))


def _named(request: HttpRequest, identifier: str) -> IspRef:
    """The ISP that an identifier names, without asking the database for another one's on an ISP's own host."""
    own = request.site.isp
    if own is not None:
        if identifier in {own.slug, str(own.uuid)}:
            return own
        raise Http404
    try:
        isp = directory.by_uuid(UUID(identifier)) if len(identifier) == 36 else None
    except ValueError:
        isp = None
    if slugs.SLUG.fullmatch(identifier):
        isp = isp or directory.by_slug(identifier)
    if isp is None:
        raise Http404
    return isp
