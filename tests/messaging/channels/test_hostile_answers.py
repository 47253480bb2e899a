"""Answers that are wrong on purpose or by a fault: none may block a turn, undo it, or have a message sent again."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from django.utils import timezone
from django.utils.http import http_date

from lab.carriers import Reply
from messaging.channels import open_channel, outside
from messaging.channels.base import Away, Event, Fate, Parcel, Setup
from messaging.channels.own_smtp.channel import OwnSmtp
from messaging.channels.smpp.channel import SmppChannel
from messaging.models import ChannelAccount, EarlyEvent, Message
from messaging.outbox import turns
from messaging.services import callbacks, take_events, write_message

PARCEL = Parcel(key="k-1", to="+525512345678", text="Hola")
VALUES = {
    "method": "POST",
    "format": "json",
    "parameters": "to={number}\ntext={text}\nref={key}",
    "success": "status=ok",
    "number_at": "id",
    "callback_number": "id",
    "callback_state": "state",
    "callback_delivered": "DELIVRD",
    "callback_secret": "abc",
}


@pytest.fixture
def gateway(carrier):
    return open_channel("http_sms", Setup("n", {**VALUES, "url": f"{carrier.url}/send"}))


@pytest.fixture
def account(in_isp, carrier):
    return ChannelAccount.objects.create(
        channel="http_sms", medium="sms", values={**VALUES, "url": f"{carrier.url}/send"}
    )


@contextmanager
def dripping(first: bytes, drop: bytes):
    """A server that says something, and then a drop each moment until who asked has gone; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    gone = threading.Event()

    def serve():
        peer, _ = listener.accept()
        with peer:
            try:
                peer.sendall(first)
                while not gone.wait(0.05):
                    peer.sendall(drop)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        gone.set()
        listener.close()
        thread.join(5)


def ends_soon(call) -> None:
    """Whether a call comes to an end, although no single wait in it is long."""
    done = threading.Event()
    problems = []

    def run():
        try:
            call()
        except Exception as problem:
            problems.append(problem)
        done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(8), "it still waits"
    assert isinstance(problems[0], Away), problems


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    ],
    ids=["body", "header", "headers"],
)
def test_a_gateway_that_answers_drop_by_drop_does_not_hold_a_turn(gateway, settings, first, drop):
    settings.GATEWAY_TIMEOUT = 1
    with dripping(first, drop) as port:
        gateway.setup.values["url"] = f"http://127.0.0.1:{port}/"
        ends_soon(lambda: gateway.send(PARCEL))


@pytest.mark.parametrize(("first", "drop"), [(b"220 ", b"x"), (b"", b"220-wait\r\n")], ids=["line", "lines"])
def test_a_mail_server_that_answers_drop_by_drop_does_not_hold_a_turn(monkeypatch, first, drop):
    monkeypatch.setattr("messaging.channels.own_smtp.channel.TIMEOUT", 1)
    with dripping(first, drop) as port:
        values = {"host": "127.0.0.1", "port": str(port), "security": "none", "sender": "a@wispmega.mx"}
        mail = Parcel(key="k", to="ana@mail.example", text="x", subject="x")
        ends_soon(lambda: OwnSmtp(Setup("1", values)).send(mail))


def test_a_message_centre_that_answers_drop_by_drop_does_not_hold_a_turn(settings):
    settings.GATEWAY_TIMEOUT = 1
    with dripping(b"\x00\x00\xff\x00", b"\x00") as port:
        values = {"host": "127.0.0.1", "port": str(port), "system_id": "x", "password": "x", "sender": "x"}
        ends_soon(lambda: SmppChannel(Setup("1", values)).send(PARCEL))


@pytest.mark.parametrize("charset", ["utf8mb4", "idna", "hex", "x" * 200])
def test_a_character_set_that_nobody_knows_is_no_reason_to_send_again(gateway, carrier, charset):
    kind = {"Content-Type": f"application/json; charset={charset}"}
    carrier.faults = [Reply(200, '{"status": "ok", "id": "m-9"}', kind)]
    assert gateway.send(PARCEL).number == "m-9"


@pytest.mark.parametrize(
    "answer",
    [
        '{"status": "ok", "id": "\\ud800"}',
        '{"status": "ok", "id": "a\\u0000b"}',
        '{"status": "ok", "id": ' + "[" * 50_000,
        '{"status": "no", "why": "\\ud800"}',
    ],
    ids=["half a pair", "zero", "nested", "refusal"],
)
def test_an_answer_that_cannot_be_kept_undoes_no_turn(account, carrier, in_isp, answer):
    carrier.faults = [Reply(200, answer)]
    made = [write_message(medium="sms", to=f"+52551234567{n}", text="Hola") for n in range(3)]
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    states = sorted(Message.objects.filter(pk__in=[each.pk for each in made]).values_list("state", flat=True))
    assert states.count("sent") >= 2
    assert "sending" not in states


def test_what_a_callback_names_can_be_kept(account):
    body = b'{"id": "m\\ud800\\u0000-1", "state": "DELIVRD"}'
    callbacks.take_callback(
        account=account.uuid, method="POST", query="secret=abc", body=body, headers={}, at=timezone.now()
    )
    assert EarlyEvent.objects.get().fate == "delivered"
    take_events(account, [Event("", Fate.OPTED_OUT, "STOP", address="+" + "9" * 400)])


@pytest.mark.parametrize("segments", [None, "", "many", "99999", -3, "1.5"])
def test_a_number_of_segments_that_is_none_is_no_reason_to_send_again(carrier, in_isp, segments):
    values = {"account": "AC1", "sender": "+15005550006"}
    ChannelAccount.objects.create(channel="twilio", medium="sms", values=values, secrets='{"token": "t"}')
    carrier.faults = [Reply(201, {"sid": "SM1", "num_segments": segments})]
    row = write_message(medium="sms", to="+525512345678", text="Hola")
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    row.refresh_from_db()
    assert (row.state, row.number_there) == ("sent", "SM1")
    assert 1 <= row.segments <= 255


def after(text: str) -> float | None:
    return outside.Answer(429, {"Retry-After": text}, "").after


def test_retry_after_may_be_a_date_and_is_never_long_or_past():
    assert after("7") == 7
    assert after("9" * 500) == after(http_date(time.time() + 10**6)) == outside.AFTER
    assert 50 < after(http_date(time.time() + 60)) <= 60
    assert after(http_date(time.time() - 60)) == 0
    assert {after(text) for text in ("-5", "²", "soon", "Thu, 99 Foo 2026 99:99:99 GMT", "")} == {None}
