"""A page of the ISP's host on which its staff try the reCAPTCHA keys, as prospects will meet them."""

import zoneinfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from company import captcha_tests
from company.captcha import recaptcha_keys_for
from company.models import CaptchaTest
from core import throttle
from core.access import public_page
from core.requests import outside_transaction
from domains.hosts import shown
from domains.links import dashboard_url
from preinstall.captcha import CaptchaForm

Outcome = CaptchaTest.Outcome
BAD_SECRET = {"invalid-input-secret", "missing-input-secret"}


@public_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def captcha_test(request: HttpRequest, token: str) -> HttpResponse:
    """The real box with the keys of this host, and what came of ticking it. Whoever has the link can see it."""
    test = captcha_tests.find(secret=token, host=request.site.host)
    if test is None:
        raise Http404
    if recaptcha_keys_for(test.host) is None:
        return _page(request, test, None)
    form = CaptchaForm(request.POST if request.method == "POST" else None, request=request)
    if request.method != "POST":
        return _page(request, test, form)
    if not throttle.allow(f"captcha-test:{test.pk}", limit=20, seconds=600):
        return _page(request, test, form, status=429)
    outcome, seen_host = (Outcome.NO_BOX, "") if "no_box" in request.POST else _judge(form)
    if not outcome:
        return _page(request, test, form, status=422)
    done = captcha_tests.note(isp=request.isp, test=test, outcome=outcome, seen_host=seen_host, at=timezone.now())
    return _page(request, done, CaptchaForm(request=request), status=200 if outcome == Outcome.WORKS else 422)


def _judge(form: CaptchaForm) -> tuple[str, str]:
    """The outcome of a sent answer and the host that it names; an empty one where it says nothing about the keys."""
    with outside_transaction():
        if form.is_valid():
            return Outcome.WORKS, ""
    [error] = form.errors.as_data()["captcha"][:1]
    params = error.params or {}
    codes = set(params.get("codes", []))
    if error.code == "captcha_elsewhere":
        return Outcome.ELSEWHERE, params["told"]
    if codes & BAD_SECRET:
        return Outcome.BAD_SECRET, ""
    return (Outcome.WRONG_PAIR, "") if "invalid-input-response" in codes else ("", "")


def _page(request: HttpRequest, test: CaptchaTest, form: CaptchaForm | None, status: int = 200) -> HttpResponse:
    with timezone.override(zoneinfo.ZoneInfo(request.isp.timezone)):
        verdict = captcha_tests.sentence(test)
    context = {
        "test": test,
        "captcha": form,
        "host": shown(test.host),
        "verdict": verdict,
        "is_throttled": status == 429,
        "settings": dashboard_url(f"/{request.isp.slug}/settings/captcha/"),
    }
    response = render(request, "portal/captcha_test.html", context, status=status)
    return form.allow_in(response) if form else response
