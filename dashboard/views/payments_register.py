"""Registering a payment at the desk."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import F
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.models import Invoice
from core.templatetags.ui import reader_locale
from dashboard.access import staff_page
from payments.models import Payment, PaymentMethod
from payments.money_forms import PaymentForm
from payments.services import payments as services
from payments.services.closings import DeskClosed
from subscribers.models import Subscriber
from tenants.roles import Right

HITS = 10


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Book money that somebody brought. First the subscriber is looked for; sent twice, it is still one payment."""
    subscriber = _subscriber(request)
    if subscriber is None:
        return _search(request)
    open_invoices = list(_open(subscriber))
    form = _form(request, subscriber, open_invoices)
    payment = None
    if form.is_bound and form.is_valid():
        try:
            payment = _book(request, subscriber, form.cleaned_data)
        except DeskClosed:
            form.add_error(
                None, _("Your cash desk is closed for today. A colleague, or you tomorrow, can register it.")
            )
    if payment is None:
        context = {"form": form, "subscriber": subscriber, "invoices": open_invoices}
        return render(request, "dashboard/payments/register.html", context, status=422 if form.is_bound else 200)
    messages.success(request, _("The payment is booked. Receipt %(number)s.") % {"number": payment.number})
    return redirect("payment", slug=request.isp.slug, number=payment.number)


def _book(request: HttpRequest, subscriber: Subscriber, data: dict[str, Any]) -> Payment:
    return services.register_payment(
        by=request.user,
        subscriber=subscriber,
        amount=data["amount"],
        currency=request.isp.currency,
        on=data["paid_on"],
        source=Payment.Source.DESK,
        method=data["method"],
        fee=data["method"].fee_on_top(data["amount"]),
        reference=data["reference"],
        comment=data["comment"],
        invoices=list(data["invoices"]),
        key=f"form:{subscriber.number}:{data['key']}",
    )


def _subscriber(request: HttpRequest) -> Any:
    """Whoever the address names, with the balance; None if nobody."""
    text = request.GET.get("subscriber", "")
    if not text.isdecimal() or len(text) > 9:
        return None
    rows = Subscriber.objects.not_erased().annotate(balance=Coalesce(F("account__balance"), 0, output_field=_money()))
    return rows.filter(number=int(text)).first()


def _money() -> Any:
    return Invoice._meta.get_field("total").clone()


def _open(subscriber: Subscriber) -> Any:
    return subscriber.invoices.unpaid().select_related("entry").order_by("entry__due_on", "pk")


def _form(request: HttpRequest, subscriber: Any, open_invoices: list[Invoice]) -> PaymentForm:
    ticked = [row for row in open_invoices if str(row.uuid) in request.GET.getlist("invoice")]
    owed = sum((row.open for row in ticked), subscriber.balance if not ticked else 0)
    first = {
        "amount": owed if owed > 0 else None,
        "paid_on": timezone.localdate(),
        "key": uuid4(),
        "invoices": [str(row.uuid) for row in ticked],
    }
    return PaymentForm(
        request.POST if request.method == "POST" else None,
        initial=first,
        today=timezone.localdate(),
        methods=PaymentMethod.objects.filter(is_active=True).for_group(subscriber.group_id),
        invoices=_open(subscriber),
        locale=reader_locale(request.isp.country),
        currency=request.isp.currency,
    )


def _search(request: HttpRequest) -> HttpResponse:
    """Who brought the money."""
    text = request.GET.get("q", "").strip()[:100]
    rows = Subscriber.objects.not_erased().search(text).select_related("account") if text else Subscriber.objects.none()
    context = {"q": text, "hits": rows[:HITS], "is_named": "subscriber" in request.GET}
    return render(request, "dashboard/payments/search.html", context)
