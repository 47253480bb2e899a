"""Settings: protection of the public forms from robots."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from company import captcha_tests, services
from company.captcha import captcha_domains
from company.forms import CaptchaKeysForm
from company.models import CaptchaKeys
from dashboard.access import staff_page
from dashboard.views.settings import bound, section_page, to_section
from domains.hosts import shown
from domains.links import base_url
from tenants.roles import Right


@staff_page(Right.SETTINGS)
def captcha(request: HttpRequest) -> HttpResponse:
    """The reCAPTCHA keys of each domain, and a form for those of another one."""
    domains = captcha_domains(request.isp)
    rows = captcha_tests.with_last(CaptchaKeys.objects.defer("secret_key"))
    free = [domain for domain in domains if domain not in {keys.domain for keys in rows}]
    form = CaptchaKeysForm(**bound(request), domains=free)
    if form.is_bound and form.is_valid():
        return _set(request, form)
    context = {"rows": rows, "domains": domains, "free": [shown(domain) for domain in free]}
    return may_lead_to(section_page(request, "captcha", context, form=form), *domains)


def may_lead_to(response: HttpResponse, *hosts: str) -> HttpResponse:
    """Let a form of the page lead to these hosts; its policy names no others."""
    response._csp_update = {"form-action": [base_url(host) for host in hosts]}  # type: ignore[attr-defined]
    return response


@staff_page(Right.SETTINGS)
@require_POST
def test(request: HttpRequest, domain: str) -> HttpResponse:
    """To the page of a host of the portal on which its keys are tried."""
    if domain not in captcha_domains(request.isp):
        raise Http404
    try:
        secret = captcha_tests.begin(host=domain, by=request.user)
    except captcha_tests.NoKeys:
        messages.success(
            request,
            _("%(domain)s has no keys. The built-in check works there; there is nothing to try.")
            % {"domain": shown(domain)},
        )
        return to_section(request, "captcha")
    return redirect(f"{base_url(domain)}/captcha-test/{secret}/")


@staff_page(Right.SETTINGS)
def replace(request: HttpRequest, domain: str) -> HttpResponse:
    """Other keys for a domain that has some."""
    keys = get_object_or_404(CaptchaKeys.objects.defer("secret_key"), domain=domain)
    form = CaptchaKeysForm(**bound(request), domains=[domain], initial={"domain": domain})
    if form.is_bound and form.is_valid():
        return _set(request, form)
    return section_page(request, "captcha", {"keys": keys}, template="captcha_replace", form=form)


def _set(request: HttpRequest, form: CaptchaKeysForm) -> HttpResponse:
    keys = services.set_captcha_keys(**form.cleaned_data, by=request.user)
    messages.success(request, _("reCAPTCHA is used on %(domain)s from now on.") % {"domain": keys.shown_domain})
    return to_section(request, "captcha")


@staff_page(Right.SETTINGS)
@require_POST
def delete(request: HttpRequest, domain: str) -> HttpResponse:
    """Back to the built-in check on a domain."""
    keys = get_object_or_404(CaptchaKeys.objects.defer("secret_key"), domain=domain)
    services.delete_captcha_keys(keys=keys, by=request.user)
    messages.success(request, _("The built-in check is used on %(domain)s again.") % {"domain": shown(domain)})
    return to_section(request, "captcha")
