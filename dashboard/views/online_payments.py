"""Payments at gateways: what is under way or came in, and what fits nothing."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import tables
from dashboard.access import staff_page
from dashboard.payment_tables import CheckoutTable
from payments.gateway_forms import AssignForm, DismissForm, ReturnForm
from payments.models import Checkout, GatewayAccount, StrayPayment
from payments.services import strays as services
from subscribers.models import Erased
from tenants.roles import Right

DECIDED = 25  # that are shown


@staff_page(Right.SEE_MONEY)
@require_safe
def online(request: HttpRequest) -> HttpResponse:
    """Every payment that somebody began online, the newest first; `state` narrows it down."""
    rows = Checkout.objects.select_related("subscriber", "account", "payment", "saved")
    state = request.GET.get("state", "")
    if state in Checkout.State:
        rows = rows.filter(state=state)
    table = CheckoutTable(rows)
    tables.show(request, table, per_page=25)
    context = {
        "table": table,
        "states": Checkout.State.choices,
        "state": state,
        "strays": StrayPayment.objects.waiting().count(),
        "is_connected": GatewayAccount.objects.exists(),
    }
    return render(request, "dashboard/payments/online.html", context)


@staff_page(Right.SEE_MONEY)
@require_safe
def strays(request: HttpRequest) -> HttpResponse:
    """Money at the gateway that fits nothing, the oldest first, and what was decided lately."""
    return _strays_page(request)


def _strays_page(request: HttpRequest, tried: StrayPayment | None = None, form: object = None) -> HttpResponse:
    rows = StrayPayment.objects.select_related("account", "payment__subscriber", "checkout__subscriber")
    context = {
        "waiting": rows.waiting().order_by("pk")[:100],
        "decided": rows.exclude(decided_at=None).order_by("-decided_at")[:DECIDED],
        "tried": tried,
        "assign_form": form if isinstance(form, AssignForm) else None,
        "dismiss_form": form if isinstance(form, DismissForm) else None,
        "return_form": form if isinstance(form, ReturnForm) else None,
        "empty_return": ReturnForm(),
        "empty_assign": AssignForm(),
        "empty_dismiss": DismissForm(),
    }
    return render(request, "dashboard/payments/strays.html", context, status=422 if form else 200)


@staff_page(Right.WORK_MONEY)
@require_POST
def assign(request: HttpRequest, stray: UUID) -> HttpResponse:
    """Book it for a subscriber."""
    row = get_object_or_404(StrayPayment.objects.select_related("account"), uuid=stray)
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _strays_page(request, row, form)
    try:
        services.assign_stray(
            by=request.user, stray=row, subscriber=form.subscriber, currency=request.isp.currency, at=timezone.now()
        )
    except services.CannotAssign:
        form.add_error("number", _("This is not money of your books: another currency, or a payment of test mode."))
    except Erased:
        form.add_error("number", _("This subscriber was erased."))
    except services.Decided:
        return _too_late(request)
    if form.errors:
        return _strays_page(request, row, form)
    messages.success(request, _("The payment was booked for %(name)s.") % {"name": form.subscriber.full_name})
    return redirect("strays", slug=request.isp.slug)


@staff_page(Right.WORK_MONEY)
@require_POST
def dismiss(request: HttpRequest, stray: UUID) -> HttpResponse:
    """Put it aside."""
    row = get_object_or_404(StrayPayment, uuid=stray)
    form = DismissForm(request.POST)
    if not form.is_valid():
        return _strays_page(request, row, form)
    try:
        services.dismiss_stray(by=request.user, stray=row, note=form.cleaned_data["note"], at=timezone.now())
    except services.Decided:
        return _too_late(request)
    messages.success(request, _("The payment was put aside."))
    return redirect("strays", slug=request.isp.slug)


@staff_page(Right.WORK_MONEY)
@require_POST
def give_back(request: HttpRequest, stray: UUID) -> HttpResponse:
    """Take a decision back: it fits nothing again."""
    row = get_object_or_404(StrayPayment.objects.select_related("payment__subscriber"), uuid=stray)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _strays_page(request, row, form)
    reason = form.cleaned_data["reason"]
    try:
        services.return_stray(by=request.user, stray=row, reason=reason, on=timezone.localdate())
    except services.CannotReturn:
        messages.warning(request, _("It waits already, or some of it has gone back to the payer."))
    except Erased:
        messages.warning(request, _("This subscriber was erased."))
    else:
        messages.success(request, _("The payment fits nothing again, and waits for you to say whose it is."))
    return redirect("strays", slug=request.isp.slug)


def _too_late(request: HttpRequest) -> HttpResponse:
    messages.info(request, _("Somebody else has decided this meanwhile."))
    return redirect("strays", slug=request.isp.slug)
