"""Any gateway by HTTP: what is sent, what an answer means, what a callback may say, and what is never called."""

import json
import socket
from dataclasses import replace

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError

from lab.carriers import Reply, slow
from messaging.channels import open_channel, outside
from messaging.channels.base import Away, Fate, Forged, Parcel, Refused, Setup, SetupRefused
from messaging.channels.http_sms import mapping
from messaging.channels.http_sms.channel import HttpSmsChannel

PARCEL = Parcel(key="k-1", to="+525512345678", text="Hola & adiós {secret} €", callback_url="https://x.example/cb")
VALUES = {
    "method": "POST",
    "format": "json",
    "parameters": "message.to.0={digits}\nmessage.text={text}\nref={key}\nreport={callback}",
    "headers": "Authorization: Bearer {secret}",
    "secret": "s3cret",
    "sender": "WispMega",
    "success": "status=ok,queued",
    "number_at": "id",
    "callback_number": "id",
    "callback_state": "state",
    "callback_delivered": "DELIVRD",
    "callback_failed": "UNDELIV",
    "callback_gone": "NOSUCH",
    "callback_secret": "abc",
}


@pytest.fixture
def opened(carrier):
    def make(**changed):
        values = {**VALUES, "url": f"{carrier.url}/send", **changed}
        return open_channel("http_sms", Setup("n", values))

    return make


def test_json_is_nested_and_secrets_stand_in_headers(opened, carrier):
    taken = opened().send(PARCEL)
    (call,) = carrier.calls
    message = {"to": ["525512345678"], "text": PARCEL.text}
    assert call.json == {"message": message, "ref": "k-1", "report": PARCEL.callback_url}
    assert call.headers["Authorization"] == "Bearer s3cret"
    assert (taken.number, taken.segments) == ("m-1", 1)


@pytest.mark.parametrize(("method", "how"), [("POST", "form"), ("GET", "query"), ("POST", "query")])
def test_forms_and_addresses_carry_a_text_whole(opened, carrier, method, how):
    opened(method=method, format=how, parameters="to={number}\ntext={text}").send(PARCEL)
    (call,) = carrier.calls
    assert (call.form if how == "form" else call.query) == {"to": PARCEL.to, "text": PARCEL.text}
    assert call.method == method


def test_what_is_filled_in_is_never_read_as_a_hole_or_as_part_of_the_address(opened, carrier):
    opened(url=f"{carrier.url}/send/{{digits}}?t={{text}}", parameters="").send(replace(PARCEL, text="{secret}&to=9"))
    (call,) = carrier.calls
    assert (call.path, call.query) == ("/send/525512345678", {"t": "{secret}&to=9"})


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        ("slow down", Away, "slow down"),
        ("broken after", Away, "500"),
        ("html", Away, "web page"),
        ("html 404", SetupRefused, "web page"),
        ("elsewhere", SetupRefused, "sends us on"),
        ("keys", SetupRefused, "keys"),
        ("no", Refused, "Number is blocked"),
        (Reply(200, {"status": "error", "message": "No credit"}), Refused, "No credit"),
    ],
)
def test_each_misbehaviour_has_its_meaning(opened, carrier, fault, error, says):
    carrier.faults = [fault]
    with pytest.raises(error, match=says) as caught:
        opened().send(PARCEL)
    assert "<" not in str(caught.value)
    assert len(carrier.calls) == 1
    if fault == "slow down":
        assert caught.value.after == 7


def test_an_answer_that_does_not_come_may_have_been_taken(opened, carrier, settings):
    settings.GATEWAY_TIMEOUT = 0.2
    carrier.faults = [slow(0.6)]
    with pytest.raises(Away):
        opened().send(PARCEL)


def test_no_more_is_read_than_a_gateway_says(opened, carrier):
    carrier.faults = [Reply(200, "x" * (2 * outside.LONGEST))]
    assert len(opened().session.call("GET", carrier.url).text) <= outside.LONGEST


# Ways of IPv6 to IPv4, by prefixes that all know or a network's own; what is of one site or link; and no address.
WAYS_BACK = [
    *("64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "::7f00:1", "::ffff:0:7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    *("fec0::1", "fd00:ec2::254", "fe80::1", "ff02::1", "3fff::1"),
]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/x",
        "http://localhost:{port}/x",
        "http://[::1]:{port}/x",
        "http://10.0.0.1/x",
        "http://169.254.169.254/latest/",
        "http://[::ffff:127.0.0.1]:{port}/x",
        "http://0x7f000001:{port}/x",
        "http://2130706433:{port}/x",
        "http://192.0.0.8/x",
        *(f"http://[{ip}]/x" for ip in WAYS_BACK),
    ],
)
def test_nothing_behind_our_own_wall_is_called(opened, carrier, settings, address):
    settings.CHANNEL_NETWORKS = []
    channel = opened(url=address.format(port=carrier.port))
    for call in (lambda: channel.send(PARCEL), channel.check):
        with pytest.raises(SetupRefused, match="public Internet"):
            call()
    assert not carrier.calls


def test_a_name_that_answers_differently_the_second_time_gains_nothing(opened, carrier, settings, monkeypatch):
    """The address that was judged is the one that is connected to."""
    settings.CHANNEL_NETWORKS = []
    asked = []

    def rebinding(host, port, **kwargs):
        asked.append(host)
        ip = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    went = []
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: went.append(where) or _refuse())
    with pytest.raises(Away):
        opened(url="http://rebind.example/x").send(PARCEL)
    assert went == [("93.184.216.34", 80)]


def _refuse():
    raise ConnectionRefusedError


