"""Settings: gateways at which subscribers pay online, by the ISP's own keys."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import staff_page
from dashboard.views.settings import bound, section_page, to_section
from payments.gateway_forms import KeysForm
from payments.gateways import kinds
from payments.models import GatewayAccount
from payments.services import gateway_accounts
from tenants.roles import Right

SECTION = "online-payments"


@staff_page(Right.PAYMENT_SETTINGS)
@require_safe
def gateways(request: HttpRequest) -> HttpResponse:
    """Each gateway, and how it is with it: connected or not, live or test, keys, last event."""
    known = {row.gateway: row for row in GatewayAccount.objects.select_related("method")}
    now = timezone.now()
    rows = [
        {
            "kind": kind,
            "account": known.get(name),
            "is_stale": name in known and known[name].is_stale(now),
            "address": gateway_accounts.events_url(request.isp, name),
        }
        for name, kind in kinds().items()
    ]
    return section_page(request, SECTION, {"rows": rows})


@staff_page(Right.PAYMENT_SETTINGS)
def gateway(request: HttpRequest, gateway: str) -> HttpResponse:
    """Paste keys: they are tried, the webhook is registered, and only then both are kept."""
    kind = kinds().get(gateway)
    if kind is None:
        raise Http404
    form = KeysForm(**{name: value for name, value in bound(request).items() if name == "data"}, kind=kind)
    if form.is_bound and form.is_valid():
        try:
            account = gateway_accounts.connect_gateway(
                by=request.user, isp=request.isp, gateway=gateway, keys=form.keys, at=timezone.now()
            )
        except gateway_accounts.CannotConnect as problem:
            form.add_error("secret", _("The gateway does not take it: %(text)s") % {"text": problem})
        except gateway_accounts.OtherAccount:
            form.add_error("secret", _("This is the key of another account, and payments at the present one are open."))
        else:
            messages.success(request, _("Connected to %(name)s.") % {"name": account.name})
            return to_section(request, SECTION)
    context = {
        "kind": kind,
        "account": GatewayAccount.objects.filter(gateway=gateway).first(),
        "address": gateway_accounts.events_url(request.isp, gateway),
    }
    return section_page(request, SECTION, context, template="gateway", form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def check(request: HttpRequest, gateway: str) -> HttpResponse:
    """Try the keys now."""
    at = timezone.now()
    account = gateway_accounts.check_gateway(account=get_object_or_404(GatewayAccount, gateway=gateway), at=at)
    if account.checked_at != at:
        messages.warning(request, _("There was no answer, so nothing is known of the keys. Try again in some minutes."))
    elif account.problem:
        messages.error(request, _("The keys do not work: %(text)s") % {"text": account.problem})
    else:
        messages.success(request, _("The keys work."))
    return to_section(request, SECTION)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def switch(request: HttpRequest, gateway: str) -> HttpResponse:
    """Offer it to subscribers, or do so no longer."""
    account = get_object_or_404(GatewayAccount, gateway=gateway)
    is_active = request.POST.get("is_active") == "1"
    gateway_accounts.switch_gateway(by=request.user, account=account, is_active=is_active)
    text = _("Subscribers can pay with %(name)s.") if is_active else _("%(name)s is out of use.")
    messages.success(request, text % {"name": account.title})
    return to_section(request, SECTION)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def transfers(request: HttpRequest, gateway: str) -> HttpResponse:
    """Have its pages offer bank transfers as well, or not."""
    account = get_object_or_404(GatewayAccount, gateway=gateway)
    takes = request.POST.get("takes") == "1"
    gateway_accounts.switch_transfers(by=request.user, account=account, takes=takes)
    text = _("%(name)s offers bank transfers, too.") if takes else _("%(name)s offers no bank transfers.")
    messages.success(request, text % {"name": account.title})
    return to_section(request, SECTION)
