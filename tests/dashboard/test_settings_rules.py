"""By which media events are told, the quiet hours, and what a customer wants to hear of."""

from datetime import time

import pytest

from core.scope import isp_scope
from messaging.models import ChannelAccount, EventRule, Message, OptOut, QuietHours
from tenants.roles import Role
from tests.dashboard.settings_pages import staff_client, text_of
from tests.factories.subscribers import PortalUserFactory

PAGE = "/wispmega/settings/rules/"


@pytest.fixture
def admin(isp):
    return staff_client(isp)


def test_quiet_hours_need_both_times_or_none(admin, isp):
    assert 'value="21:00"' in text_of(admin.get(PAGE))
    half = admin.post(PAGE, {"begins": "22:00", "ends": ""})
    assert (half.status_code, "Write both times, or none." in text_of(half)) == (422, True)
    admin.post(PAGE, {"begins": "22:00", "ends": "07:30", "holds_mail": "on"})
    with isp_scope(isp):
        row = QuietHours.load()
        assert (row.begins, row.ends, row.holds_mail) == (time(22), time(7, 30), True)


def test_an_event_is_told_by_media_in_an_order(admin, isp):
    page = text_of(admin.get(f"{PAGE}billing-reminder/"))
    assert "You have no channel yet for:" in page
    answer = admin.post(f"{PAGE}billing-reminder/", {"is_on": "on", "place_0": "sms", "place_1": "email"})
    assert answer.headers["Location"] == PAGE
    with isp_scope(isp):
        row = EventRule.objects.get()
        assert (row.event, row.media, row.takes_all, row.is_on) == ("billing/reminder", ["sms", "email"], False, True)
    twice = admin.post(f"{PAGE}billing-reminder/", {"place_0": "sms", "place_1": "sms"})
    assert (twice.status_code, "stands above already" in text_of(twice)) == (422, True)


def test_passwords_cannot_be_switched_off(admin, isp):
    page = text_of(admin.get(f"{PAGE}portal-forgotten/"))
    assert 'name="is_on"' not in page
    admin.post(f"{PAGE}portal-forgotten/", {"place_0": "email"})
    with isp_scope(isp):
        assert EventRule.objects.get().is_on


def test_staff_see_and_change_what_a_customer_wants(admin, isp, count_queries):
    with isp_scope(isp):
        user = PortalUserFactory()
        ChannelAccount.objects.create(channel="test_sms", medium="sms")
        OptOut.objects.create(subscriber_key=user.subscriber_id, login_key=user.pk, kind="visits", medium="email")
        # By push nothing is sent now, so what was said of it stays.
        OptOut.objects.create(subscriber_key=user.subscriber_id, kind="bills", medium="push")
        Message.objects.create(to="a@b.example", text="x", kind="bills", subscriber_key=user.subscriber_id)
    page = f"/wispmega/subscribers/{user.subscriber.number}/messages/preferences/"
    assert f"{user.username}: visits of our technicians, e-mail" in text_of(admin.get(page))
    kinds = ("payments", "service", "visits", "news")
    admin.post(page, {kind: ["email", "sms"] for kind in kinds} | {"bills": ["sms"]})
    with isp_scope(isp):
        wishes = set(OptOut.objects.filter(login_key=0).values_list("kind", "medium", "by_kind"))
        assert wishes == {("bills", "email", "staff"), ("bills", "push", "")}
        assert Message.objects.get().state == "stopped"
    reader = staff_client(isp, Role.READ_ONLY)
    assert "What the customer wants" not in text_of(reader.get(page))
