"""Several messages on their way to a message centre at once, by one connection."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from messaging.channels import open_channel
from messaging.channels.base import Away, Parcel, Refused, Setup, Taken
from messaging.channels.smpp.channel import WIDEST, SmppChannel
from messaging.models import ChannelAccount, Message
from messaging.outbox import turns
from messaging.services import write_message
from tests.messaging.channels.test_smpp import TO

LONG = "Ya " * 60


@pytest.fixture
def values(centre):
    return {"host": "127.0.0.1", "port": str(centre.port), "tls": "no", "system_id": "lastmile", "password": "secret08",
            "system_type": "", "sender": "WispMega", "alphabet": "gsm"}  # fmt: skip


@pytest.fixture
def channel(values):
    made = open_channel("smpp", Setup("n", values))
    yield made
    made._drop()


def send_all(channel, texts):
    """The outcome of each, handed over by a thread each."""

    def send(text):
        try:
            return channel.send(Parcel(key="k", to=TO, text=text))
        except (Away, Refused) as problem:
            return problem

    with ThreadPoolExecutor(len(texts)) as pool:
        return list(pool.map(send, texts))


def test_each_gets_the_answer_to_its_own_message(channel, centre):
    centre.delay = 0.05
    texts = [f"n{n}" for n in range(10)]
    outcomes = send_all(channel, texts)
    assert (centre.binds, centre.most > 1) == (1, True)
    there = {segment.number: segment.data.decode() for segment in centre.segments}
    assert [there[outcome.number] for outcome in outcomes] == texts
    assert {event.number for event in channel.heard()} == set(there)


def test_control_one_after_the_other_waits_for_each_answer(channel, centre):
    centre.delay = 0.01
    for n in range(3):
        channel.send(Parcel(key="k", to=TO, text=f"n{n}"))
    assert centre.most == 1


def test_parts_of_long_texts_do_not_mix(channel, centre):
    centre.delay = 0.02
    outcomes = send_all(channel, [f"{n} {LONG}" for n in range(4)])
    assert [outcome.segments for outcome in outcomes] == [2] * 4
    by_mark = {}
    for segment in centre.segments:
        by_mark.setdefault(segment.header[3], []).append(segment)
    for parts in by_mark.values():
        assert len(parts) % 2 == 0
    # A receipt is asked for the last part, and its number is that of the message.
    assert {outcome.number for outcome in outcomes} == {s.number for s in centre.segments if s.wants_receipt}


def test_a_refusal_is_that_of_one_message_and_the_line_stays(channel, centre):
    centre.delay = 0.02
    centre.faults = [0x45]
    outcomes = send_all(channel, [f"n{n}" for n in range(6)])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", *["Taken"] * 5]
    channel.send(Parcel(key="k", to=TO, text="next"))
    assert centre.binds == 1


@pytest.mark.parametrize("fault", ["hang up", "garbage"])
def test_when_the_line_breaks_all_that_wait_are_told_and_the_next_one_connects_anew(channel, centre, fault):
    centre.delay = 30  # nobody is answered before it breaks
    begun = threading.Barrier(5)
    outcomes = []

    def send(text):
        begun.wait()
        try:
            outcomes.append(channel.send(Parcel(key="k", to=TO, text=text)))
        except Away as problem:
            outcomes.append(problem)

    channel._opened()
    centre.faults = [0, 0, 0, fault]
    threads = [threading.Thread(target=send, args=(f"n{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    for thread in threads:
        thread.join(20)
    assert [type(outcome) for outcome in outcomes] == [Away] * 4
    centre.delay = 0
    assert isinstance(channel.send(Parcel(key="k", to=TO, text="next")), Taken)
    assert centre.binds == 2


def test_nobody_at_the_other_end_is_tried_once_for_all_that_wait(values, settings, monkeypatch):
    settings.GATEWAY_TIMEOUT = 0.5
    channel = open_channel("smpp", Setup("n", values | {"port": "9"}))
    tried, everyone = [], threading.Barrier(4)
    from messaging.channels.smpp import channel as module

    usual = module.Line

    def slow(*args):
        tried.append(args)
        threading.Event().wait(0.3)
        return usual(*args)

    monkeypatch.setattr(module, "Line", slow)

    def send(_n):
        everyone.wait()
        with pytest.raises(Away):
            channel.send(Parcel(key="k", to=TO, text="x"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert len(tried) == 1


def test_the_window_is_what_staff_set(values):
    assert SmppChannel.hands(Setup("n", values)) == 10
    assert SmppChannel.hands(Setup("n", values | {"window": "1"})) == 1
    assert list(SmppChannel.mistakes(values | {"window": str(WIDEST + 1)})) == ["window"]
    assert list(SmppChannel.mistakes(values | {"window": "٣"})) == ["window"]
    assert SmppChannel.mistakes(values | {"window": ""}) == {}


@pytest.mark.parametrize("window", ["10", "1"])
def test_a_turn_uses_one_connection_and_the_window(in_isp, centre, values, window):
    centre.delay, centre.allows = 0.02, 1
    ChannelAccount.objects.create(channel="smpp", medium="sms", values=values | {"window": window}, price="0.5")
    for n in range(12):
        write_message(medium="sms", to=f"+5255123456{n:02}", text=f"n{n}", lane=Message.Lane.BULK)
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert centre.binds == 1
    assert (centre.most > 1) is (window == "10")
    assert centre.most <= int(window)
    assert not Message.objects.unsent().exists()


def test_what_somebody_waits_for_opens_no_second_connection(in_isp, centre, values, monkeypatch):
    """A centre that takes one connection: an urgent message written while a turn runs goes with that turn."""
    centre.allows = 1
    ChannelAccount.objects.create(channel="smpp", medium="sms", values=values, price="0.5")
    write_message(medium="sms", to="+525512345600", text="bulk", lane=Message.Lane.BULK)
    urgent, judge = [], turns._Turn._judge

    def write_one(*args):
        if not urgent:
            urgent.append(write_message(medium="sms", to="+525512345601", text="code", has_secret=True))
            assert turns.deliver_one(urgent[0].pk) is None  # the turn that runs will take it
        return judge(*args)

    monkeypatch.setattr(turns._Turn, "_judge", write_one)
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert {segment.to for segment in centre.segments} == {"525512345600", "525512345601"}
    assert centre.binds == 1


def test_control_a_connection_of_its_own_is_refused(in_isp, centre, values, monkeypatch):
    centre.allows = 1
    ChannelAccount.objects.create(channel="smpp", medium="sms", values=values, price="0.5")
    monkeypatch.setattr(SmppChannel, "is_shared", False)
    other = open_channel("smpp", Setup("n", values))
    other._opened()
    message = write_message(medium="sms", to="+525512345601", text="code", has_secret=True)
    turns.deliver_one(message.pk)
    message.refresh_from_db()
    other._drop()
    assert (message.state, centre.segments) == ("waiting", [])
