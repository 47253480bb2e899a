"""The portal logins of a subscriber, on the client card and on pages of their own."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.access import staff_page
from subscribers import attempts
from subscribers.login_forms import AutoLoginForm, PortalUserForm
from subscribers.models import AutoLoginLink, LoginRules, PortalUser, SignInBlock, Subscriber
from subscribers.portal_roles import PORTAL_RIGHTS, PortalRight, PortalRole
from subscribers.services import autologin, logins, passwords
from subscribers.usernames import by_rule
from tenants.roles import Right

WHY_NOT = {
    "no_email": gettext_lazy("This login has no e-mail address. Add one, or dictate a one-time password."),
    "closed": gettext_lazy("This login is closed or over. Open it first."),
    "no_server": gettext_lazy("No mail can be sent: the installation knows no mail server."),
}


def cards_of(subscriber: Subscriber) -> list[PortalUser]:
    """The logins of a subscriber with what the card shows of each: `waits`, `links_open`, `standing`. Three queries."""
    at, on = timezone.now(), timezone.localdate()
    rows = list(subscriber.portal_users.order_by("-is_active", "pk"))
    ids = [row.pk for row in rows]
    blocked = list(SignInBlock.objects.filter(portal_user__in=ids, until__gt=at).order_by("since"))
    links = list(AutoLoginLink.objects.good(at=at).filter(portal_user__in=ids).values_list("portal_user_id", flat=True))
    for row in rows:
        row.waits = [block for block in blocked if block.portal_user_id == row.pk]
        row.links_open = links.count(row.pk)
        row.waits_for_one_time = row.has_one_time(at=at)
        row.is_early_now, row.is_over_now = row.is_early(on=on), row.is_over(on=on)
    return rows


def _login(number: int, login: UUID) -> PortalUser:
    """A login of the subscriber with that number. Raises Http404."""
    rows = PortalUser.objects.select_related("subscriber")
    return get_object_or_404(rows, uuid=login, subscriber__number=number)


def _back(request: HttpRequest, user: PortalUser) -> HttpResponse:
    return redirect("login", slug=request.isp.slug, number=user.subscriber.number, login=user.uuid)


def _to_card(request: HttpRequest, number: int) -> HttpResponse:
    return redirect("subscriber-logins", slug=request.isp.slug, number=number)


@staff_page(Right.WORK_LOGINS)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, number: int) -> HttpResponse:
    """Open another login: the first one as the rule says, the next ones for people that are named."""
    subscriber = get_object_or_404(Subscriber.objects.not_erased(), number=number)
    is_first = not subscriber.portal_users.exists()
    wanted = by_rule(LoginRules.load(), subscriber) if is_first else ""
    initial = {"username": logins.free_username(wanted) if wanted else ""}
    initial |= {"email": subscriber.email, "role": PortalRole.OWNER} if is_first else {"role": PortalRole.MEMBER}
    form = PortalUserForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_bound or not form.is_valid():
        context = {"form": form, "subscriber": subscriber, "is_first": is_first}
        return render(request, "dashboard/logins/add.html", context, status=422 if form.is_bound else 200)
    try:
        user = logins.create_portal_user(by=request.user, subscriber=subscriber, password=None, **form.cleaned_data)
    except ValidationError:  # somebody was quicker by a moment
        messages.error(request, _("This user name is taken."))
        return redirect("login-add", slug=request.isp.slug, number=number)
    messages.success(request, _("The login %(name)s is open. It has no password yet.") % {"name": user.username})
    if request.POST.get("then") == "send":
        _send(request, user)
    return _back(request, user)


@staff_page(Right.WORK_LOGINS)
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """One login: who it is, how they get in, what keeps them out."""
    user = _login(number, login)
    form = PortalUserForm(request.POST if request.method == "POST" else None, instance=_login(number, login))
    if form.is_bound and form.is_valid():
        changed = logins.change_portal_user(by=request.user, user=user, values=form.cleaned_data)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return _back(request, user)
    return _page(request, user, {"form": form}, status=422 if form.is_bound else 200)


def _page(request: HttpRequest, user: PortalUser, context: dict[str, Any], status: int = 200) -> HttpResponse:
    at, on = timezone.now(), timezone.localdate()
    reason = passwords.why_not_send(user, on=on)
    user.waits, user.waits_for_one_time = attempts.blocks(user, at=at), user.has_one_time(at=at)
    user.is_early_now, user.is_over_now = user.is_early(on=on), user.is_over(on=on)
    rights = [right.label for right in PortalRight if user.role in PORTAL_RIGHTS[right]]
    page = {
        "login": user,
        "subscriber": user.subscriber,
        "form": PortalUserForm(instance=user),
        "link_form": AutoLoginForm(),
        "links": [(link, link.is_good(at=at)) for link in user.links.all()[:30]],
        "why_not": WHY_NOT.get(reason, ""),
        "can_send": not reason,
        "rules": LoginRules.load(),
        "rights_of_role": rights,
    }
    return render(request, "dashboard/logins/login.html", page | context, status=status)


@staff_page(Right.WORK_LOGINS)
@require_POST
def switch(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Close a login, or open it again."""
    user = _login(number, login)
    if request.POST.get("is_open") == "1":
        logins.open_login(by=request.user, user=user)
        messages.success(request, _("%(name)s can sign in again.") % {"name": user.username})
    else:
        logins.close_login(by=request.user, user=user)
        messages.success(request, _("%(name)s cannot sign in any more.") % {"name": user.username})
    return _back(request, user)


