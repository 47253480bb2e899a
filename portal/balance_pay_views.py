"""Paying what somebody has found on the balance page, without signing in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from company.access import isp_link_page
from core import throttle
from domains.links import slug_host
from payments.services import checkouts, lookup
from portal.balance_views import chosen_of, over
from portal.pay_views import REFUSALS, offered_to, to_gateway

PER_LINK, HALF_AN_HOUR = 6, 1800


@isp_link_page
@never_cache
@require_POST
def pay(request: HttpRequest, token: str) -> HttpResponse:
    """To the gateway's page, for all that is open. The way back shows how far it is, and no name."""
    rules, _reports = lookup.rules_of_link()
    link = lookup.find_link(token) if rules.is_on else None
    chosen = chosen_of(request, lookup.owing(link)) if link else None
    if link is None or chosen is None or not throttle.allow(f"pay:{link.pk}", limit=PER_LINK, seconds=HALF_AN_HOUR):
        return over(request)
    wanted = request.POST.get("method", "")
    account = next((each for each in offered_to(chosen) if str(each.method.uuid) == wanted), None)
    try:
        if account is None:
            raise checkouts.NotOffered
        checkout = checkouts.begin_checkout(
            by=None,
            isp=request.isp,
            subscriber=chosen,
            account=account,
            amount=chosen.balance,
            at=timezone.now(),
            host=request.site.host if request.site.isp else slug_host(request.isp),
        )
    except checkouts.CannotPay as problem:
        messages.error(request, REFUSALS[type(problem)])
        person = urlencode({"person": request.GET.get("person", "1")})
        return redirect(f"{reverse('balance_found', args=[request.isp_link, token])}?{person}")
    return to_gateway(request, checkout)
