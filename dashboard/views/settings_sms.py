"""Settings: SMS that subscribers write in the portal."""

from django.http import HttpRequest, HttpResponse

from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from messaging.models import ChannelAccount, Medium
from subscribers.models import SmsRules
from subscribers.services import portal_sms
from subscribers.sms_forms import SmsRulesForm
from tenants.roles import Right

SECTION = "portal-sms"


@staff_page(Right.SETTINGS)
def portal_sms_rules(request: HttpRequest) -> HttpResponse:
    """Whether subscribers may write SMS in the portal, and how many."""
    data = {name: value for name, value in bound(request).items() if name == "data"}
    form = SmsRulesForm(**data, instance=SmsRules.load())
    if form.is_bound and form.is_valid():
        changed = portal_sms.change_sms_rules(by=request.user, values=form.cleaned_data)
        return saved(request, SECTION, changed=changed)
    has_channel = ChannelAccount.objects.carrying(Medium.SMS).exists()
    return section_page(request, SECTION, {"has_channel": has_channel}, form=form)
