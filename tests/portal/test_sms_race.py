"""Two tabs that send the last SMS of the day at once."""

import threading
from contextlib import suppress
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import ChannelAccount, Message
from subscribers.models import SmsRules, Subscriber, Zone
from subscribers.portal_roles import PortalRole
from subscribers.services import portal_sms
from tenants.models import ISP
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory


@pytest.fixture
def race(committed):
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        ChannelAccount.objects.create(channel="http_sms", medium="sms", values={"url": "http://127.0.0.1:9"})
        SmsRules.objects.create(pk=1, is_on=True, per_month=None, per_day=1)
        user = PortalUserFactory(
            subscriber=SubscriberFactory(first_name="Race"), username="race", role=PortalRole.OWNER
        )
    yield isp, user
    with isp_scope(isp), transaction.atomic():
        Message.objects.filter(occasion=portal_sms.OCCASION).delete()
        AuditEntry.objects.filter(verb="subscribers.sms.sent").delete()
        Subscriber.objects.filter(first_name="Race").delete()
        Zone.objects.all().delete()
        SmsRules.objects.all().delete()
        ChannelAccount.objects.all().delete()


@pytest.mark.parametrize("defence", [True, False])
def test_the_cap_holds_for_two_at_once(race, monkeypatch, defence):
    """The control takes the lock away: then both count none, and both go."""
    isp, user = race
    usual, met, outcomes = portal_sms.used, threading.Barrier(2), []

    def used(*args, **named):
        counted = usual(*args, **named)
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=1)  # until the other one has counted, too, if it can
        return counted

    monkeypatch.setattr(portal_sms, "used", used)
    if not defence:
        monkeypatch.setattr(type(Subscriber.objects), "lock_to_add", lambda self, pk: self.get(pk=pk))

    def send():
        try:
            with isp_scope(isp), transaction.atomic():
                portal_sms.send_sms(
                    by=user, to="+525512345678", text="x", key=uuid4(), at=datetime.now(ZoneInfo("UTC")),
                    tz="America/Mexico_City",
                )  # fmt: skip
            outcomes.append("sent")
        except portal_sms.CapReached:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == (["refused", "sent"] if defence else ["sent", "sent"])
