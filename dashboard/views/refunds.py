"""Paying a card payment back, in whole or in part."""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from payments.gateway_forms import RefundForm
from payments.models import Payment, Refund
from payments.services import refunds
from tenants.roles import Right


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, number: int) -> HttpResponse:
    """What is left of the payment, what went back already, and a form for more."""
    rows = Payment.objects.select_related("subscriber", "checkout__account", "stray__account")
    payment = get_object_or_404(rows.held_by_gateways(), number=number)
    left = refunds.left_of(payment)
    posted = request.POST if request.method == "POST" else None
    form = RefundForm(posted, left=left, initial={"amount": left, "key": uuid4()})
    if form.is_bound and form.is_valid():
        try:
            made = _refund(request, payment, form)
        except refunds.MoreThanThereIs:
            form.add_error("amount", _("Enter an amount above zero, and at most what is left of the payment."))
        except refunds.GatewayRefuses as problem:
            form.add_error(None, _("The gateway does not pay it back: %(text)s") % {"text": problem})
        else:
            is_done = made.state == Refund.State.DONE
            messages.success(request, _("Paid back.") if is_done else _("It is on its way; the gateway confirms it."))
            return redirect("payment-refund", slug=request.isp.slug, number=number)
    made_before = Refund.objects.filter(checkout__payment=payment)
    context = {"payment": payment, "left": left, "form": form, "refunds": made_before}
    return render(request, "dashboard/payments/refund.html", context, status=422 if form.errors else 200)


def _refund(request: HttpRequest, payment: Payment, form: RefundForm) -> Refund:
    data = form.cleaned_data
    return refunds.refund_payment(
        by=request.user,
        payment=payment,
        amount=data["amount"],
        reason=data["reason"],
        on=timezone.localdate(),
        at=timezone.now(),
        key=str(data["key"]),
    )
