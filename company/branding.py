"""How an ISP looks."""

from dataclasses import dataclass

from django.http import HttpRequest

from company.models import Branding, PortalSettings, Profile
from core.templatetags.ui import text_on


@dataclass(frozen=True, slots=True)
class Brand:
    """Name, logo and colour of the ISP of a request, with its profile and portal switches."""

    name: str
    colour: str
    text_colour: str
    logo_url: str
    welcome: str
    profile: Profile
    settings: PortalSettings


def brand_of(request: HttpRequest) -> Brand:
    """The brand of `request.isp`, in whose scope the caller runs. Three queries."""
    profile = Profile.load()
    branding = Branding.objects.select_related("logo").filter(pk=1).first() or Branding(pk=1)
    link = f"/install/{request.isp_link}" if request.site.surface == "shared_portal" else ""
    return Brand(
        name=profile.display_name or request.isp.name,
        colour=branding.colour,
        text_colour=text_on(branding.colour),
        logo_url=f"{link}/logo/{branding.logo.uuid}/" if branding.logo else "",
        welcome=branding.welcome,
        profile=profile,
        settings=PortalSettings.load(),
    )
