"""How an operator signs in and out on the platform's host."""

from hashlib import sha256

from django.contrib.auth import authenticate, logout
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core import throttle
from core.access import public_page
from core.http import Request
from core.links import dashboard_url
from tenants.authentication import begin_sign_in, finish_sign_in, note_wrong_code, pending_user
from tenants.forms import CodeForm, SignInForm
from tenants.models import StaffUser
from tenants.services.accounts import WaitFirst, WrongCode, check_code, note_sign_in, note_sign_out

QUARTER_HOUR = 900  # seconds
NEXT = "operator_next"


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Request) -> HttpResponse:
    """E-mail address and password. Whoever is no operator is told the same as whoever is unknown."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _sign_in_page(request, form)
    email, password = form.cleaned_data["email"], form.cleaned_data["password"]
    if not _may_guess(request, email):
        form.add_error(None, _("Too many attempts. Please wait a quarter of an hour and try again."))
        return _sign_in_page(request, form, status=429)
    user = authenticate(request, email=email, password=password)
    if not isinstance(user, StaffUser) or not user.is_operator:
        form.add_error(None, _("E-mail address or password is not right."))
        return _sign_in_page(request, form)
    target = _safe(request.POST.get("next", ""))
    if not begin_sign_in(request, user):
        request.session[NEXT] = target
        return redirect("operator_code")
    return _signed_in(request, user, target)


def _sign_in_page(request: Request, form: SignInForm, status: int = 200) -> HttpResponse:
    target = _safe(request.POST.get("next") or request.GET.get("next", ""))
    page = {"form": form, "next": target, "dashboard": dashboard_url()}
    return render(request, "platform/sign_in.html", page, status=422 if form.errors and status == 200 else status)


def _account_key(request: Request, email: str) -> str:
    """The name under which guesses at an account are counted: of one network only, so that nobody locks others out."""
    return f"operator:{sha256(email.strip().lower().encode()).hexdigest()[:32]}:{throttle.network(request)}"


def _may_guess(request: Request, email: str) -> bool:
    """Count an attempt: 10 for an account and 50 in all from one network in a quarter of an hour."""
    from_here = throttle.allow(f"operator:{throttle.network(request)}", limit=50, seconds=QUARTER_HOUR)
    return throttle.allow(_account_key(request, email), limit=10, seconds=QUARTER_HOUR) and from_here


def _safe(target: str) -> str:
    return target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/console/"


def _signed_in(request: Request, user: StaffUser, target: str) -> HttpResponse:
    throttle.forget(_account_key(request, user.email))
    note_sign_in(user=user)
    return redirect(target)


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: Request) -> HttpResponse:
    """The second factor, after the right password."""
    user = pending_user(request)
    if user is None or not user.is_operator:
        return redirect("operator_sign_in")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            device = check_code(user=user, code=form.cleaned_data["code"])
        except WaitFirst as wait:
            form.add_error("code", _("Please wait %(seconds)s seconds and try again.") % {"seconds": wait.seconds})
        except WrongCode:
            note_wrong_code(request)
            form.add_error("code", _("This code is not right. Codes change every half minute."))
        else:
            target = request.session.pop(NEXT, "/console/")
            finish_sign_in(request, user, device)
            return _signed_in(request, user, target)
    return render(request, "platform/code.html", {"form": form}, status=422 if form.errors else 200)


@public_page
@require_POST
def sign_out(request: Request) -> HttpResponse:
    """End the session."""
    if request.user.is_authenticated:
        note_sign_out(user=request.user)
    logout(request)
    return redirect("landing")
