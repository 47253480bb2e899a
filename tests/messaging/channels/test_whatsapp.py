"""WhatsApp's Cloud API: approved texts, errors, callbacks with a signature, and the question whether we are there."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from lab.carriers import Reply
from messaging.channels import open_channel
from messaging.channels.base import (
    ApprovalNews,
    Away,
    Button,
    Fate,
    Forged,
    NoNews,
    NoSuchAddress,
    Parcel,
    Refused,
    Setup,
    SetupRefused,
)
from messaging.channels.whatsapp.templates import approved

VALUES = {"phone": "111", "business": "222", "token": "tok", "app_secret": "app", "verify_token": "ver"}
HOLES = {"body:1": "Ana", "header:1": "A-2041", "body:10": "x", "body:2": "500\n MXN", "url:1": "notice/s/a/"}
TEMPLATE = {"template": "bill_due", "language": "es_MX", "holes": HOLES, "shown": {"header": "A-2041"}}


@pytest.fixture
def whatsapp(carrier):
    return open_channel("whatsapp", Setup("n", VALUES))


def parcel(**changed):
    return Parcel(**{"key": "k", "to": "+525512345678", "text": "Hola", **changed})


def test_an_approved_text_goes_with_its_parameters(whatsapp, carrier):
    carrier.faults = [Reply(200, {"messages": [{"id": "wamid.1"}]})]
    assert whatsapp.send(parcel(data=TEMPLATE)).number == "wamid.1"
    (call,) = carrier.calls
    assert (call.path, call.headers["Authorization"], call.json["to"]) == (
        "/111/messages",
        "Bearer tok",
        "525512345678",
    )
    template = call.json["template"]
    assert (template["name"], template["language"]) == ("bill_due", {"code": "es_MX"})
    assert template["components"] == [
        {"type": "header", "parameters": [{"type": "text", "text": "A-2041"}]},
        {"type": "body", "parameters": [{"type": "text", "text": each} for each in ("Ana", "500 MXN", "x")]},
        {"type": "button", "sub_type": "url", "index": "1", "parameters": [{"type": "text", "text": "notice/s/a/"}]},
    ]
    carrier.faults = [Reply(200, {"messages": [{"id": "wamid.2"}]})] * 2
    whatsapp.send(parcel(data=TEMPLATE | {"holes": {"body:name": "Ana", "copy_code:0": "FIESTA"}}))
    assert carrier.calls[1].json["template"]["components"] == [
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "name", "text": "Ana"}]},
        {
            "type": "button",
            "sub_type": "copy_code",
            "index": "0",
            "parameters": [{"type": "coupon_code", "coupon_code": "FIESTA"}],
        },
    ]
    whatsapp.send(parcel(data=TEMPLATE | {"holes": {}}))
    assert carrier.calls[2].json["template"]["components"] == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 131026, NoSuchAddress),
        (400, 131050, NoNews),
        (400, 132001, Refused),
        (400, 132000, Refused),
        (400, 132015, Away),
        (400, 132016, Refused),
        (400, 33, SetupRefused),
        (401, 190, SetupRefused),
        (400, 130429, Away),
        (500, 131000, Away),
        (403, 10, SetupRefused),
    ],
)
def test_errors_in_our_words(whatsapp, carrier, status, code, error):
    carrier.faults = [Reply(status, {"error": {"code": code, "message": "so"}})]
    with pytest.raises(error) as caught:
        whatsapp.send(parcel())
    assert type(caught.value) is error
    assert caught.value.reason.said == f"so (#{code})"
    # What concerns the whole account holds it back, what concerns one person does not.
    assert getattr(caught.value, "after", None) == (60.0 if code == 130429 else None)


def test_keys_are_tried_and_a_web_page_is_no_answer(whatsapp, carrier):
    carrier.faults = [
        Reply(200, {"verified_name": "WispMega", "display_phone_number": "+52 1"}),
        Reply(200, {"data": []}),
    ]
    assert whatsapp.check() == "WispMega +52 1"
    carrier.faults = [Reply(400, {"error": {"code": 100, "message": "no such object"}})]
    with pytest.raises(SetupRefused) as caught:
        whatsapp.check()
    assert caught.value.field == "phone"
    carrier.faults = ["html"]
    with pytest.raises(Away):
        whatsapp.check()


def test_approved_texts_are_fetched_page_by_page(whatsapp, carrier):
    body = {"type": "BODY", "text": "Hola {{1}}, debe {{2}}. {{1}}"}
    row = {"name": "bill_due", "language": "es_MX", "status": "APPROVED", "category": "UTILITY", "components": [body]}
    paging = {"cursors": {"after": "next"}, "next": "https://graph.example/next"}
    carrier.faults = [Reply(200, {"data": [row], "paging": paging}), Reply(200, {"data": [{**row, "name": "b"}]})]
    found = whatsapp.templates()
    assert [(each.name, each.state, each.text) for each in found] == [
        ("bill_due", "approved", body["text"]),
        ("b", "approved", body["text"]),
    ]
    assert carrier.calls[1].query["after"] == "next"


def part(kind, **said):
    return {"type": kind, **said}


BODY = part("BODY", text="Hola {{1}}")
PAY = {"type": "URL", "text": "Pagar", "url": "https://x.example/{{1}}", "example": ["https://x.example/a"]}
CALL = {"type": "PHONE_NUMBER", "phone_number": "+52"}
FULL = [
    part("HEADER", format="TEXT", text="Factura {{1}}", example={"header_text": ["A-1"]}),
    BODY,
    part("FOOTER", text="WispMega"),
    part("BUTTONS", buttons=[{"type": "QUICK_REPLY", "text": "Ya"}, PAY, CALL]),
]


def test_a_template_is_read_with_all_its_parts(whatsapp, carrier):
    carrier.faults = [Reply(200, {"data": [{"name": "due", "language": "es", "status": "PAUSED", "components": FULL}]})]
    (found,) = whatsapp.templates()
    assert (found.header, found.text, found.footer) == ("Factura {{1}}", "Hola {{1}}", "WispMega")
    assert (found.state, found.obstacle) == ("paused", "")
    assert list(found.buttons) == [
        Button("quick_reply", "Ya"),
        Button("url", "Pagar", "https://x.example/{{1}}"),
        Button("phone", "", "+52"),
    ]


@pytest.mark.parametrize(
    ("parts", "category", "obstacle"),
    [
        ([part("HEADER", format="IMAGE", example={"header_handle": ["https://m/"]}), BODY], "UTILITY", "header:image"),
        ([part("HEADER", format="LOCATION"), BODY], "UTILITY", "header:location"),
        ([BODY, part("CAROUSEL", cards=[])], "MARKETING", "part:carousel"),
        ([BODY, part("BUTTONS", buttons=[{"type": "FLOW", "text": "x"}])], "MARKETING", "button:flow"),
        ([part("BODY"), part("BUTTONS", buttons=[{"type": "OTP"}])], "AUTHENTICATION", "code"),
        ([BODY, "strange", part("BUTTONS", buttons="none")], "UTILITY", ""),
        ("none", "UTILITY", ""),
    ],
)
def test_what_cannot_be_sent_from_here_is_named(parts, category, obstacle):
    assert approved({"name": "a", "category": category, "components": parts}).obstacle == obstacle


@pytest.mark.parametrize(
    ("field", "event", "news"),
    [
        ("message_template_status_update", "PAUSED", "paused"),
        ("message_template_status_update", "REINSTATED", "approved"),
        ("message_template_status_update", "FLAGGED", None),
        ("message_template_components_update", "", ""),
        ("message_template_quality_update", "", ""),
    ],
)
def test_what_callbacks_say_of_templates(whatsapp, field, event, news):
    value = {"event": event, "message_template_name": "due", "message_template_language": "es_MX", "reason": "NONE"}
    entry = {"id": "222", "changes": [{"field": field, "value": value}]}
    found = [] if news is None else [ApprovalNews("due", "es_MX", news)]
    assert hear(whatsapp, json.dumps({"entry": [entry]}).encode()) == found
    # Of another business account that the same app serves.
    assert hear(whatsapp, json.dumps({"entry": [{**entry, "id": "999"}]}).encode()) == []


def told(value, phone="111"):
    change = {"field": "messages", "value": {"metadata": {"phone_number_id": phone}, **value}}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "222", "changes": [change]}]}).encode()


def hear(whatsapp, body, secret="app"):  # noqa: S107
    mark = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return whatsapp.events(method="POST", url="https://x/", body=body, headers={"X-Hub-Signature-256": mark})


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ({"id": "w1", "status": "delivered", "timestamp": "1770000000"}, Fate.DELIVERED),
        ({"id": "w1", "status": "failed", "errors": [{"code": 131026, "title": "no"}]}, Fate.BOUNCED),
        ({"id": "w1", "status": "failed", "errors": [{"code": 131047}]}, Fate.FAILED),
        ({"id": "w1", "status": "sent"}, None),
    ],
)
def test_what_callbacks_say_of_messages(whatsapp, status, fate):
    events = hear(whatsapp, told({"statuses": [status]}))
    assert [event.fate for event in events] == ([fate] if fate else [])
    if fate is Fate.FAILED:
        assert events[0].said == "(#131047)"


def test_what_people_write_is_brought_and_what_is_said_to_another_number_is_not(whatsapp):
    row = {"from": "525512345678", "id": "wamid.1", "timestamp": "1770000000", "type": "text", "text": {"body": "BAJA"}}
    pressed = {"from": "525512345678", "type": "button", "button": {"text": "Stop"}}
    chosen = {"from": "525512345678", "type": "interactive", "interactive": {"list_reply": {"title": "Alta"}}}
    others = [{"from": "525512345678", "type": "image", "image": {}}, {"from": "525512345678", "type": "reaction"}]
    said = told({"messages": [row, pressed, chosen, *others]})
    first, *rest = hear(whatsapp, said)
    assert (first.sender, first.text, first.number) == ("+525512345678", "BAJA", "wamid.1")
    assert first.at == datetime(2026, 2, 2, 2, 40, tzinfo=UTC)
    assert [each.text for each in rest] == ["Stop", "Alta", ""]
    assert hear(whatsapp, told({"messages": [row]}, phone="999")) == []


def test_what_is_not_signed_is_forged(whatsapp):
    body = told({"statuses": [{"id": "w1", "status": "delivered"}]})
    with pytest.raises(Forged):
        hear(whatsapp, body, secret="other")
    with pytest.raises(Forged):
        whatsapp.events(method="POST", url="https://x/", body=body, headers={})
    with pytest.raises(Forged):
        hear(whatsapp, b"[1]")


def test_the_question_whether_we_are_there(whatsapp):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158", "hub.verify_token": "ver"}
    assert whatsapp.greeting(asked) == "1158"
    assert whatsapp.greeting({}) is None
    with pytest.raises(Forged):
        whatsapp.greeting({**asked, "hub.verify_token": "no"})
