"""Carriers that repeat how they were called: our keys are not shown, not kept and not logged."""

import base64
import logging

import pytest

from core.scope import isp_scope
from lab.carriers import Reply
from messaging.channels import discretion
from messaging.channels.base import Channel, Event, Fate, Refused, Setup
from messaging.channels.discretion import HIDDEN, Discretion
from messaging.channels.http_sms.channel import HttpSmsChannel
from messaging.channels.own_smtp.channel import OwnSmtp
from messaging.channels.platform_smtp.channel import PlatformSmtp
from messaging.models import ChannelAccount, Message
from messaging.outbox.carriers import hand_over
from messaging.services import take_events
from tests.dashboard.settings_pages import text_of
from tests.dashboard.test_channels import HTTP, TYPED, account, admin, carrier, connected  # noqa: F401 (fixtures)

KEY = "s3cret"


def echo(call) -> Reply:
    """As a debugging proxy does."""
    return Reply(400, {"error": "bad call", "got": call.headers, "query": call.query, "body": call.body.decode()})


def everything(isp) -> str:
    """All that is kept of messages and accounts, but for the account's own encrypted keys."""
    with isp_scope(isp):
        rows = [*Message.objects.values(), *ChannelAccount.objects.values()]
    return str([{name: value for name, value in row.items() if name not in ("secrets", "values")} for row in rows])


def test_a_gateway_that_repeats_the_header_gives_no_key_away(isp, connected, carrier, caplog):  # noqa: F811
    carrier.answer = echo
    caplog.set_level(logging.INFO)
    test = connected.post(f"{HTTP}test/", {"to": "55 1234 5678"}, follow=True)
    assert carrier.calls[-1].headers["Authorization"] == f"Bearer {KEY}"
    with isp_scope(isp):
        message = Message.objects.get()
    assert "bad call" in message.error
    check = connected.post(f"{HTTP}check/", follow=True)
    assert "bad call" in account(isp).problem
    typed = {**TYPED, "url": f"{carrier.url}/send", "balance_url": f"{carrier.url}/balance", "sender": "Other"}
    form = connected.post(HTTP, {**typed, "secret": ""})
    pages = [test, check, form, connected.get(HTTP), connected.get(f"/wispmega/messages/{message.uuid}/")]
    for page in pages:
        assert "bad call" in text_of(page)
        assert KEY not in text_of(page)
    assert KEY not in everything(isp)
    assert KEY not in caplog.text


def test_without_the_defence_the_key_is_shown(isp, connected, carrier, monkeypatch):  # noqa: F811
    """The control of the test above."""
    monkeypatch.setattr(discretion, "_written", lambda secrets, values: set())
    carrier.answer = lambda call: Reply(400, call.headers["Authorization"])
    connected.post(f"{HTTP}test/", {"to": "55 1234 5678"})
    assert KEY in everything(isp)


def test_what_a_balance_or_a_callback_repeats_is_made_discreet_too(isp, connected, carrier):  # noqa: F811
    carrier.answer = lambda call: Reply(200, f"balance 12 for {call.headers['Authorization']}")
    connected.post(f"{HTTP}check/")
    assert account(isp).told == f"balance 12 for {HIDDEN}"
    with isp_scope(isp):
        Message.objects.create(medium="sms", to="+525512345678", state="sent", channel="http_sms", number_there="m1")
        take_events(ChannelAccount.objects.get(), [Event("m1", Fate.FAILED, f"no credit, key {KEY}")])
        assert Message.objects.get().error == f"“no credit, key {HIDDEN}”"
    assert KEY not in everything(isp)


PASSWORD = "p4ss w/rd+"


@pytest.mark.parametrize(
    "said",
    [
        PASSWORD,
        PASSWORD.upper(),
        "p4ss%20w%2Frd%2B",
        "p4ss+w%2Frd%2B",
        "p4ss\r\n\tw/rd+",
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.b64encode(f"office:{PASSWORD}".encode()).decode(),
        base64.b64encode(f"\0office\0{PASSWORD}".encode()).decode(),
    ],
)
def test_keys_are_known_in_each_way_in_which_they_are_written(said):
    discreet = Discretion(OwnSmtp(Setup("1", {"user": "office", "password": PASSWORD})))
    assert discreet.text(f"535 no: {said} end").replace("=", "") == f"535 no: {HIDDEN} end"


def test_keys_that_staff_wrote_into_a_line_themselves_are_hidden_as_well():
    values = {"headers": "X-Api-Key: abc-123\nAccept: text/plain", "parameters": "password=hunter22\ntext={text}"}
    discreet = Discretion(HttpSmsChannel(Setup("1", values)))
    assert discreet.text("abc-123 hunter22 text/plain") == f"{HIDDEN} {HIDDEN} text/plain"


def test_a_short_key_is_hidden_where_it_stands_alone():
    discreet = Discretion(OwnSmtp(Setup("1", {"password": "abc"})))
    assert discreet.text("abc, abcde and 5.1.1") == f"{HIDDEN}, abcde and 5.1.1"


def test_the_installations_password_is_hidden(settings):
    settings.EMAIL_HOST_PASSWORD = "of-the-installation"
    assert Discretion(PlatformSmtp(Setup("1", {}))).text("535 of-the-installation") == f"535 {HIDDEN}"


def test_a_fault_of_ours_is_logged_without_the_key(caplog, monkeypatch):
    def broken(self, parcel):
        raise ValueError(f"cannot send Bearer {KEY}")

    monkeypatch.setattr(HttpSmsChannel, "send", broken)
    channel = HttpSmsChannel(Setup("1", {"secret": KEY, "headers": "Authorization: Bearer {secret}"}))
    message = Message(medium="sms", to="+525512345678", text="x", attempts=1)
    outcome = hand_over(channel, message)
    assert outcome.said == 'Away: our_fault {"kind": "ValueError"}'
    assert "cannot send" in caplog.text
    assert KEY not in caplog.text


def test_a_problem_stays_what_it_was_but_for_the_key():
    channel: Channel = OwnSmtp(Setup("1", {"password": PASSWORD}))
    problem = Discretion(channel).problem(Refused(f"550 {PASSWORD}"))
    assert (type(problem), str(problem)) == (Refused, f"The carrier said: “550 {HIDDEN}”")
    assert PASSWORD not in repr(problem)