def test_without_the_judge_loopback_is_called(opened, carrier, settings, monkeypatch):
    """The negative control."""
    settings.CHANNEL_NETWORKS = []
    monkeypatch.setattr(outside, "may_reach", lambda address: True)
    assert opened().send(PARCEL).number == "m-1"


def test_an_error_of_the_connection_carries_no_secret(opened, monkeypatch):
    channel = opened(url="http://gone.example/{secret}")

    def fail(*args, **kwargs):
        raise RequestsConnectionError("http://gone.example/s3cret")

    monkeypatch.setattr(channel.session._session, "request", fail)
    with pytest.raises(Away) as caught:
        channel.send(PARCEL)
    assert "s3cret" not in str(caught.value)


def test_keys_are_tried_at_the_address_for_that(opened, carrier):
    carrier.faults = [Reply(200, "Balance: 12.50 USD")]
    assert opened(balance_url=f"{carrier.url}/balance?key={{secret}}").check() == "Balance: 12.50 USD"
    assert carrier.calls[0].query == {"key": "s3cret"}
    carrier.faults = ["keys"]
    with pytest.raises(SetupRefused):
        opened(balance_url=f"{carrier.url}/balance").check()


@pytest.mark.parametrize(
    ("rule", "text", "number"),
    [
        ("OK: {id}", "OK: 4711\n", "4711"),
        ("id={id};", "status=0;id=ab-1;x", "ab-1"),
        ("messages.0.id", '{"messages": [{"id": 17}]}', "17"),
        ("messages.0.id", "not json", ""),
        ("a.b", '{"a": {"b": {"c": 1}}}', ""),
    ],
)
def test_the_number_is_read_where_staff_say(rule, text, number):
    assert mapping.message_number(rule, text) == number


def event(channel, query, body=b""):
    address = channel.callback("https://wispmega.example/channels/x/events/")
    extra = "&".join(f"{name}={value}" for name, value in query.items())
    return channel.events(method="POST", url=f"{address}&{extra}", body=body, headers={})


def test_callbacks_are_mapped(opened):
    channel = opened()
    assert event(channel, {"id": "m-1", "state": "DELIVRD"})[0].fate is Fate.DELIVERED
    assert event(channel, {}, b'{"id": "m-1", "state": "undeliv"}')[0].fate is Fate.FAILED
    assert event(channel, {}, b"id=m-1&state=NOSUCH")[0].fate is Fate.BOUNCED
    assert event(channel, {"id": "m-1", "state": "SENT"}) == []


def test_answers_are_mapped_and_news_of_messages_are_none(opened):
    hears = {"incoming_sender": "from", "incoming_text": "msg.text", "incoming_number": "mid"}
    body = json.dumps({"from": "55 1234 5678", "msg": {"text": "Baja"}, "mid": 7}).encode()

    def heard(body=b"", extra="", **fields):
        channel = opened(**fields)
        address = channel.callback("https://wispmega.example/channels/x/events/")
        return channel.events(method="POST", url=f"{address}{extra}", body=body, headers={})

    (came,) = heard(body, **hears)
    assert (came.sender, came.text, came.number) == ("55 1234 5678", "Baja", "7")
    assert heard(body) == []
    assert heard(b"from=1&state=queued&msg.text=x", **hears) == []
    assert [each.text for each in heard(extra="&from=5512345678&msg.text=", **hears)] == [""]
    assert heard(b"<html>from=1</html>", **hears) == []
    (came,) = heard(json.dumps({"from": "x" * 500, "msg": {"text": "<b>STOP</b>"}}).encode(), **hears)
    assert (len(came.sender), came.text) == (64, "<b>STOP</b>")


def test_where_one_thing_of_answers_is_said_the_other_one_has_to_be(opened):
    assert "incoming_text" in HttpSmsChannel.mistakes({**VALUES, "incoming_sender": "from"})
    assert "incoming_sender" in HttpSmsChannel.mistakes({**VALUES, "incoming_text": "msg"})


@pytest.mark.parametrize("url", ["https://x/", "https://x/?secret=", "https://x/?secret=abd", "https://x/?secret=ábc"])
def test_a_callback_without_the_secret_is_forged(opened, url):
    with pytest.raises(Forged):
        opened().events(method="GET", url=f"{url}&id=m-1&state=DELIVRD", body=b"", headers={})
    with pytest.raises(Forged):
        opened(callback_secret="").events(method="GET", url="https://x/?secret=", body=b"", headers={})


@pytest.mark.parametrize(
    ("changed", "field", "says"),
    [
        ({"url": "ftp://x.example"}, "url", "https://"),
        ({"url": "https://me:pw@x.example"}, "url", "password below"),
        ({"url": "https://{secret}.example"}, "url", "whole address"),
        ({"parameters": "to={number}\ntext"}, "parameters", "each line"),
        ({"parameters": "to={number}\ntext={text.__class__}"}, "parameters", "There is no"),
        ({"parameters": "to={number}\ntext={text!r}"}, "parameters", "There is no"),
        ({"parameters": "to={number}"}, "parameters", "where"),
        ({"headers": "Host: evil"}, "headers", "cannot be set"),
        ({"headers": "X: a\rEvil: b"}, "headers", "each line|cannot be set"),
        ({"balance_url": "https://x.example/{number}"}, "balance_url", "Only"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_at_its_field(changed, field, says):
    good = {**VALUES, "url": "https://sms.example/send", "parameters": "to={number}\ntext={text}"}
    assert HttpSmsChannel.mistakes(good) == {}
    found = HttpSmsChannel.mistakes({**good, **changed})
    assert list(found) == [field]
    assert __import__("re").search(says, found[field])
