"""The start page of the platform."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.access import public_page
from core.http import Request
from core.links import dashboard_url


@public_page
@require_safe
def landing(request: Request) -> HttpResponse:
    """What Lastmile is, and the two ways in."""
    cards = [
        {
            "icon": "world",
            "title": _("A portal on your domain"),
            "text": _("Customers sign in under your name, with your logo and your colours."),
        },
        {
            "icon": "clipboard-list",
            "title": _("Install requests"),
            "text": _("A public form with documents; your team sees each request as it comes in."),
        },
        {
            "icon": "users-group",
            "title": _("Roles for the whole team"),
            "text": _("Owners, billing, support and technicians, each with what the work needs."),
        },
        {
            "icon": "shield-lock",
            "title": _("Strictly apart"),
            "text": _("Each company's data is kept separate, down in the database."),
        },
    ]
    return render(request, "platform/landing.html", {"cards": cards, "dashboard": dashboard_url()})
