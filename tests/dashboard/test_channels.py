"""Staff and channels of messages: keys, the health light, a test to oneself, and what carriers call back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from lab.carriers import CarrierLab, Reply
from lab.smpp import SmppLab
from messaging.models import Browser, ChannelAccount, Message, StoppedAddress
from messaging.services import channel_accounts, write_message
from messaging.tasks import check_channel_keys, hear_receipts
from tenants.roles import Role
from tests.conftest import HostClient
from tests.dashboard.settings_pages import staff_client, text_of
from tests.messaging.channels.test_http_sms import VALUES
from tests.messaging.channels.test_twilio import signed

CHANNELS = "/wispmega/settings/channels/"
HTTP = f"{CHANNELS}http_sms/"
TYPED = {**{name: value for name, value in VALUES.items() if name != "callback_secret"}, "balance_url": ""}


@pytest.fixture
def carrier(settings, monkeypatch):
    monkeypatch.setattr(connection, "is_under_test", True, raising=False)
    settings.GATEWAY_TIMEOUT = 2
    lab = CarrierLab()
    lab.start()
    settings.TWILIO_API_BASE = settings.WHATSAPP_API_BASE = lab.url
    yield lab
    lab.stop()


@pytest.fixture
def admin(isp):
    return staff_client(isp, Role.ADMIN)


@pytest.fixture
def connected(admin, carrier):
    admin.post(HTTP, {**TYPED, "url": f"{carrier.url}/send", "balance_url": f"{carrier.url}/balance"})
    return admin


def account(isp, channel="http_sms"):
    with isp_scope(isp):
        return ChannelAccount.objects.get(channel=channel)


def test_nothing_is_connected_and_each_channel_is_offered(isp, admin):
    page = text_of(admin.get(CHANNELS))
    assert all(name in page for name in ("Twilio", "SMPP", "SMS gateway by HTTP", "WhatsApp", "Browser notifications"))
    assert "Mail server of the platform" not in page


def test_keys_are_tried_kept_and_never_shown_again(isp, connected, carrier):
    row = account(isp)
    assert (row.is_on, row.problem, row.medium) == (True, "", "sms")
    assert row.told == '{"status": "ok", "id": "m-1"}'
    assert row.values["callback_secret"]
    assert "secret" not in row.values
    page = text_of(connected.get(HTTP))
    assert "s3cret" not in page
    assert f"/channels/{row.uuid}/events/?secret={row.values['callback_secret']}" in page
    with isp_scope(isp):
        entry = AuditEntry.objects.get(verb="messaging.channel.connected")
        assert "s3cret" not in str(entry.details)


def test_keys_that_do_not_work_are_told_and_nothing_is_kept_or_lost(isp, admin, carrier):
    carrier.faults = ["keys"]
    answer = admin.post(HTTP, {**TYPED, "url": f"{carrier.url}/send", "balance_url": f"{carrier.url}/b"})
    assert answer.status_code == 422
    assert "does not know these keys" in text_of(answer)
    assert "message.to.0={digits}" in text_of(answer)
    with isp_scope(isp):
        assert not ChannelAccount.objects.exists()


def test_a_mistake_stands_at_its_field(admin, carrier):
    answer = admin.post(HTTP, {**TYPED, "url": "http://me:pw@x.example"})
    assert "Write the password below" in str(answer.context["forms"]["channel"].errors["url"])
    assert not carrier.calls


def test_an_empty_secret_stays_as_it_was(isp, connected, carrier):
    before = account(isp).values["callback_secret"]
    typed = {**TYPED, "url": f"{carrier.url}/send", "balance_url": f"{carrier.url}/balance"}
    connected.post(HTTP, {**typed, "secret": "", "sender": "Mega"})
    row = account(isp)
    with isp_scope(isp):
        assert row.setup().values["secret"] == "s3cret"
    assert (row.values["sender"], row.values["callback_secret"]) == ("Mega", before)


def test_one_channel_carries_a_medium_and_another_takes_its_place(isp, connected, carrier):
    carrier.faults = [Reply(200, {"friendly_name": "Mega", "status": "active"})]
    connected.post(f"{CHANNELS}twilio/", {"account": "AC1", "token": "tok", "sender": "+15005550006"})
    assert (account(isp).is_on, account(isp, "twilio").is_on) == (False, True)
    connected.post(f"{HTTP}switch/", {"is_on": "1"})
    assert (account(isp).is_on, account(isp, "twilio").is_on) == (True, False)
    connected.post(f"{HTTP}switch/", {"is_on": "0"})
    assert not account(isp).is_on


def age(isp):
    with isp_scope(isp):
        ChannelAccount.objects.update(checked_at=timezone.now() - timedelta(days=1))


def test_a_light_goes_red_and_green_again(isp, connected, carrier):
    carrier.faults = ["keys"]
    age(isp)
    check_channel_keys(isp_id=isp.pk)
    assert account(isp).light == "red"
    assert "Nothing is sent:" in text_of(connected.get(CHANNELS))
    assert "The keys work." in text_of(connected.post(f"{HTTP}check/", follow=True))
    assert account(isp).light == "green"
    carrier.faults = ["broken after"]
    age(isp)
    check_channel_keys(isp_id=isp.pk)
    assert account(isp).light == "green", "one that is away says nothing about the keys"
    carrier.faults = ["broken after"]
    page = text_of(connected.post(f"{HTTP}check/", follow=True))
    assert "nothing is known of the keys" in page
    assert "The keys work" not in page


def test_staff_learn_of_a_carrier_that_refuses_them_and_it_is_asked_again_each_hour(isp, connected, carrier):
    assert "does not take your messages" not in text_of(connected.get("/wispmega/"))
    with isp_scope(isp):
        ChannelAccount.objects.update(problem="401 while it was being mended")
        Message.objects.create(medium="sms", to="+525512345678", text="x")
    for page in ("/wispmega/", "/wispmega/messages/"):
        shown = text_of(connected.get(page))
        assert "does not take your messages" in shown
        assert HTTP in shown
    check_channel_keys(isp_id=isp.pk)
    assert account(isp).light == "green"
    # One that works is looked at once a day.
    asked = len(carrier.calls)
    check_channel_keys(isp_id=isp.pk)
    assert len(carrier.calls) == asked
    age(isp)
    check_channel_keys(isp_id=isp.pk)
    assert len(carrier.calls) == asked + 1


def test_a_test_goes_to_oneself_and_is_kept(isp, connected, carrier):
    connected.post(f"{HTTP}test/", {"to": "55 1234 5678"})
    with isp_scope(isp):
        message = Message.objects.get()
        assert (message.to, message.state, message.channel, message.segments) == (
            "+525512345678",
            "sent",
            "http_sms",
            1,
        )
    assert carrier.calls[-1].json["message"]["to"] == ["525512345678"]
    assert f"/channels/{account(isp).uuid}/events/?secret=" in carrier.calls[-1].json["report"]
    carrier.faults = ["no"]
    assert "Number is blocked" in text_of(connected.post(f"{HTTP}test/", {"to": "55 1234 5678"}, follow=True))


def test_a_test_to_a_number_that_takes_none_is_refused_at_its_field(connected, carrier):
    sent = len(carrier.calls)
    answer = connected.post(f"{HTTP}test/", {"to": "12"})
    assert answer.context["forms"]["test"].errors["to"]
    assert len(carrier.calls) == sent


def test_price_rate_and_spelling_are_set(isp, connected):
    connected.post(f"{HTTP}limits/", {"price": "0.45", "rate": "10", "rate_per": "60", "spelling": "plain"})
    row = account(isp)
    assert (row.price, row.rate, row.rate_per, row.spelling) == (Decimal("0.45"), 10, 60, "plain")
    with isp_scope(isp):
        assert write_message(medium="sms", to="+525512345678", text="“Acción”").text == '"Accion"'
    assert (
        connected.post(f"{HTTP}limits/", {"price": "-1", "rate": "0", "spelling": "tidy"})
        .context["form"]
        .errors["price"]
    )


def test_disconnecting_forgets_the_keys_and_the_address(isp, connected, carrier):
    address = f"/channels/{account(isp).uuid}/events/?secret={account(isp).values['callback_secret']}"
    assert HostClient("wispmega.localhost").post(address).status_code == 200
    connected.post(f"{HTTP}disconnect/")
    with isp_scope(isp):
        assert not ChannelAccount.objects.exists()
    assert HostClient("wispmega.localhost").post(address).status_code == 404


def test_disconnecting_notifications_forgets_browsers(isp, admin, carrier):
    admin.post(f"{CHANNELS}web_push/", {"contact": "office@wispmega.example"})
    with isp_scope(isp):
        key = account(isp, "web_push").values["public_key"]
        Browser.objects.create(digest="x", endpoint="x", p256dh="x", auth="x", owner_key=1, subscriber_key=1)
    assert len(key) == 87
    admin.post(f"{CHANNELS}web_push/disconnect/")
    with isp_scope(isp):
        assert not Browser.objects.exists()


def test_approved_texts_are_fetched_and_shown(isp, admin, carrier):
    carrier.faults = [Reply(200, {"verified_name": "Mega"}), Reply(200, {"data": []})]
    admin.post(f"{CHANNELS}whatsapp/", {"phone": "1", "business": "2", "token": "t", "app_secret": "a"})
    row = {"name": "hello_world", "language": "en_US", "status": "APPROVED"}
    row["components"] = [{"type": "BODY", "text": "Hello <b>World</b>"}]
    carrier.faults = [Reply(200, {"data": [row]})]
    page = text_of(admin.post(f"{CHANNELS}whatsapp/texts/", follow=True))
    assert "Hello &lt;b&gt;World" in page
    assert 'value="hello_world:en_US"' in page


def sent_message(isp, number="SM1", channel="http_sms"):
    with isp_scope(isp):
        return Message.objects.create(
            medium="sms", to="+525512345678", text="x", state="sent", channel=channel, number_there=number
        )


def state(isp):
    with isp_scope(isp):
        return Message.objects.get().state


def test_a_callback_says_what_became_of_a_message_however_often_it_comes(isp, connected):
    sent_message(isp)
    address = f"/channels/{account(isp).uuid}/events/?secret={account(isp).values['callback_secret']}"
    for _time in range(3):
        answer = HostClient("wispmega.localhost", enforce_csrf_checks=True).get(f"{address}&id=SM1&state=DELIVRD")
        assert (answer.status_code, state(isp)) == (200, "delivered")
    assert account(isp).last_event_at


def test_a_forged_callback_changes_nothing_and_is_counted(isp, connected):
    sent_message(isp)
    browser = HostClient("wispmega.localhost", enforce_csrf_checks=True)
    address = f"/channels/{account(isp).uuid}/events/"
    for said in ("?secret=no&id=SM1&state=DELIVRD", "?id=SM1&state=DELIVRD"):
        assert browser.post(address + said).status_code == 403
    row = account(isp)
    assert (state(isp), row.forged, row.last_event_at) == ("sent", 2, None)
    assert "Reports that were not the carrier" in text_of(connected.get(HTTP))


def test_a_flood_of_forgeries_is_not_listened_to(isp, connected, monkeypatch):
    monkeypatch.setattr("portal.channel_views.FORGERIES", 3)
    address = f"/channels/{account(isp).uuid}/events/"
    answers = [HostClient("wispmega.localhost").post(address).status_code for _time in range(5)]
    assert answers == [403, 403, 403, 429, 429]
    assert account(isp).forged == 3


def test_a_callback_of_twilio_is_verified_with_the_address_that_it_was_given(isp, admin, carrier, settings):
    carrier.faults = [Reply(200, {"friendly_name": "Mega", "status": "active"})]
    admin.post(f"{CHANNELS}twilio/", {"account": "AC1", "token": "tok", "sender": "+15005550006"})
    sent_message(isp, channel="twilio")
    row = account(isp, "twilio")
    path = f"/channels/{row.uuid}/events/"
    how = signed({"MessageSid": "SM1", "MessageStatus": "delivered"}, url=f"http://wispmega.localhost{path}")
    form = {"content_type": "application/x-www-form-urlencoded"}
    mark = {"HTTP_X_TWILIO_SIGNATURE": how["headers"]["X-Twilio-Signature"]}
    answer = HostClient("wispmega.localhost").post(path, how["body"], **form, **mark)
    assert (answer.status_code, state(isp)) == (200, "delivered")
    stop = signed({"From": "+525512345678", "Body": "BAJA"}, url=f"http://wispmega.localhost{path}")
    mark = {"HTTP_X_TWILIO_SIGNATURE": stop["headers"]["X-Twilio-Signature"]}
    HostClient("wispmega.localhost").post(path, stop["body"], **form, **mark)
    with isp_scope(isp):
        stopped = StoppedAddress.objects.get()
        assert (stopped.address, stopped.reason) == ("+525512345678", "opt_out")


def test_a_callback_at_another_isps_host_is_nobodys(isp, other_isp, connected):
    sent_message(isp)
    address = (
        f"/channels/{account(isp).uuid}/events/?secret={account(isp).values['callback_secret']}&id=SM1&state=DELIVRD"
    )
    assert HostClient("fibrandina.localhost").post(address).status_code == 404
    assert state(isp) == "sent"


def test_a_callback_that_is_too_long_is_not_read(isp, connected):
    address = f"/channels/{account(isp).uuid}/events/"
    answer = HostClient("wispmega.localhost").post(address, b"x" * 300_000, content_type="text/plain")
    assert answer.status_code == 413
    assert account(isp).forged == 0


def test_receipts_of_a_message_centre_are_heard_by_a_task(isp, admin, carrier):
    centre = SmppLab(receipts="later")
    centre.start()
    try:
        typed = {"host": "127.0.0.1", "port": centre.port, "tls": "no", "system_id": "lastmile", "password": "secret08"}
        admin.post(f"{CHANNELS}smpp/", {**typed, "sender": "Mega", "alphabet": "gsm", "numbers": "same"})
        admin.post(f"{CHANNELS}smpp/test/", {"to": "55 1234 5678"})
        assert state(isp) == "sent"
        channel_accounts.LISTENED, before = 0.3, channel_accounts.LISTENED
        hear_receipts(isp_id=isp.pk)
        channel_accounts.LISTENED = before
        assert state(isp) == "delivered"
        with isp_scope(isp):
            ChannelAccount.objects.update(last_sent_at=timezone.now() - timedelta(days=31))
        binds = centre.binds
        hear_receipts(isp_id=isp.pk)
        assert centre.binds == binds
    finally:
        centre.stop()
