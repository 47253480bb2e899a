"""Passwords of portal users: forgotten, set by a mailed link, chosen after a one-time one, given again."""

from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import throttle
from core.access import public_page
from core.celery import enqueue_on_commit
from portal.access import subscriber_page
from portal.entry import safe_target, without_isp
from portal.forms import ConfirmForm, ForgotForm, NewPasswordForm
from subscribers import authentication
from subscribers.portal_roles import PortalRight
from subscribers.services import logins
from subscribers.services.passwords import LinkGone, owner_of_link, set_password_by_link
from subscribers.tasks import send_forgotten_links

HOUR = 3600  # seconds
PER_NETWORK, PER_LOGIN = 30, 5  # requests an hour
GUESSES, WINDOW = 8, 15 * 60


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a link to set a new password. The answer, and the work before it, are the same whoever is named."""
    initial = {"login": request.GET.get("user", "")[:254]}
    form = ForgotForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return not_kept(render(request, "portal/forgot.html", {"form": form}, status=422 if form.is_bound else 200))
    if not throttle.allow(f"forgot:{throttle.network(request)}", limit=PER_NETWORK, seconds=HOUR):
        form.add_error(None, _("Too many attempts. Please wait an hour, or call us."))
        return not_kept(render(request, "portal/forgot.html", {"form": form}, status=429))
    login = without_isp(form.cleaned_data["login"], request.isp.slug)
    # Beyond five an hour none is sent, but the links of that hour still work.
    if throttle.allow(f"forgot:{sha256(login.lower().encode()).hexdigest()}", limit=PER_LOGIN, seconds=HOUR):
        enqueue_on_commit(send_forgotten_links, isp_id=request.isp.pk, login=login)
    return redirect("/forgot/sent/")


@public_page
@require_safe
def forgot_sent(request: HttpRequest) -> HttpResponse:
    """What happens next, whether or not there is such a login."""
    return render(request, "portal/forgot_sent.html")


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: HttpRequest, token: str) -> HttpResponse:
    """Set the password that a mailed link is for. Looking at the page spends nothing; signing in comes after it."""
    on = authentication.local_date(request)
    try:
        user = owner_of_link(token, on=on)
        form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
        if not form.is_valid():
            context = {"form": form, "account": user}
            status = 422 if form.is_bound else 200
            return not_kept(render(request, "portal/set_password.html", context, status=status))
        set_password_by_link(secret=token, password=form.cleaned_data["password"], on=on)
    except LinkGone:
        return link_gone(request)
    messages.success(request, _("Your new password is set. Sign in with it."))
    return not_kept(redirect(f"/sign-in/?user={user.username}"))


def link_gone(request: HttpRequest) -> HttpResponse:
    """The page for links that are used up, too old, revoked or invented; one text for all."""
    return not_kept(render(request, "portal/link_gone.html", status=404))


def not_kept(response: HttpResponse) -> HttpResponse:
    """A page whose address is a secret stays out of caches and search engines."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


@subscriber_page(PortalRight.OPEN, while_password_due=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """Choose a password of one's own after signing in with a one-time one; until then nothing else opens."""
    if not authentication.is_password_due(request):
        return redirect("/")
    user = request.portal_user
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        return render(request, "portal/new_password.html", {"form": form}, status=422 if form.is_bound else 200)
    logins.set_password(by=user, user=user, password=form.cleaned_data["password"])
    authentication.keep_signed_in(request, user)
    messages.success(request, _("Your password is set. Welcome!"))
    return redirect("/")


@subscriber_page(PortalRight.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Give the password, after coming by a link, before something is changed that only its owner may change."""
    target, user = safe_target(request.POST.get("next") or request.GET.get("next")), request.portal_user
    form = ConfirmForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_bound and not throttle.allow(f"password:{user.pk}", limit=GUESSES, seconds=WINDOW):
        form.refuse()
    if not form.is_valid():
        context = {"form": form, "next": target}
        return render(request, "portal/confirm.html", context, status=422 if form.is_bound else 200)
    throttle.forget(f"password:{user.pk}")
    authentication.note_password_given(request)
    messages.success(request, _("Thank you. Now please send the form again."))
    return redirect(target)
