"""SMS of the demo: each ISP has a gateway of the demo's own, whose messages stand among its mails."""

from django.db import transaction
from django.utils import timezone

from core.scope import isp_scope, public_scope
from messaging.models import ChannelAccount
from messaging.services.channel_accounts import connect_channel
from subscribers.models import Contact, PortalUser, SmsRules
from subscribers.portal_roles import PortalRole
from tenants.directory import IspRef, reference
from tenants.models import ISP

PEOPLE = {
    "MX": [("Mamá", "+525512345601"), ("Taller de Beto", "+525512345602")],
    "CO": [("Mamá", "+573012345601"), ("Portería", "+573012345602")],
}


def connect_channels(gateway: str) -> None:
    """Connect each ISP that has no channel yet to the gateway at an address, and let subscribers send SMS."""
    with public_scope():
        isps = [reference(isp) for isp in ISP.objects.with_state().order_by("pk")]
    for isp in isps:
        if isp.is_suspended:
            continue
        with isp_scope(isp):
            with transaction.atomic():
                is_connected = ChannelAccount.objects.exists()
            if not is_connected:
                _connect(isp, gateway)


def _connect(isp: IspRef, gateway: str) -> None:
    typed = {
        "url": f"{gateway}sms",
        "method": "POST",
        "format": "form",
        "parameters": "to={number}\ntext={text}\nfrom={sender}\ncallback={callback}\nscope={secret}",
        "headers": "",
        "secret": f"isp{isp.uuid}",
        "sender": isp.name[:11],
        "success": "status=ok",
        "number_at": "id",
        "balance_url": f"{gateway}sms",
        "callback_number": "id",
        "callback_state": "state",
        "callback_delivered": "delivered",
        "callback_failed": "failed",
        "callback_gone": "",
    }
    connect_channel(by=None, channel="http_sms", values=typed, at=timezone.now())
    with transaction.atomic():
        ChannelAccount.objects.update(price="0.35" if isp.currency == "MXN" else "45")
        SmsRules.objects.get_or_create(pk=1, defaults={"is_on": True})
        # The first of those whose login is shown.
        owners = PortalUser.objects.filter(role=PortalRole.OWNER, one_time="", valid_until=None, blocks=None)
        owner = owners.order_by("pk").first()
        for name, phone in PEOPLE.get(isp.country, []) if owner else []:
            Contact.objects.create(subscriber=owner.subscriber, name=name, phone=phone)
