"""A test of a text goes by the medium of the text, to whoever writes it."""

import pytest

from core.scope import isp_scope
from dashboard.views.settings_text_test import A_DAY
from lab.carriers import CarrierLab, Reply
from lab.push import PushLab
from messaging.channels.web_push.channel import WebPushChannel
from messaging.models import ChannelAccount, Message, StaffPhone, StoppedAddress
from tests.dashboard.settings_pages import staff_client, text_of

PAGE = "/wispmega/settings/texts/billing-return/"
SMS = f"{PAGE}test/?medium=sms"
SAID = {"text": "Hola {{ name }}, “ya”", "seen": "0", "phone": "55 1234 5678"}


@pytest.fixture
def admin(isp):
    return staff_client(isp)


@pytest.fixture
def twilio(isp, settings):
    lab = CarrierLab()
    lab.start()
    settings.TWILIO_API_BASE, settings.GATEWAY_TIMEOUT = lab.url, 2
    with isp_scope(isp):
        values = {"account": "AC1", "sender": "+15005550006"}
        ChannelAccount.objects.create(channel="twilio", medium="sms", values=values, secrets='{"token": "t"}')
    yield lab
    lab.stop()


def test_an_sms_goes_to_the_phone_and_the_number_is_remembered(isp, admin, twilio):
    twilio.faults = [Reply(201, {"sid": "SM1", "num_segments": "1"})]
    page = text_of(admin.post(SMS, SAID))
    assert "The carrier has taken the message" in page
    assert "Hola {{ name }}" in page
    assert twilio.calls[-1].form["To"] == "+525512345678"
    assert twilio.calls[-1].form["Body"] == 'Hola Rosa, "ya"'
    with isp_scope(isp):
        message = Message.objects.get()
        assert (message.medium, message.state, message.occasion) == ("sms", "sent", "billing/return")
    assert 'value="+525512345678"' in text_of(admin.get(f"{PAGE}?medium=sms"))


def test_what_the_carrier_refuses_is_said_with_its_reason(admin, twilio):
    twilio.faults = [Reply(400, {"code": 21617, "message": "The body is too long"})]
    assert "The body is too long" in text_of(admin.post(SMS, SAID))


@pytest.mark.parametrize("number", ["", "12", "not a number", "+52 55 1234 5678 ext. 3"])
def test_a_number_that_takes_no_sms_is_refused_at_its_field(isp, admin, twilio, number):
    answer = admin.post(SMS, {**SAID, "phone": number})
    assert answer.context["form"].errors["phone"]
    assert "Hola {{ name }}" in text_of(answer)
    assert not twilio.calls
    with isp_scope(isp):
        assert not StaffPhone.objects.exists()


def test_a_stopped_number_stays_so(isp, admin, twilio):
    with isp_scope(isp):
        StoppedAddress.objects.create(medium="sms", address="+525512345678", reason="opt_out")
    assert "is written to no more" in admin.post(SMS, SAID).context["form"].errors["phone"][0]
    assert not twilio.calls


def test_nobody_sends_many(admin, twilio):
    twilio.answer = lambda call: Reply(201, {"sid": "SM1"})
    for _n in range(A_DAY):
        admin.post(SMS, SAID)
    assert "Tomorrow you can send more" in str(admin.post(SMS, SAID).context["form"].non_field_errors())
    assert len(twilio.calls) == A_DAY


def test_without_a_channel_it_comes_as_a_mail_and_the_page_says_so(isp, admin, settings):
    settings.EMAIL_HOST = "localhost"
    assert "comes as an e-mail" in text_of(admin.get(f"{PAGE}?medium=sms"))
    assert "A test is on its way" in text_of(admin.post(SMS, SAID))
    with isp_scope(isp):
        assert Message.objects.get().medium == "email"


def test_whatsapp_gets_the_approved_template_that_the_form_names(isp, admin, settings):
    lab = CarrierLab()
    lab.start()
    settings.WHATSAPP_API_BASE = lab.url
    with isp_scope(isp):
        ChannelAccount.objects.create(
            channel="whatsapp", medium="whatsapp", values={"phone": "1", "business": "2"}, secrets='{"token": "t"}',
            approved=[{"name": "back_on", "language": "es_MX", "state": "approved", "text": "Hola {{1}}"}],
        )  # fmt: skip
    lab.faults = [Reply(200, {"messages": [{"id": "w1"}]})]
    said = {**SAID, "approved": "back_on:es_MX", "hole-body-1": "{{ name }}"}
    admin.post(f"{PAGE}test/?medium=whatsapp&language=es", said)
    sent = lab.calls[-1].json
    lab.stop()
    assert (sent["to"], sent["template"]["name"]) == ("525512345678", "back_on")
    assert sent["template"]["components"][0]["parameters"] == [{"type": "text", "text": "Rosa"}]


def test_a_notification_goes_to_the_browser_and_what_it_gave_out_is_not_kept(isp, admin, settings):
    lab = PushLab()
    lab.start()
    settings.PUSH_SERVICES = [lab.url.partition("//")[2]]
    made = {**WebPushChannel.make(), "contact": "office@wispmega.example"}
    with isp_scope(isp):
        key = f'{{"private_key": "{made.pop("private_key")}"}}'
        ChannelAccount.objects.create(channel="web_push", medium="push", values=made, secrets=key)
    browser = lab.browser()
    said = {"subject": "Hola", "text": "Ya", "seen": "0", **browser.given}
    assert f'data-push="{made["public_key"]}"' in text_of(admin.get(f"{PAGE}?medium=push"))
    page = text_of(admin.post(f"{PAGE}test/?medium=push", said))
    assert "The carrier has taken the message" in page
    told = browser.read(lab.calls[-1].body)
    assert (told["title"], told["text"]) == ("Hola", "Ya")
    with isp_scope(isp):
        assert Message.objects.get().data == {}
    answer = admin.post(f"{PAGE}test/?medium=push", {**said, "endpoint": "https://evil.example/"})
    assert "cannot be switched on" in str(answer.context["form"].non_field_errors())
    lab.gone.add(lab.calls[-1].path)
    assert "ended its subscription" in text_of(admin.post(f"{PAGE}test/?medium=push", said))
    lab.stop()


def test_the_dashboard_has_the_script_that_shows_it(admin):
    answer = admin.get("/push-worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in answer.content
