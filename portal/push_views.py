"""Notifications in the browser: switched on and off by whoever uses it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import throttle
from messaging.models import Browser, Medium
from messaging.services import browsers, write_message
from portal.access import subscriber_page
from subscribers.portal_roles import PortalRight

TESTS, HOUR = 10, 3600


@subscriber_page(PortalRight.OPEN)
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """In which browsers notifications are on, and the button that switches them on in this one."""
    rows = Browser.objects.filter(owner_key=request.portal_user.pk)
    context = {"key": browsers.public_key(), "rows": rows}
    return render(request, "portal/notifications.html", context)


@subscriber_page(PortalRight.OPEN)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Keep what this browser gave out."""
    user, given = request.portal_user, request.POST.dict()
    try:
        if not browsers.public_key() or not throttle.allow(f"browsers:{user.pk}", limit=2 * TESTS, seconds=HOUR):
            raise browsers.BadSubscription
        browsers.keep_browser(
            by=user, owner=user.pk, subscriber=user.subscriber_id, subscription=given, name=_name(request)
        )
    except browsers.BadSubscription:
        messages.error(request, _("Notifications cannot be switched on in this browser."))
    except browsers.TooMany:
        messages.error(request, _("Notifications are on in many browsers already. Remove one of them first."))
    else:
        messages.success(request, _("Notifications are on in this browser."))
    return redirect("/account/notifications/")


def _name(request: HttpRequest) -> str:
    """What people call the browser, as far as it says so."""
    agent = request.headers.get("User-Agent", "")
    kinds = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")]
    systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")]
    systems += [("Mac OS", "Mac"), ("Linux", "Linux")]
    found = [next((name for mark, name in each if mark in agent), "") for each in (kinds, systems)]
    return " · ".join(filter(None, found)) or str(_("Browser"))


@subscriber_page(PortalRight.OPEN)
@require_POST
def remove(request: HttpRequest, browser: UUID) -> HttpResponse:
    """Send no more to a browser."""
    row = get_object_or_404(Browser, uuid=browser, owner_key=request.portal_user.pk)
    browsers.drop_browser(by=request.portal_user, browser=row)
    messages.success(request, _("No more notifications are sent to that browser."))
    return redirect("/account/notifications/")


@subscriber_page(PortalRight.OPEN)
@require_POST
def test(request: HttpRequest) -> HttpResponse:
    """Send a notification to all browsers of this login."""
    user = request.portal_user
    if not throttle.allow(f"push-test:{user.pk}", limit=TESTS, seconds=HOUR):
        messages.error(request, _("Those were many tests. Please wait an hour."))
        return redirect("/account/notifications/")
    for row in Browser.objects.filter(owner_key=user.pk):
        write_message(
            medium=Medium.PUSH,
            to=str(row.uuid),
            subject=request.isp.name,
            text=_("Notifications work. We tell you here what is important."),
            data={"link": "/account/notifications/"},
            about=user.subscriber_id,
            occasion="channels/test",
        )
    messages.success(request, _("A notification is on its way."))
    return redirect("/account/notifications/")
