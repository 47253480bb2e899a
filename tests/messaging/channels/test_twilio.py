"""Twilio: what is sent, what its errors mean, and whose callbacks are believed."""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import pytest

from lab.carriers import Reply
from messaging.channels import open_channel
from messaging.channels.base import Away, Fate, Forged, NoSuchAddress, OptedOut, Parcel, Refused, Setup, SetupRefused
from messaging.channels.twilio.channel import TwilioChannel
from messaging.channels.words import Word

URL = "https://wispmega.example/channels/1/events/"
PARCEL = Parcel(key="k", to="+525512345678", text="Hola", callback_url=URL)
TAKEN = Reply(201, {"sid": "SM1", "num_segments": "2"})


@pytest.fixture
def twilio(carrier):
    return open_channel("twilio", Setup("n", {"account": "AC1", "token": "tok", "sender": "+15005550006"}))


def test_a_message_is_handed_over(twilio, carrier):
    carrier.faults = [TAKEN]
    taken = twilio.send(PARCEL)
    (call,) = carrier.calls
    assert (taken.number, taken.segments) == ("SM1", 2)
    assert call.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert call.form == {"To": "+525512345678", "Body": "Hola", "From": "+15005550006", "StatusCallback": URL}
    assert call.headers["Authorization"] == "Basic " + base64.b64encode(b"AC1:tok").decode()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, 21211, NoSuchAddress),
        (400, 21614, NoSuchAddress),
        (400, 21610, OptedOut),
        (400, 21606, SetupRefused),
        (400, 21617, Refused),
        (401, 20003, SetupRefused),
        (503, 0, Away),
    ],
)
def test_errors_in_our_words(twilio, carrier, status, code, error):
    carrier.faults = [Reply(status, {"code": code, "message": "so"})]
    with pytest.raises(error) as caught:
        twilio.send(PARCEL)
    assert type(caught.value) is error


def test_keys_are_tried(twilio, carrier):
    carrier.faults = [Reply(200, {"friendly_name": "WispMega", "status": "active"})]
    assert twilio.check() == "WispMega"
    for fault in ("keys", Reply(200, {"status": "suspended"}), Reply(404, {"message": "not found"})):
        carrier.faults = [fault]
        with pytest.raises(SetupRefused):
            twilio.check()


def signed(said, key="tok", url=URL):
    text = url + "".join(f"{name}{value}" for name, value in sorted(said.items()))
    mark = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return {"body": urlencode(said).encode(), "headers": {"X-Twilio-Signature": mark}, "url": url, "method": "POST"}


@pytest.mark.parametrize(
    ("said", "fate"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, Fate.DELIVERED),
        ({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}, Fate.FAILED),
        ({"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30006"}, Fate.BOUNCED),
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, None),
    ],
)
def test_callbacks_that_are_signed_are_read(twilio, said, fate):
    events = twilio.events(**signed(said))
    assert [event.fate for event in events] == ([fate] if fate else [])


@pytest.mark.parametrize(
    ("more", "word", "is_confirmed"),
    [
        ({}, None, False),
        ({"OptOutType": "STOP"}, Word.STOP, True),
        ({"OptOutType": "START"}, Word.START, True),
        ({"OptOutType": "HELP"}, None, True),
    ],
)
def test_what_people_write_is_brought_with_what_twilio_itself_did(twilio, more, word, is_confirmed):
    said = {"MessageSid": "SM9", "From": "+525512345678", "To": "+15005550006", "Body": " stop. ", **more}
    (came,) = twilio.events(**signed(said))
    assert (came.sender, came.text, came.number) == ("+525512345678", " stop. ", "SM9")
    assert (came.word, came.is_confirmed) == (word, is_confirmed)
    assert twilio.events(**signed({**said, "From": "whatsapp:+525512345678"})) == []


@pytest.mark.parametrize("change", ["token", "body", "url", "header"])
def test_a_callback_that_was_touched_is_forged(twilio, change):
    said = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    how = signed(said, key="other" if change == "token" else "tok")
    if change == "body":
        how["body"] += b"&x=1"
    if change == "url":
        how["url"] += "?x"
    if change == "header":
        how["headers"] = {}
    with pytest.raises(Forged):
        twilio.events(**how)


def test_an_account_without_a_secret_believes_nothing():
    empty = open_channel("twilio", Setup("n", {"account": "AC1"}))
    with pytest.raises(Forged):
        empty.events(**signed({"MessageSid": "SM1", "MessageStatus": "delivered"}, key=""))


def test_a_wrong_account_is_told_at_its_field():
    assert list(TwilioChannel.mistakes({"account": "SK123"})) == ["account"]
    assert list(TwilioChannel.mistakes({"account": "AC/../x"})) == ["account"]
