"""Accepting an invitation to work for an ISP."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.access import public_page
from core.errors import neutral_page
from dashboard.access import is_signed_in
from dashboard.forms import JoinForm
from dashboard.views.account import link_gone, not_kept
from tenants.authentication import begin_sign_in
from tenants.models import StaffToken, StaffUser
from tenants.services import accounts, memberships


@public_page
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody new makes an account; somebody known signs in and accepts. Opening the page accepts nothing.

    While the ISP is off the air nobody joins it; the link stays good.
    """
    try:
        found = memberships.find_invitation(token)
        if request.site.isp is not None and request.site.isp.pk != found.isp_id:
            return link_gone(request)
        if memberships.is_off_the_air(found):
            return neutral_page(503)
        if is_signed_in(request) or memberships.account_of(found) is not None:
            return _accept(request, token, found)
        return _join(request, token, found)
    except memberships.InvitationGone:
        return link_gone(request)
    except memberships.NotAllowed:
        # The account was made meanwhile, in another window; the page now says how to go on.
        return redirect(request.path)


def _accept(request: HttpRequest, token: str, found: StaffToken) -> HttpResponse:
    """The button for an account that is there; signed in with another one, or with none, the way to the right one."""
    fits = is_signed_in(request) and request.user.email.lower() == found.email.lower()
    if not fits or request.method != "POST":
        context = {"invitation": found, "fits": fits, "is_signed_in": is_signed_in(request)}
        status = 403 if request.method == "POST" else 200
        return not_kept(render(request, "dashboard/account/invitation_accept.html", context, status=status))
    membership = memberships.accept(secret=token, user=request.user)
    messages.success(request, _("Welcome to %(isp)s.") % {"isp": membership.isp})
    return redirect(f"/{membership.isp.slug}/")


def _join(request: HttpRequest, token: str, found: StaffToken) -> HttpResponse:
    """Name and password of somebody new, who is signed in then: the link has proved the e-mail address."""
    form = JoinForm(request.POST if request.method == "POST" else None, user=StaffUser(email=found.email))
    if not form.is_valid():
        context = {"invitation": found, "form": form}
        status = 422 if form.is_bound else 200
        return not_kept(render(request, "dashboard/account/invitation_join.html", context, status=status))
    membership = memberships.accept_as_new(
        secret=token,
        name=form.cleaned_data["name"],
        password=form.cleaned_data["password"],
        language=get_language() or "en",
    )
    begin_sign_in(request, membership.user)
    accounts.note_sign_in(user=membership.user)
    messages.success(request, _("Welcome to %(isp)s.") % {"isp": membership.isp})
    return redirect(f"/{membership.isp.slug}/")
