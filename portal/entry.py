"""Signing in and out of an ISP's portal."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from company.access import link_identifier
from core import throttle
from core.access import public_page
from portal.announcement_views import at_sign_in
from portal.forms import SignInForm
from subscribers import attempts, authentication, devices
from subscribers.models import LoginRules, PortalUser
from subscribers.services import passwords

PER_NETWORK = 300  # attempts in a window; many subscribers of an ISP may share one address
DEVICE_COOKIE = f"{settings.COOKIE_PREFIX}portal_device"


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by user name, name@isp, e-mail or subscriber number. Whatever is wrong, the answer is the same."""
    target = safe_target(request.POST.get("next") or request.GET.get("next"))
    if request.method != "POST":
        # Who came by a link may sign in with the password too, and then do more.
        if request.portal_user and not request.portal_user.entered_by:
            return redirect(target)
        return _page(request, SignInForm(initial={"login": request.GET.get("user", "")[:254]}), target)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, target, status=422)
    if user := _opened(request, form):
        return _with_device(redirect("/account/new-password/" if user.is_fresh else target), user)
    return _page(request, form, target, status=422)


def _page(request: HttpRequest, form: SignInForm, target: str, status: int = 200) -> HttpResponse:
    # A link that is hard to guess is not printed on a page that everybody can open.
    form_link = request.isp.slug if link_identifier(request.isp) == request.isp.slug else ""
    context = {"form": form, "next": target, "form_link": form_link, "announcements": at_sign_in()}
    return render(request, "portal/sign_in.html", context, status=status)


def _opened(request: HttpRequest, form: SignInForm) -> PortalUser | None:
    """Who has signed in with what the form holds; None, and the form says so."""
    rules, network = LoginRules.load(), throttle.network(request)
    login = without_isp(form.cleaned_data["login"], request.isp.slug)
    found = authentication.find_user(login, rules)
    device = devices.name_of(request.COOKIES.get(DEVICE_COOKIE, ""), found)
    door = attempts.door(login=login, user=found, network=network, device=device, rules=rules)
    if door.wants_captcha and not form.has_captcha():
        return form.refuse()
    if not throttle.allow(f"sign-in:{network}", limit=PER_NETWORK, seconds=attempts.WINDOW) or door.is_blocked:
        return form.refuse()
    attempt = door.knock()
    if attempt <= door.limits.network and (user := _checked(request, found, form.cleaned_data["password"], rules)):
        attempts.note_success(door)
        authentication.sign_in(request, user, is_password_due=user.is_fresh)
        return user
    attempts.note_failure(door, attempt=attempt, at=timezone.now())
    return form.refuse(wants_captcha=door.wants_captcha)


def _checked(request: HttpRequest, found: PortalUser | None, password: str, rules: LoginRules) -> PortalUser | None:
    """The login if the password is right; `is_fresh` if it was a one-time password, which is used up by it."""
    on, at = authentication.local_date(request), timezone.now()
    if not authentication.is_right(found, password, rules=rules, on=on, at=at):
        if found:
            passwords.note_wrong_initial(user=found)
        return None
    user = passwords.use_one_time(user=found, password=password, on=on, at=at) if found.one_time else found
    if user:
        user.is_fresh = user is not found
    return user


def _with_device(response: HttpResponse, user: PortalUser) -> HttpResponse:
    """Remember that the user knows this device: guesses from elsewhere do not lock it out."""
    response.set_cookie(
        DEVICE_COOKIE,
        devices.mark(user),
        max_age=int(devices.LIFE.total_seconds()),
        path="/",
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def without_isp(login: str, slug: str) -> str:
    """`name` for `name@slug` of this ISP. Another ISP's name is left in place, where it is nobody's login."""
    name, _at, behind = login.strip().rpartition("@")
    return name if name and behind.lower() == slug else login.strip()


def safe_target(target: str | None) -> str:
    """A path of this host to go on to, else the home page."""
    good = target and target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if good else "/"


@public_page
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, if there is one. Who has none gets none either, so that nobody fills the table with them."""
    was_signed_in = bool(request.portal_user)
    authentication.sign_out(request)
    if was_signed_in:
        messages.success(request, _("You have signed out."))
    return redirect("/sign-in/")
