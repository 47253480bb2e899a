"""The public balance page: what is open, without signing in and without names."""

import hashlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from company.access import isp_link_page, link_identifier
from core import throttle
from core.access import public_page
from core.captcha import new_challenge
from core.requests import outside_transaction
from domains.links import portal_url
from payments.models import BalanceSettings, PaymentMethod
from payments.services import lookup
from payments.services.checkouts import CannotPay, begin_checkout
from portal.balance_forms import BalanceForm
from portal.pay_forms import PayForm
from portal.pay_views import REFUSALS, offered_to, pay_page, to_gateway
from portal.reporting import ReportPage
from preinstall.captcha import CaptchaForm

HOUR = 3600
PER_NETWORK, PER_VALUE, PER_ISP = 60, 10, 3000  # looks in an hour
PER_LINK, REPORTS = 5, 30  # reports with one link, and from one network in an hour


@isp_link_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def balance(request: HttpRequest) -> HttpResponse:
    """Say who you are; whoever it is, or nobody, the answer is a page behind a link of half an hour."""
    rules = BalanceSettings.load()
    if not rules.is_on or not rules.kinds:
        return render(request, "portal/balance/closed.html")
    if request.method != "POST":
        return _ask(request, rules, BalanceForm(rules=rules))
    form = BalanceForm(request.POST, rules=rules)
    if not form.is_valid():
        return _ask(request, rules, form, status=422)
    if not _may_look(request, form.cleaned_data):
        return _ask(request, rules, form, status=429)
    captcha = CaptchaForm(request.POST, request=request, page="balance")
    if not _is_human(captcha):
        return _ask(request, rules, form, captcha, status=422)
    data = form.cleaned_data
    secret = lookup.look_up(
        kind=data["kind"], value=data["value"], country=request.isp.country, phone=data.get("phone")
    )
    return redirect("balance_found", request.isp_link, secret)


def _ask(
    request: HttpRequest, rules: BalanceSettings, form: BalanceForm, captcha: Any = None, status: int = 200
) -> HttpResponse:
    captcha = captcha or CaptchaForm(request=request, page="balance")
    context = {"form": form, "captcha": captcha, "rules": rules, "is_throttled": status == 429}
    return captcha.allow_in(render(request, "portal/balance/ask.html", context, status=status))


def _may_look(request: HttpRequest, data: dict[str, Any]) -> bool:
    """Slow for who guesses: from one network, at one number from anywhere, and in all."""
    named = hashlib.sha256(f"{data['kind']}:{data['value'].lower()}".encode()).hexdigest()[:32]
    limits = [(f"balance:{throttle.network(request)}", PER_NETWORK), (f"balance-of:{named}", PER_VALUE)]
    allowed = [throttle.allow(what, limit=most, seconds=HOUR) for what, most in [*limits, ("balance", PER_ISP)]]
    return all(allowed)


def _is_human(captcha: CaptchaForm) -> bool:
    if captcha.asks_outside:
        with outside_transaction():
            return captcha.is_valid()
    return captcha.is_valid()


@isp_link_page
@never_cache
@require_GET
def captcha_challenge(request: HttpRequest) -> HttpResponse:
    """A new challenge for the balance page of the ISP in the path."""
    return JsonResponse(new_challenge("balance"))


