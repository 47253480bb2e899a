"""Approved texts of WhatsApp with header and buttons: mapped by staff, sent as Meta wants them, and their end."""

import hashlib
import hmac
import json

import pytest
from django.db import connection

from company.models import Profile
from core.scope import isp_scope
from lab.carriers import CarrierLab
from lab.meta import Meta, template
from messaging.channels.base import ApprovalNews
from messaging.models import ChannelAccount, EventRule, Message, OwnText
from messaging.recipients import Recipient
from messaging.services import approvals, notify, take_events
from messaging.services.approvals import fetch_templates
from messaging.tasks import take_turn
from messaging.texts import problem_of
from tests.conftest import HostClient
from tests.dashboard.settings_pages import staff_client, text_of

PAGE = "/wispmega/settings/texts/billing-return/?medium=whatsapp&language=es"
TEST = PAGE.replace("?", "test/?")
CHANNEL = "/wispmega/settings/channels/whatsapp/"
KEYS = {"values": {"phone": "1", "business": "2", "verify_token": "v"}, "secrets": '{"token": "t", "app_secret": "a"}'}
PAY = {"type": "URL", "text": "Pagar", "url": "http://wispmega.localhost/{{1}}"}
BODY = {"type": "BODY", "text": "Hola {{1}}, gracias."}
BACK = template(
    "back_on",
    "es_MX",
    {"type": "HEADER", "format": "TEXT", "text": "De {{1}}"},
    BODY,
    {"type": "FOOTER", "text": "No responda"},
    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Bien"}, PAY]},
)
PICTURE = template("picture", "es_MX", {"type": "HEADER", "format": "IMAGE"}, BODY)
FOREIGN = template("foreign", "es", BODY, {"type": "BUTTONS", "buttons": [PAY | {"url": "https://evil.example/{{1}}"}]})
PLACES = {"hole-header-1": "{{ company }}", "hole-body-1": "{{ name }}", "hole-url-1": "{{ link }}"}
LINK = "http://wispmega.localhost/notice/s/abc/"
SAID = {"approved": "back_on:es_MX", "seen": "0", **PLACES}


@pytest.fixture
def meta(isp, settings, monkeypatch):
    monkeypatch.setattr(connection, "is_under_test", True, raising=False)
    settings.GATEWAY_TIMEOUT, settings.PUBLIC_SCHEME, settings.PUBLIC_PORT = 2, "http", ""
    lab = CarrierLab()
    lab.start()
    lab.answer = lab.meta = Meta([BACK, PICTURE, FOREIGN, template("waits", "es", BODY, status="PENDING")])
    settings.WHATSAPP_API_BASE = lab.url
    with isp_scope(isp):
        account = ChannelAccount.objects.create(channel="whatsapp", medium="whatsapp", **KEYS)
        fetch_templates(account=account, at=account.connected_at)
    yield lab.meta
    lab.stop()


@pytest.fixture
def admin(isp):
    return staff_client(isp)


def account(isp):
    with isp_scope(isp):
        return ChannelAccount.objects.get()


def tell(isp, event="billing/return", **more):
    """Tell somebody of an event by WhatsApp; it is not handed over yet."""
    with isp_scope(isp):
        EventRule.objects.update_or_create(event=event, defaults={"media": ["whatsapp"]})
        recipient = Recipient(language="es", addresses={"whatsapp": ("+525512345678",)})
        (message,) = notify(event=event, recipient=recipient, name="Ana", **{"link": LINK, **more})
    return message


def hand_over(isp, message):
    take_turn(isp_id=isp.pk, medium="whatsapp")
    with isp_scope(isp):
        return Message.objects.get(pk=message.pk)


def test_each_place_is_asked_for_and_the_preview_is_a_phone(isp, admin, meta):
    asked = admin.post(PAGE, {"act": "choose", "approved": "back_on:es_MX", "seen": "0"})
    page = text_of(asked)
    assert asked.status_code == 200
    assert not asked.context["form"].errors
    assert [name for name in PLACES if f'name="{name}"' not in page] == []
    assert "Where the button “Pagar” leads" in page
    assert "Its places are not filled yet." in page
    assert 'name="text"' not in page
    page = text_of(admin.post(PAGE, SAID | {"act": "preview"}))
    for line in ("De WispMega", "Hola Rosa, gracias.", "No responda", "Bien", "http://wispmega.localhost/notice/s/…/"):
        assert line in page
    with isp_scope(isp):
        assert not OwnText.objects.exists()


def test_it_is_saved_sent_and_kept_with_header_and_buttons(isp, admin, meta):
    assert admin.post(PAGE, SAID).status_code == 302
    with isp_scope(isp):
        row = OwnText.objects.get()
        assert row.holes == {"header:1": "{{ company }}", "body:1": "{{ name }}", "url:1": "{{ link }}"}
        assert row.versions.get().holes == row.holes
    assert 'value="{{ link }}" selected' in text_of(admin.get(PAGE))
    message = hand_over(isp, tell(isp))
    read = "De WispMega\n{}Hola Ana, gracias.\n{}No responda\n{}[Bien]\n[Pagar] http://wispmega.localhost/notice/s/abc/"
    assert (message.state, message.text) == ("sent", read.format("\n", "\n", "\n"))
    assert meta.sent == [{"to": "525512345678", "text": read.format("", "", "")}]
    page = text_of(admin.get(f"/wispmega/messages/{message.uuid}/"))
    assert '<div class="bubble" lang="es">' in page
    assert "http://wispmega.localhost/notice/s/abc/" in page


