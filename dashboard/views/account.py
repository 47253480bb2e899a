"""Signing in and out, forgotten passwords, one's own profile."""

from hashlib import sha256

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_POST

from core import throttle
from core.access import public_page
from dashboard.access import is_signed_in, next_page, signed_in_page
from dashboard.forms import ChangePasswordForm, ForgotForm, NewPasswordForm, ProfileForm, SignInForm
from domains.links import base_url
from tenants.authentication import begin_sign_in, has_second_factor
from tenants.models import StaffUser
from tenants.services import accounts

TOO_MANY = gettext_lazy("Too many attempts. Wait a few minutes and try again.")
QUARTER_HOUR = 900  # seconds


def account_key(request: HttpRequest, email: str) -> str:
    """The name under which guesses at an account are counted: of one network only, so that nobody locks others out."""
    return f"sign-in:{sha256(email.strip().lower().encode()).hexdigest()[:32]}:{throttle.network(request)}"


def may_try_password(request: HttpRequest, email: str) -> bool:
    """Count an attempt to sign in: 10 for an account and 100 in all from one network in a quarter of an hour."""
    from_here = throttle.allow(f"sign-in:{throttle.network(request)}", limit=100, seconds=QUARTER_HOUR)
    return throttle.allow(account_key(request, email), limit=10, seconds=QUARTER_HOUR) and from_here


@public_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """E-mail address and password."""
    if is_signed_in(request):
        return redirect(next_page(request))
    form = SignInForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _sign_in_page(request, form, status=422 if form.is_bound else 200)
    email = form.cleaned_data["email"]
    if not may_try_password(request, email):
        form.add_error(None, TOO_MANY)
        return _sign_in_page(request, form, status=429)
    user = authenticate(request, email=email, password=form.cleaned_data["password"])
    if not isinstance(user, StaffUser):
        form.add_error(None, _("The e-mail address or the password is not right."))
        return _sign_in_page(request, form, status=422)
    throttle.forget(account_key(request, email))
    target = next_page(request)
    if not begin_sign_in(request, user):
        return redirect(f"/sign-in/code/?{urlencode({'next': target})}")
    accounts.note_sign_in(user=user)
    return redirect(target)


def _sign_in_page(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    context = {"form": form, "next": next_page(request)}
    return render(request, "dashboard/account/sign_in.html", context, status=status)


@public_page
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, here only, and the previews of portals that were opened from any."""
    if is_signed_in(request):
        accounts.note_sign_out(user=request.user)
    logout(request)
    return redirect("/sign-in/")


@public_page
def forgot(request: HttpRequest) -> HttpResponse:
    """Ask for a link to set a new password. The answer never says whether the address is known."""
    form = ForgotForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "dashboard/account/forgot.html", {"form": form}, status=status)
    if not throttle.allow(f"forgot:{throttle.network(request)}", limit=30, seconds=3600):
        form.add_error(None, TOO_MANY)
        return render(request, "dashboard/account/forgot.html", {"form": form}, status=429)
    email = form.cleaned_data["email"].strip()
    # Beyond five an hour none is sent, but the links of that hour still work.
    if throttle.allow(f"forgot:{sha256(email.lower().encode()).hexdigest()[:32]}", limit=5, seconds=3600):
        isp_id = request.site.isp.pk if request.site.isp else None
        accounts.ask_for_password_link(email=email, base_url=base_url(request.site.host), isp_id=isp_id)
    return redirect("/forgot/sent/")


@public_page
def forgot_sent(request: HttpRequest) -> HttpResponse:
    """What happens next, whether or not there is such an account."""
    return render(request, "dashboard/account/forgot_sent.html")


@public_page
def set_password(request: HttpRequest, token: str) -> HttpResponse:
    """Set the password that a mailed link is for. Signing in, with the second factor, comes after it."""
    try:
        user = accounts.owner_of_password_link(token)
        form = NewPasswordForm(request.POST if request.method == "POST" else None, user=user)
        if not form.is_valid():
            status = 422 if form.is_bound else 200
            context = {"form": form, "account": user}
            return not_kept(render(request, "dashboard/account/set_password.html", context, status=status))
        accounts.set_password_by_link(secret=token, password=form.cleaned_data["password"])
    except accounts.LinkGone:
        return link_gone(request)
    messages.success(request, _("Your new password is set. Sign in with it."))
    return redirect("/sign-in/")


def link_gone(request: HttpRequest) -> HttpResponse:
    """The page for links that are used up, too old or invented; one text for all three."""
    return not_kept(render(request, "dashboard/account/link_gone.html", status=404))


def not_kept(response: HttpResponse) -> HttpResponse:
    """A page whose address is a secret stays out of caches and search engines."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def may_try_own_password(request: HttpRequest) -> bool:
    """Count an attempt at the password of the account that is signed in."""
    return throttle.allow(f"own-password:{request.user.pk}", limit=10, seconds=QUARTER_HOUR)


@signed_in_page
def profile(request: HttpRequest) -> HttpResponse:
    """Name and language, and the way to password and second factor."""
    user = request.user
    initial = {"name": user.name, "language": user.language}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        context = {"form": form, "second_factor": has_second_factor(user)}
        return render(request, "dashboard/account/profile.html", context, status=422 if form.is_bound else 200)
    accounts.change_profile(user=user, **form.cleaned_data)
    with override(user.language):
        messages.success(request, _("Your profile is saved."))
    response = redirect("/profile/")
    # The choice on the page's foot would hide the one just made.
    response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


@signed_in_page
def change_password(request: HttpRequest) -> HttpResponse:
    """Set a new password; all other sessions of the account end."""
    form = ChangePasswordForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        may_try=lambda: may_try_own_password(request),
    )
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "dashboard/account/change_password.html", {"form": form}, status=status)
    accounts.change_password(user=request.user, password=form.cleaned_data["password"])
    update_session_auth_hash(request, request.user)
    messages.success(request, _("Your new password is set. All your other sessions have ended."))
    return redirect("/profile/")
