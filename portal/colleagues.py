"""The logins of one subscriber, which its owner looks after."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core import throttle
from portal.access import subscriber_page
from portal.forms import ColleagueForm, ColleagueRoleForm
from subscribers.authentication import local_date
from subscribers.models import LoginRules, PortalUser
from subscribers.portal_roles import PortalRight, PortalRole
from subscribers.services import logins
from subscribers.services.passwords import CannotSend, send_set_password_link

INVITATIONS, HOUR = 10, 3600


@subscriber_page(PortalRight.MANAGE_LOGINS)
@require_http_methods(["GET", "HEAD", "POST"])
def colleagues(request: HttpRequest) -> HttpResponse:
    """All logins of the subscriber, and the form that invites somebody."""
    if not LoginRules.load().owners_invite:
        return redirect("/account/")
    form = ColleagueForm(request.POST if request.method == "POST" else None, owner=request.portal_user)
    if form.is_bound and form.is_valid() and (invited := _invite(request, form)):
        messages.success(request, _("An invitation was sent to %(email)s.") % {"email": invited.email})
        return redirect("/colleagues/")
    rows = list(request.portal_user.subscriber.portal_users.order_by("created_at", "pk"))
    for row in rows:
        row.may_change = row.pk != request.portal_user.pk and row.role != PortalRole.OWNER
        row.is_past = row.is_over(on=local_date(request))
    context = {"rows": rows, "form": form, "roles": ColleagueRoleForm.base_fields["role"].choices}
    return render(request, "portal/colleagues.html", context, status=422 if form.is_bound else 200)


def _invite(request: HttpRequest, form: ColleagueForm) -> PortalUser | None:
    """The login that was opened; None, and the form says why."""
    by = request.portal_user
    if not throttle.allow(f"invite:{by.subscriber_id}", limit=INVITATIONS, seconds=HOUR):
        form.add_error(None, _("Many invitations were sent in the last hour. Try again later."))
        return None
    try:
        user = logins.invite_colleague(by=by, **form.cleaned_data)
    except logins.TooManyLogins:
        form.add_error(None, _("There are as many logins as are possible. Ask us if you need more."))
        return None
    _send(request, user)
    return user


def _send(request: HttpRequest, user: PortalUser) -> None:
    try:
        send_set_password_link(by=request.portal_user, isp=request.isp, user=user, template="invitation")
    except CannotSend:
        messages.error(request, _("No mail can be sent to this login."))


def _colleague(request: HttpRequest, login: UUID) -> PortalUser:
    """Another login of the same subscriber that an owner may change. Raises Http404."""
    if not LoginRules.load().owners_invite:
        raise Http404
    rows = request.portal_user.subscriber.portal_users.exclude(pk=request.portal_user.pk)
    return get_object_or_404(rows.exclude(role=PortalRole.OWNER), uuid=login)


@subscriber_page(PortalRight.MANAGE_LOGINS)
@require_POST
def change_role(request: HttpRequest, login: UUID) -> HttpResponse:
    """Give a colleague another role."""
    user, form = _colleague(request, login), ColleagueRoleForm(request.POST)
    if form.is_valid():
        logins.change_colleague(by=request.portal_user, user=user, role=form.cleaned_data["role"])
        messages.success(request, _("Saved."))
    return redirect("/colleagues/")


@subscriber_page(PortalRight.MANAGE_LOGINS)
@require_POST
def switch(request: HttpRequest, login: UUID) -> HttpResponse:
    """Close a colleague's login, or open it again."""
    user, is_open = _colleague(request, login), request.POST.get("is_open") == "1"
    logins.switch_colleague(by=request.portal_user, user=user, is_open=is_open)
    text = _("%(name)s can sign in again.") if is_open else _("%(name)s cannot sign in any more.")
    messages.success(request, text % {"name": user.person or user.username})
    return redirect("/colleagues/")


@subscriber_page(PortalRight.MANAGE_LOGINS)
@require_POST
def invite_again(request: HttpRequest, login: UUID) -> HttpResponse:
    """Send a colleague who has not set a password yet another link."""
    user = _colleague(request, login)
    is_fine = throttle.allow(f"invite:{request.portal_user.subscriber_id}", limit=INVITATIONS, seconds=HOUR)
    if is_fine and user.is_active and not user.has_usable_password():
        _send(request, user)
        messages.success(request, _("An invitation was sent to %(email)s.") % {"email": user.email})
    return redirect("/colleagues/")