def test_what_meta_refuses_is_said_with_what_to_do(isp, admin, meta):
    admin.post(PAGE, SAID)
    # Changed at Meta, and nobody here knows yet.
    meta.rows = [BACK | {"components": [BODY]}]
    message = hand_over(isp, tell(isp))
    assert message.state == "failed"
    page = text_of(admin.get(f"/wispmega/messages/{message.uuid}/"))
    assert "does not match the expected number of params" in page or "Number of parameters" in page
    assert "was changed at Meta. Fetch the approved texts" in page
    assert "(#132000)" in text_of(admin.post(TEST, SAID | {"phone": "+525512345678"}))


def test_a_mistake_stands_at_its_place_and_nothing_is_lost(isp, admin, meta):
    answer = admin.post(PAGE, SAID | {"hole-header-1": "{{ nmae }}", "hole-url-1": ""})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert set(errors) == {"hole-header-1", "hole-url-1"}
    assert "Did you mean “name”?" in errors["hole-header-1"][0]
    assert 'value="{{ nmae }}"' in text_of(answer)
    forged = admin.post(PAGE, SAID | {"hole-url-1": "https://evil.example/"})
    assert forged.context["form"].errors["hole-url-1"]
    with isp_scope(isp):
        assert not OwnText.objects.exists()


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("picture:es_MX", "It begins with a picture"),
        ("foreign:es", "is not of your portal"),
        ("waits:es", "waits for Meta"),
        ("nobody:es", "none of the approved texts"),
    ],
)
def test_texts_that_cannot_be_sent_are_shown_with_the_reason_and_refused(isp, admin, meta, key, says):
    if "nobody" not in key:
        assert says in text_of(admin.get(PAGE))
        assert says in text_of(admin.get(CHANNEL))
        assert says in text_of(admin.get("/wispmega/messages/many/new/"))
    answer = admin.post(PAGE, SAID | {"approved": key})
    assert says in answer.context["form"].errors["approved"][0]


def test_a_link_that_lets_in_is_needed_and_stands_behind_a_button_alone(isp, admin, meta):
    page = PAGE.replace("billing-return", "portal-auto-login")
    places = {**PLACES, "hole-header-1": "{{ company }}"}
    assert admin.post(page, SAID | places).status_code == 302
    refused = admin.post(page, SAID | {"seen": "1", "hole-header-1": "{{ link }}"})
    assert "lets somebody in" in refused.context["form"].errors["hole-header-1"][0]
    message = tell(isp, "portal/auto_login", username="ana", url="http://wispmega.localhost/go/SECRET/")
    assert "SECRET" not in text_of(admin.get(f"/wispmega/messages/{message.uuid}/"))
    message = hand_over(isp, message)
    assert "[Pagar] http://wispmega.localhost/go/SECRET/" in meta.sent[0]["text"]
    assert (message.state, message.text, message.data) == ("sent", "", {})


def news(isp, *told):
    with isp_scope(isp):
        take_events(ChannelAccount.objects.get(), told)


def test_staff_hear_once_that_meta_ended_a_text_and_again_that_all_is_well(isp, admin, meta):
    with isp_scope(isp):
        Profile.objects.create(pk=1, email="office@mega.example")
    admin.post(PAGE, SAID)
    news(isp, ApprovalNews("back_on", "es_MX", "paused"))
    with isp_scope(isp):
        assert OwnText.objects.get().problem == ""  # a pause ends by itself
    for _time in range(2):
        news(isp, ApprovalNews("back_on", "es_MX", "disabled"))
    with isp_scope(isp):
        assert "does not approve" in problem_of(OwnText.objects.get())
        (mail,) = Message.objects.filter(medium="email")
        assert "back_on (es_MX)" in mail.text
    assert "disabled by Meta" in text_of(admin.get(PAGE))
    assert tell(isp).data == {}
    news(isp, ApprovalNews("back_on", "es_MX", "approved"))
    with isp_scope(isp):
        assert OwnText.objects.get().problem == ""


def test_a_text_that_has_changed_is_fetched_and_staff_are_told(isp, admin, meta, monkeypatch):
    asked = []
    monkeypatch.setattr(approvals, "enqueue_on_commit", lambda task, **how: asked.append((task, how)))
    admin.post(PAGE, SAID)
    meta.rows = [BACK | {"components": [BODY]}]
    news(isp, ApprovalNews("back_on", "es_MX", ""))
    ((task, how),) = asked
    task(**how)
    with isp_scope(isp):
        assert ChannelAccount.objects.get().approved[0]["header"] == ""
        assert "has been changed at Meta" in problem_of(OwnText.objects.get())


def test_a_callback_of_meta_changes_the_state_of_a_text(isp, meta):
    value = {"event": "DISABLED", "message_template_name": "back_on", "message_template_language": "es_MX"}
    change = {"field": "message_template_status_update", "value": value}
    body = json.dumps({"entry": [{"id": "2", "changes": [change]}]})
    address = f"/channels/{account(isp).uuid}/events/"
    for secret, state in (("other", "approved"), ("a", "disabled")):
        mark = "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        HostClient("wispmega.localhost").post(
            address, body, content_type="application/json", headers={"X-Hub-Signature-256": mark}
        )
        assert account(isp).approved[0]["state"] == state
