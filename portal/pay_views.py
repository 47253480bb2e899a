"""Paying online: what to pay, the way to the gateway's page and back, and the saved card."""

from typing import Any
from uuid import UUID

from csp.constants import SELF
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.models import Account, Invoice
from core import throttle
from core.access import InPreview, public_page
from payments.gateways.base import Forged
from payments.models import Checkout, GatewayAccount, PaymentMethod, SavedMethod
from payments.services import autopay, checkouts, doorbells, truth
from payments.tasks import queue_event
from portal.access import subscriber_page
from portal.pay_forms import PayForm
from subscribers.models import Subscriber
from subscribers.portal_roles import PortalRight

EVENT_BYTES = 256 * 1024
LOOKS, MINUTE = 20, 60  # at one payment, by whoever has its address


class SeeOther(HttpResponseRedirect):
    """Go there with GET, whatever brought you here."""

    status_code = 303


REFUSALS = {
    checkouts.NotOffered: gettext_lazy("Paying online is not possible at the moment."),
    checkouts.NothingToPay: gettext_lazy("This amount cannot be paid. Please look at what is open and choose again."),
    checkouts.OthersInvoice: gettext_lazy("One of these invoices is paid already. Please choose again."),
    checkouts.GatewayBusy: gettext_lazy("The payment page did not answer. Please try again in a moment."),
    checkouts.GatewayRefused: gettext_lazy("The payment page does not take this payment. Please pay another way."),
    checkouts.AnotherOpen: gettext_lazy("Another payment of yours is just coming in. Please look again."),
}


def offered_to(subscriber: Subscriber) -> list[GatewayAccount]:
    """The gateways at which somebody can pay: those of the ISP, as far as they hold for the subscriber's group."""
    methods = PaymentMethod.objects.for_group(subscriber.group_id)
    return list(GatewayAccount.objects.offered().filter(method__in=methods).select_related("method"))


def _unpaid(request: HttpRequest) -> Any:
    rows = Invoice.objects.unpaid().filter(subscriber=request.portal_user.subscriber_id)
    return rows.filter(currency=request.isp.currency).select_related("entry")


def _pay_form(request: HttpRequest, data: Any = None) -> PayForm:
    user = request.portal_user
    return PayForm(
        data,
        invoices=_unpaid(request),
        balance=Account.objects.filter(subscriber=user.subscriber_id).values_list("balance", flat=True).first(),
        accounts=offered_to(user.subscriber),
        wanted=request.GET.getlist("invoice"),
        terms="" if user.pays_only else autopay.terms(request.isp.name),
    )


@subscriber_page(PortalRight.PAY, for_paying=True)
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest) -> HttpResponse:
    """Choose what to pay, and go to the gateway's page."""
    form = _pay_form(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        user = request.portal_user
        try:
            checkout = checkouts.begin_checkout(
                by=user,
                isp=request.isp,
                subscriber=user.subscriber,
                at=timezone.now(),
                host=request.site.host,
                email=user.email or user.subscriber.email,
                **form.wish,
            )
        except checkouts.CannotPay as problem:
            form.add_error(None, REFUSALS[type(problem)])
        else:
            return to_gateway(request, checkout)
    return _pay_page(request, form)


def _pay_page(request: HttpRequest, form: PayForm) -> HttpResponse:
    subscriber = request.portal_user.subscriber_id
    context = {
        "form": form,
        "card": SavedMethod.objects.running().filter(subscriber=subscriber).first(),
        "coming": Checkout.objects.filter(subscriber=subscriber, state=Checkout.State.PROCESSING),
    }
    return pay_page(request, form, context)


def pay_page(request: HttpRequest, form: PayForm, context: dict[str, Any]) -> HttpResponse:
    """The form, for somebody who has signed in or came from the balance page."""
    response = render(request, "portal/pay/pay.html", context, status=422 if form.errors else 200)
    # The browser follows the redirect of the form only to hosts that the page names.
    hosts = [host for account in form.accounts for host in account.kind.hosts()]
    response._csp_update = {"form-action": [SELF, *hosts]}  # type: ignore[attr-defined]
    return response


def to_gateway(request: HttpRequest, checkout: Checkout) -> HttpResponse:
    """A redirect, where the page's policy lets it pass; else a page with a link."""
    if any(checkout.address.startswith(f"{host}/") for host in checkout.account.kind.hosts()):
        return SeeOther(checkout.address)
    return render(request, "portal/pay/go.html", {"checkout": checkout})


@public_page
@require_safe
def checkout(request: HttpRequest, checkout: UUID) -> HttpResponse:
    """Where a payer comes back to. It reads the payment, and says how far it is, and no names.

    Whoever has the address may look, since one may pay without signing in.
    """
    row = get_object_or_404(Checkout.objects.select_related("account", "payment"), uuid=checkout)
    if row.is_under_way and request.preview is None and throttle.allow(f"pay:{row.pk}", limit=LOOKS, seconds=MINUTE):
        row = truth.reconcile(checkout=row, at=timezone.now(), isp=request.isp)
    is_own = bool(request.portal_user) and request.portal_user.subscriber_id == row.subscriber_id
    context = {"checkout": row, "is_back": "back" in request.GET, "is_own": is_own}
    partial = "portal/pay/state.html" if request.htmx else "portal/pay/checkout.html"
    response = render(request, partial, context)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


@subscriber_page(PortalRight.PAY)
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """The card that is charged by itself, what was agreed to, and what it has paid."""
    rows = SavedMethod.objects.filter(subscriber=request.portal_user.subscriber_id)
    card = rows.running().first()
    charges = card.charges.order_by("-pk")[:12] if card else []
    context = {"card": card, "ended": rows.exclude(ended_at=None)[:5], "charges": charges}
    return render(request, "portal/pay/cards.html", context)


@subscriber_page(PortalRight.PAY)
@require_POST
def end_card(request: HttpRequest, card: UUID) -> HttpResponse:
    """Let the ISP charge the card no more."""
    row = get_object_or_404(SavedMethod, uuid=card, subscriber=request.portal_user.subscriber_id)
    autopay.end_saved_method(by=request.portal_user, method=row, how=SavedMethod.Ended.SUBSCRIBER, at=timezone.now())
    messages.success(request, _("The card will not be charged any more."))
    return redirect("/pay/card/")


@public_page(preview=InPreview.NEVER)
@csrf_exempt
@require_POST
def gateway_event(request: HttpRequest, gateway: str) -> HttpResponse:
    """A gateway rings: the event is checked and kept, and answered at once; a task reads what it is about."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > EVENT_BYTES:
        return HttpResponse(status=413)
    try:
        event, is_new = doorbells.take_event(
            gateway=gateway, body=request.body, headers=request.headers, at=timezone.now()
        )
    except doorbells.Unknown:
        return HttpResponse(status=404)
    except Forged:
        return HttpResponse("The signature is not right.", content_type="text/plain", status=400)
    if is_new:
        queue_event(isp_id=request.isp.pk, event_id=event.pk)
    return HttpResponse("Kept.", content_type="text/plain")
