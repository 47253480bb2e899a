"""What the ISP says to its subscribers, in the portal."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.access import subscriber_page
from subscribers.models import Announcement, AnnouncementQuerySet, PortalUser
from subscribers.portal_roles import PortalRight
from subscribers.services import announcements as services

KEPT = timedelta(days=365)  # for which those that are over can still be read
SHOWN = 100


def on_home(user: PortalUser) -> list[Announcement]:
    """What stands on top of the first page: what runs and was not put away; what is urgent stays there. Two queries.

    Who came by a link for paying sees nothing that was written to one person.
    """
    running = _meant(user).running(at=timezone.now()).select_related("zone")
    if user.pays_only:
        running = running.exclude(audience=Announcement.Audience.SUBSCRIBER)
    return [
        row for row in running.order_by("-is_urgent", "-begins_at", "-pk")[:SHOWN] if row.is_urgent or not row.is_read
    ]


def at_sign_in() -> AnnouncementQuerySet:
    """Outages and the like that whoever cannot sign in reads, too. One query."""
    return Announcement.objects.for_anybody().running(at=timezone.now()).select_related("zone")[:3]


def _meant(user: PortalUser) -> AnnouncementQuerySet:
    return Announcement.objects.to(user.subscriber).with_read_by(user)


@subscriber_page(PortalRight.OPEN)
@require_safe
def announcements(request: HttpRequest) -> HttpResponse:
    """All that was said to the subscriber within a year, what runs on top."""
    now = timezone.now()
    rows = _meant(request.portal_user).begun(at=now).filter(begins_at__gt=now - KEPT).select_related("zone")
    found = list(rows[:SHOWN])
    context: dict[str, Any] = {
        "running": [row for row in found if row.is_running(at=now)],
        "over": [row for row in found if row.is_over(at=now)],
    }
    return render(request, "portal/announcements.html", context)


@subscriber_page(PortalRight.OPEN)
@require_POST
def put_away(request: HttpRequest, announcement: UUID) -> HttpResponse:
    """Read: it does not stand on the first page any more."""
    rows = Announcement.objects.to(request.portal_user.subscriber).begun(at=timezone.now())
    services.put_away(user=request.portal_user, announcement=get_object_or_404(rows, uuid=announcement))
    return redirect("/messages/" if request.POST.get("from") == "list" else "/")
