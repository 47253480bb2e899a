"""How an ISP looks."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from company.models import Branding, PortalSettings, Profile
from core.templatetags.ui import contrast, text_on


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
    """The brand of `request.isp`, in whose scope the caller runs. Three queries; two where the settings are loaded."""
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
        settings=getattr(request, "portal_settings", None) or PortalSettings.load(),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """How well two colours can be told apart: the WCAG 2 contrast ratio, 1 to 21, and what it means."""

    ratio: float
    level: str  # good, large or poor
    text: str | Promise


GOOD, LARGE_ONLY = 4.5, 3.0  # ratios that WCAG 2 level AA asks of text, and of large text
LEVELS = {
    "good": _("reads well"),
    "large": _("reads well only when large"),
    "poor": _("hard to read"),
}
DARK = "#262626"  # cards in dark mode


def reading(one: str, other: str) -> Reading:
    """How one colour, as #rrggbb, reads on another one."""
    ratio = contrast(one, other)
    level = "good" if ratio >= GOOD else "large" if ratio >= LARGE_ONLY else "poor"
    return Reading(ratio, level, LEVELS[level])


def readings(colour: str) -> dict[str, Reading]:
    """How a brand colour reads: with the `text` that we put on it, and itself on `white` cards and on `dark` ones."""
    return {
        "text": reading(text_on(colour), colour),
        "white": reading(colour, "#ffffff"),
        "dark": reading(colour, DARK),
    }