@staff_page(Right.WORK_LOGINS)
@require_POST
def delete(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Remove a login for good, once it is said to be meant."""
    user = _login(number, login)
    if request.POST.get("is_meant") != "1":
        messages.error(request, _("Tick the box to delete the login."))
        return _back(request, user)
    logins.delete_login(by=request.user, user=user)
    messages.success(request, _("The login %(name)s was deleted.") % {"name": user.username})
    return _to_card(request, number)


@staff_page(Right.WORK_LOGINS)
@require_POST
def send_link(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Mail a link to set a password."""
    user = _login(number, login)
    _send(request, user)
    return _back(request, user)


def _send(request: HttpRequest, user: PortalUser) -> None:
    try:
        passwords.send_set_password_link(by=request.user, isp=request.isp, user=user)
    except passwords.CannotSend as error:
        messages.error(request, str(WHY_NOT[error.reason]))
    else:
        text = _("A link to set a password is on its way to %(email)s. Links sent before work no more.")
        messages.success(request, text % {"email": user.email})


@staff_page(Right.WORK_LOGINS)
@require_POST
def one_time_password(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Make a password to dictate on the phone; this page is the only one that shows it."""
    user = _login(number, login)
    password, until = passwords.dictate_password(by=request.user, user=user, at=timezone.now())
    context = {"login": user, "subscriber": user.subscriber, "password": password, "until": until}
    return render(request, "dashboard/logins/dictate.html", context)


@staff_page(Right.WORK_LOGINS)
@require_POST
def lift(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Let everybody try this login again."""
    user = _login(number, login)
    attempts.lift(by=request.user, user=user)
    messages.success(request, _("%(name)s can try again at once.") % {"name": user.username})
    return _back(request, user)


@staff_page(Right.WORK_LOGINS)
@require_POST
def make_link(request: HttpRequest, number: int, login: UUID) -> HttpResponse:
    """Make an auto-login link; this page is the only one that shows it."""
    user, form = _login(number, login), AutoLoginForm(request.POST)
    if not form.is_valid():
        return _page(request, user, {"link_form": form}, status=422)
    life = timedelta(hours=form.cleaned_data["hours"])
    scope = AutoLoginLink.Scope(form.cleaned_data["scope"])
    try:
        url = autologin.autologin_url(isp=request.isp, user=user, scope=scope, life=life, by=request.user)
    except passwords.CannotSend as error:
        messages.error(request, str(WHY_NOT[error.reason]))
        return _back(request, user)
    context = {"login": user, "subscriber": user.subscriber, "url": url, "until": timezone.now() + life, "scope": scope}
    return render(request, "dashboard/logins/link.html", context)


@staff_page(Right.WORK_LOGINS)
@require_POST
def revoke_link(request: HttpRequest, number: int, login: UUID, link: UUID) -> HttpResponse:
    """End an auto-login link and the sessions that began with it."""
    user = _login(number, login)
    autologin.revoke_link(by=request.user, link=get_object_or_404(user.links, uuid=link))
    messages.success(request, _("The link works no more."))
    return _back(request, user)
