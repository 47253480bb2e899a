"""Settings: receipts and payment reports, and the public balance page."""

from django.http import HttpRequest, HttpResponse

from company.access import link_identifier
from dashboard.access import staff_page
from dashboard.views.settings import bound, public_links, saved, section_page
from payments.forms import BalanceSettingsForm, PaymentSettingsForm
from payments.models import BalanceSettings, PaymentSettings
from payments.services import settings as services
from tenants.roles import Right


@staff_page(Right.PAYMENT_SETTINGS)
def payment_rules(request: HttpRequest) -> HttpResponse:
    """Receipts by e-mail, reports of subscribers, and what a report does."""
    form = PaymentSettingsForm(**bound(request), instance=PaymentSettings.load())
    if form.is_bound and form.is_valid():
        changed = services.change_payment_settings(values=form.cleaned_data, by=request.user)
        return saved(request, "payment-rules", changed=changed)
    return section_page(request, "payment-rules", {}, form=form)


@staff_page(Right.PAYMENT_SETTINGS)
def balance(request: HttpRequest) -> HttpResponse:
    """What the public balance page asks for and says, and its addresses with QR codes."""
    form = BalanceSettingsForm(**bound(request), instance=BalanceSettings.load())
    if form.is_bound and form.is_valid():
        changed = services.change_balance_settings(values=form.cleaned_data, by=request.user)
        return saved(request, "balance", changed=changed)
    links = public_links(request.isp, "balance", link_identifier(request.isp))
    return section_page(request, "balance", {"links": links, "is_on": BalanceSettings.load().is_on}, form=form)
