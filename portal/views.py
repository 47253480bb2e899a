"""The subscriber's pages, on the ISP's own host."""

import hashlib
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from company.access import link_identifier
from company.chat import chat_allowed
from company.models import PortalSettings
from core import throttle, uploads
from core.access import InPreview, public_page
from payments.models import PaymentMethod
from portal.access import subscriber_page
from portal.forms import LanguageForm, PasswordForm, SignInForm
from preinstall.models import Installation
from subscribers import authentication
from subscribers.services import documents, logins

WINDOW = 15 * 60  # seconds
PER_ACCOUNT = 8  # attempts in a window, of one network on one login
PER_NETWORK = 300  # many subscribers of an ISP may share one address


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by user name, name@isp or e-mail address. Whatever is wrong, the answer is the same."""
    target = _safe(request.POST.get("next") or request.GET.get("next"))
    if request.method != "POST":
        if request.portal_user:
            return redirect(target)
        return _sign_in_page(request, SignInForm(initial={"login": request.GET.get("user", "")[:254]}), target)
    form = SignInForm(request.POST)
    if form.is_valid():
        user = _authenticate(request, form.cleaned_data["login"], form.cleaned_data["password"])
        if user:
            authentication.sign_in(request, user)
            return redirect(target)
        form.refuse()
    return _sign_in_page(request, form, target, status=422)


def _sign_in_page(request: HttpRequest, form: SignInForm, target: str, status: int = 200) -> HttpResponse:
    # A link that is hard to guess is not printed on a page that everybody can open.
    form_link = request.isp.slug if link_identifier(request.isp) == request.isp.slug else ""
    context = {"form": form, "next": target, "form_link": form_link}
    return render(request, "portal/sign_in.html", context, status=status)


def _authenticate(request: HttpRequest, login: str, password: str) -> authentication.PortalUser | None:
    """Who signs in, or None. Attempts are counted by network, and by network and login as it was typed."""
    login = _without_isp(login, request.isp.slug)
    network = throttle.network(request)
    # Hashed, so that no name of a person is in the cache, and no two of them can make the same key.
    account = hashlib.sha256(f"{network} {login.lower()}".encode()).hexdigest()
    if not throttle.allow(f"sign-in:{network}", limit=PER_NETWORK, seconds=WINDOW):
        return None
    if not throttle.allow(f"sign-in:{account}", limit=PER_ACCOUNT, seconds=WINDOW):
        return None
    user = authentication.authenticate(login, password)
    if user:
        throttle.forget(f"sign-in:{account}")
    return user


def _without_isp(login: str, slug: str) -> str:
    """`name` for `name@slug` of this ISP. Another ISP's name is left in place, where it is nobody's login."""
    name, _at, behind = login.strip().rpartition("@")
    return name if name and behind.lower() == slug else login.strip()


def _safe(target: str | None) -> str:
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


@subscriber_page
@chat_allowed
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the subscriber has, and how to pay and reach the ISP, at a glance."""
    subscriber = request.portal_user.subscriber
    context = {
        "subscriber": subscriber,
        "services": subscriber.services.lasting().with_state_date().select_related("tariff"),
        "visits": Installation.objects.planned().filter(service__subscriber=subscriber).order_by("on"),
        "methods": PaymentMethod.objects.in_portal(),
        "documents": subscriber.documents.in_portal().select_related("file"),
    }
    return render(request, "portal/home.html", context)


@subscriber_page(preview=InPreview.NEVER)
@require_safe
def document(request: HttpRequest, paper: UUID) -> HttpResponse:
    """A paper of the subscriber's that staff show in the portal: a picture to look at, a PDF to keep.

    Staff open papers on the client card, where their role must allow it.
    """
    found = get_object_or_404(request.portal_user.subscriber.documents.in_portal().select_related("file"), uuid=paper)
    documents.note_view(document=found, by=request.portal_user, download=not found.file.is_image)
    return uploads.serve(found.file, inline=True)


@subscriber_page
@require_safe
def payment_methods(request: HttpRequest) -> HttpResponse:
    """The ISP's payment methods with their instructions."""
    if not PortalSettings.load().shows_payment_methods:
        return redirect("/")
    return render(request, "portal/payment_methods.html", {"methods": PaymentMethod.objects.in_portal()})


@subscriber_page
@chat_allowed
@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    """How to reach the ISP."""
    if not PortalSettings.load().shows_contact:
        return redirect("/")
    return render(request, "portal/contact.html")


@subscriber_page
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The subscriber's own data; a new password, which ends the other sessions of this login and keeps this one."""
    user = request.portal_user
    form = PasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method != "POST":
        return _account_page(request, form)
    if not throttle.allow(f"password:{user.pk}", limit=PER_ACCOUNT, seconds=WINDOW):
        form.refuse()
    if not form.is_valid():
        return _account_page(request, form, status=422)
    logins.set_password(by=user, user=user, password=form.cleaned_data["new"])
    throttle.forget(f"password:{user.pk}")
    authentication.keep_signed_in(request, user)
    messages.success(request, _("Your password was changed. Other devices have been signed out."))
    return redirect("/account/")


def _account_page(request: HttpRequest, form: PasswordForm, status: int = 200) -> HttpResponse:
    context = {
        "subscriber": request.portal_user.subscriber,
        "password_form": form,
        "language_form": LanguageForm(initial={"language": request.LANGUAGE_CODE}),
    }
    return render(request, "portal/account.html", context, status=status)


@subscriber_page(preview=InPreview.ACT)
@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """The language of this login, here and on every other device where none was chosen."""
    form = LanguageForm(request.POST)
    response = redirect("/account/")
    if form.is_valid():
        language = form.cleaned_data["language"]
        logins.set_language(by=request.portal_user, user=request.portal_user, language=language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax", secure=settings.SECURE
        )
        with override(language):
            messages.success(request, _("The language was saved."))
    return response
