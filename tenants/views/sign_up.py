"""How a company signs up: the form with its live checks, and the mailed link."""

import uuid

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from core import throttle
from core.access import public_page
from core.http import Request
from tenants import places
from tenants.forms import ConfirmForm, SignUpForm, check_slug
from tenants.models import SignUp
from tenants.services import sign_up as services
from tenants.views.browser import is_known, remember

HOUR = 3600


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: Request) -> HttpResponse:
    """The sign-up form. Its answer does not depend on whether the e-mail address is known."""
    form = SignUpForm(request.POST) if request.method == "POST" else SignUpForm(initial=_start_values(request))
    if request.method != "POST":
        return _form_page(request, form, 200)
    if not form.is_valid():
        return _form_page(request, form, 422)
    email = form.cleaned_data["email"].lower()
    of_network = throttle.allow(f"sign-up:{throttle.network(request)}", limit=20, seconds=HOUR)
    if not of_network or not throttle.allow(f"sign-up-mail:{email}", limit=5, seconds=HOUR):
        form.add_error(None, _("There were many sign-ups from here. Please try again in an hour."))
        return _form_page(request, form, 429)
    row = services.sign_up(**form.values())
    remember(request, row, as_="began")
    return redirect("sign_up_progress", row.uuid)


def _form_page(request: Request, form: SignUpForm, status: int) -> HttpResponse:
    return render(request, "platform/sign_up.html", {"form": form}, status=status)


def _start_values(request: Request) -> dict[str, object]:
    country = places.guess_country(request.META.get("HTTP_ACCEPT_LANGUAGE", "")) or "MX"
    return {
        "form_key": uuid.uuid4(),
        "country": country,
        "currency": places.default_currency(country),
        "timezone": places.default_timezone(country),
        "language": translation.get_language(),
    }


@public_page
@never_cache
@require_GET
def check_address(request: Request) -> HttpResponse:
    """While somebody types: whether a slug is free; or, once the company is named, the slug field with a suggestion."""
    if not throttle.allow(f"slug-check:{throttle.network(request)}", limit=120, seconds=60):
        return HttpResponse(status=204)
    typed = request.GET.get("slug", "").strip().lower()
    if "company" not in request.GET:
        return render(request, "platform/partials/slug_answer.html", {"slug": typed, "problem": _problem(typed)})
    if typed and typed != request.GET.get("suggested", ""):
        # Chosen by hand: it stays.
        return HttpResponse(status=204)
    company, country = request.GET["company"][:120], request.GET.get("country", "")[:2]
    slug = services.suggest_slug(company=company, country=country)
    form = SignUpForm(initial={"slug": slug})
    form.fields["slug"].suggested = slug  # type: ignore[attr-defined]
    return HttpResponse(form["slug"].as_field_group())


def _problem(slug: str) -> str:
    try:
        if slug:
            check_slug(slug)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""


@public_page
@require_GET
def place(request: Request) -> HttpResponse:
    """Currency and time zone that are usual in the chosen country."""
    country = request.GET.get("country", "")
    usual = {"currency": places.default_currency(country), "timezone": places.default_timezone(country)}
    return render(request, "platform/partials/place.html", {"form": SignUpForm(initial=usual)})


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: Request, secret: str) -> HttpResponse:
    """What the mailed link opens. Only the button on it confirms, so a scanner that follows links spends nothing."""
    try:
        row = services.find_by_link(secret)
        knows = is_known(request, row, as_="began")
        form = ConfirmForm(request.POST if request.method == "POST" and not knows else None)
        if request.method == "POST" and (knows or form.is_valid()):
            try:
                return _confirm(request, row, secret, None if knows else form.cleaned_data["password"])
            except services.WrongPassword:
                form.add_error("password", _("This is not the password that was chosen with this sign-up."))
    except services.AlreadyConfirmed as done:
        return redirect("sign_up_progress", done.sign_up.uuid)
    except services.LinkGone:
        return render(request, "platform/link_gone.html", status=404)
    page = {"sign_up": row, "form": None if knows else form}
    return render(request, "platform/confirm.html", page, status=422 if form.errors else 200)


def _confirm(request: Request, row: SignUp, secret: str, password: str | None) -> HttpResponse:
    if password is not None and not throttle.allow(f"confirm:{row.uuid}", limit=10, seconds=HOUR):
        raise services.WrongPassword
    remember(request, services.confirm(secret=secret, password=password), as_="confirmed")
    return redirect("sign_up_progress", row.uuid)