def _over(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/balance/over.html", status=410)


@isp_link_page
@never_cache
@require_safe
def found(request: HttpRequest, token: str) -> HttpResponse:
    """What is open, and how to pay it; or whom of several one is. Nobody looks like somebody who owes nothing."""
    rules = lookup.rules_of_link()
    link = lookup.find_link(token) if rules else None
    if link is None:
        return _over(request)
    people = lookup.owing(link)
    chosen = _chosen(request, people)
    debts = list(lookup.debts_of(chosen))
    methods = list(PaymentMethod.objects.in_portal().for_group(chosen.group_id if chosen else None))
    context = {
        "token": token,
        "people": [(n, lookup.masked_name(person)) for n, person in enumerate(people, start=1)],
        "is_choice": len(people) > 1 and chosen is None,
        "name": lookup.masked_name(chosen) if chosen else "",
        "person": request.GET.get("person", "1"),
        "subscriber": chosen,
        "debts": debts,
        "total": sum(debt.open for debt in debts),
        "methods": methods,
        "takes_reports": rules.takes_reports and any(method.takes_reports for method in methods),
        "pays_online": rules.pays_online,
    }
    return _unindexed(render(request, "portal/balance/found.html", context))


def _chosen(request: HttpRequest, people: list[Any]) -> Any:
    """Whom of several the address names; the only one without asking."""
    text = request.GET.get("person", "1" if len(people) == 1 else "")
    if text.isascii() and text.isdecimal() and 0 < int(text[:3]) <= len(people):
        return people[int(text[:3]) - 1]
    return None


def _unindexed(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


@isp_link_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, token: str) -> HttpResponse:
    """Report a payment without signing in, as whom one has found."""
    rules = lookup.rules_of_link()
    link = lookup.find_link(token) if rules and rules.takes_reports else None
    chosen = _chosen(request, lookup.owing(link)) if link else None
    if link is None or chosen is None:
        return _over(request)
    here = reverse("balance_found", args=[request.isp_link, token])
    page = ReportPage(
        request,
        subscriber=chosen,
        by=None,
        template="portal/balance/report.html",
        done=f"{here}reported/",
        limits=[(f"report-link:{link.pk}", PER_LINK), (f"report-net:{throttle.network(request)}", REPORTS)],
        context={"back": f"{here}?person={request.GET.get('person', '1')}", "name": lookup.masked_name(chosen)},
    )
    return _unindexed(page.respond())


@isp_link_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """Pay online without signing in, on the ISP's own host, where the gateway leads back to."""
    if request.site.isp is None:
        return redirect(portal_url(request.isp, request.get_full_path()))
    rules = lookup.rules_of_link()
    link = lookup.find_link(token) if rules and rules.pays_online else None
    chosen = _chosen(request, lookup.owing(link)) if link else None
    if link is None or chosen is None:
        return _over(request)
    form = _pay_form(request, chosen)
    if form.is_bound and form.is_valid() and throttle.allow(f"pay-link:{link.pk}", limit=PER_LINK, seconds=HOUR):
        try:
            now, host = timezone.now(), request.site.host
            made = begin_checkout(by=None, isp=request.isp, subscriber=chosen, at=now, host=host, **form.wish)
            return _unindexed(to_gateway(request, made))
        except CannotPay as problem:
            form.add_error(None, REFUSALS[type(problem)])
    context = {"form": form, "action": request.get_full_path(), "name": lookup.masked_name(chosen)}
    return _unindexed(pay_page(request, form, context))


def _pay_form(request: HttpRequest, chosen: Any) -> PayForm:
    unpaid = chosen.invoices.unpaid().filter(currency=request.isp.currency).select_related("entry")
    return PayForm(
        request.POST if request.method == "POST" else None,
        invoices=unpaid,
        balance=chosen.balance,
        accounts=offered_to(chosen),
        wanted=[],
        terms="",
    )


@isp_link_page
@never_cache
@require_safe
def reported(request: HttpRequest, token: str) -> HttpResponse:
    """That the report has come, and what happens next."""
    return _unindexed(render(request, "portal/balance/reported.html", {"token": token}))


@public_page
@require_safe
def own_page(request: HttpRequest) -> HttpResponse:
    """On an ISP's host, the short address of its balance page. An ISP whose links are hard to guess has none."""
    isp = request.site.isp
    if isp is None or link_identifier(isp) != isp.slug:
        raise Http404
    return redirect("balance", isp.slug)


@public_page
@require_safe
def old_address(request: HttpRequest, identifier: str) -> HttpResponse:
    """Where the printed QR codes of the old product lead."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(reverse("balance", args=[identifier]) + (f"?{query}" if query else ""))
