"""Subscribers look after their own data."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import subscriber_page
from subscribers.models import PortalUser, profile_access
from subscribers.portal_roles import PortalRight
from subscribers.profile_forms import OwnDataForm
from subscribers.services import profiles


@subscriber_page(PortalRight.CHANGE_PROFILE)
@require_http_methods(["GET", "HEAD", "POST"])
def own_data(request: HttpRequest) -> HttpResponse:
    """Change what the ISP lets one change; some of it counts once staff have agreed."""
    user: PortalUser = request.portal_user
    access, waiting = profile_access(), profiles.waiting_for(user.subscriber)
    data = request.POST if request.method == "POST" else None
    country = request.isp.country
    form = OwnDataForm(data, instance=user.subscriber, country=country, access=access, waiting=waiting)
    if not form.fields:
        return redirect("account")
    if data is None or not form.is_valid():
        context = {"form": form, "waiting": waiting}
        return render(request, "portal/own_data.html", context, status=422 if data is not None else 200)
    changed, asked = profiles.change_own_data(by=user, values=form.values)
    _say(request, len(changed), len(asked))
    return redirect("account")


def _say(request: HttpRequest, changed: int, asked: int) -> None:
    if changed:
        messages.success(
            request, ngettext("%(n)s field was saved.", "%(n)s fields were saved.", changed) % {"n": changed}
        )
    if asked:
        messages.info(request, _("We look at your change and write to you when it counts."))
    if not changed and not asked:
        messages.info(request, _("Nothing was changed."))


@subscriber_page(PortalRight.CHANGE_PROFILE)
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Take back what was asked for."""
    if profiles.withdraw_change(by=request.portal_user):
        messages.success(request, _("Your change was taken back."))
    else:
        messages.info(request, _("There is no change that waits."))
    return redirect("account")
