"""Settings: the ways to pay that the ISP offers."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import tables
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page, to_section
from payments.forms import PaymentMethodForm
from payments.models import PaymentMethod
from payments.services import methods as services
from payments.tables import PaymentMethodTable
from tenants.roles import Right


@staff_page(Right.PAYMENT_SETTINGS)
def payments(request: HttpRequest) -> HttpResponse:
    """The list, in the order in which subscribers see it."""
    table = PaymentMethodTable(PaymentMethod.objects.all())
    tables.show(request, table, per_page=50)
    return section_page(request, "payments", {"table": table})


@staff_page(Right.PAYMENT_SETTINGS)
def add(request: HttpRequest) -> HttpResponse:
    """Offer another way to pay."""
    form = PaymentMethodForm(**bound(request))
    if form.is_bound and form.is_valid():
        method = services.add_payment_method(values=form.cleaned_data, by=request.user)
        messages.success(request, _("%(method)s was added.") % {"method": method.name})
        return to_section(request, "payments")
    return section_page(request, "payments", {}, template="payment_method", form=form)


@staff_page(Right.PAYMENT_SETTINGS)
def change(request: HttpRequest, method: UUID) -> HttpResponse:
    """Change one way to pay."""
    row = get_object_or_404(PaymentMethod, uuid=method)
    form = PaymentMethodForm(**bound(request), instance=get_object_or_404(PaymentMethod, uuid=method))
    if form.is_bound and form.is_valid():
        changed = services.change_payment_method(method=row, values=form.cleaned_data, by=request.user)
        return saved(request, "payments", changed=changed)
    return section_page(request, "payments", {"method": row}, template="payment_method", form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def move(request: HttpRequest, method: UUID) -> HttpResponse:
    """One place up or down."""
    row = get_object_or_404(PaymentMethod, uuid=method)
    services.move_payment_method(
        method=row, direction="up" if request.POST.get("direction") == "up" else "down", by=request.user
    )
    return to_section(request, "payments")


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def switch(request: HttpRequest, method: UUID) -> HttpResponse:
    """Take it out of use, or back into it."""
    row = get_object_or_404(PaymentMethod, uuid=method)
    is_active = request.POST.get("is_active") == "1"
    services.switch_payment_method(method=row, is_active=is_active, by=request.user)
    text = _("%(method)s is in use again.") if is_active else _("%(method)s is out of use.")
    messages.success(request, text % {"method": row.name})
    return to_section(request, "payments")
