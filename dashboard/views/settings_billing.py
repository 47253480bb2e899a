"""Settings: how the ISP bills."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from billing.forms import BillingSettingsForm, GroupBillingForm
from billing.models import BillingSettings, GroupBilling
from billing.services import settings as services
from company.models import InvoiceGroup
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from tenants.roles import Right


@staff_page(Right.PAYMENT_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def billing(request: HttpRequest) -> HttpResponse:
    """When and how services are billed, and what holds for groups instead."""
    form = BillingSettingsForm(**bound(request), instance=BillingSettings.load())
    if form.is_bound and form.is_valid():
        return saved(request, "billing", changed=services.change_settings(values=form.cleaned_data, by=request.user))
    context = {"groups": InvoiceGroup.objects.select_related("billing")}
    return section_page(request, "billing", context, form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def group_billing(request: HttpRequest, group: UUID) -> HttpResponse:
    """Billing day and days to pay of one invoice group."""
    found = get_object_or_404(InvoiceGroup, uuid=group)
    own: Any = GroupBilling.objects.filter(group=found).first()
    form = GroupBillingForm(**bound(request), instance=own)
    if form.is_bound and form.is_valid():
        services.change_group(by=request.user, group=found, **form.cleaned_data)
        return saved(request, "billing")
    return section_page(request, "billing", {"group": found}, template="billing_group", form=form)
