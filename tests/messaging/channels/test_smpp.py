"""SMPP against a message centre on loopback that is written on its own."""

import pytest

from lab.smpp import BAD_ADDRESS, SYSTEM_ERROR, THROTTLED, receipt_of
from messaging import sms
from messaging.channels import open_channel
from messaging.channels.base import Away, Fate, NoSuchAddress, Parcel, Refused, Setup, SetupRefused
from messaging.channels.smpp.channel import SmppChannel

TO = "+525512345678"


@pytest.fixture
def opened(centre):
    channels = []

    def make(**changed):
        values = {"host": "127.0.0.1", "port": str(centre.port), "tls": "no", "system_id": "lastmile"}
        values |= {"password": "secret08", "system_type": "", "sender": "WispMega", "alphabet": "gsm", **changed}
        channels.append(open_channel("smpp", Setup("n", values)))
        return channels[-1]

    yield make
    for channel in channels:
        channel._drop()


def parcel(text):
    return Parcel(key="k", to=TO, text=text)


def test_a_short_text_goes_as_one_segment_of_the_basic_alphabet(opened, centre):
    taken = opened().send(parcel("Hola ñ @ € [1]"))
    (segment,) = centre.segments
    assert (taken.number, taken.segments) == ("lab-1", 1)
    assert (segment.to, segment.sender, segment.coding, segment.is_part) == ("525512345678", "WispMega", 0, False)
    assert sms.decoded(segment.data) == "Hola ñ @ € [1]"


def test_a_long_text_goes_in_parts_that_a_phone_puts_together(opened, centre):
    text = "Ya " * 60 + "€" * 20
    taken = opened().send(parcel(text))
    assert taken.segments == len(centre.segments) == sms.count(text).segments == 2
    assert [part.header[3:] for part in centre.segments] == [
        bytes((centre.segments[0].header[3], 2, n)) for n in (1, 2)
    ]
    assert sms.decoded(b"".join(part.body for part in centre.segments)) == text
    assert [part.wants_receipt for part in centre.segments] == [False, True]
    assert taken.number == "lab-2"


def test_unicode_goes_as_ucs_2(opened, centre):
    text = "Información 😀 " * 10
    assert opened().send(parcel(text)).segments == 3
    assert {part.coding for part in centre.segments} == {8}
    assert all(len(part.data) <= 140 for part in centre.segments)
    assert centre.text_of() == text


def test_a_centre_that_speaks_latin_gets_latin(opened, centre):
    opened(alphabet="latin").send(parcel("mañana @"))
    assert (centre.segments[0].coding, centre.segments[0].data) == (3, "mañana @".encode("latin-1"))


def test_one_connection_serves_many_messages(opened, centre):
    channel = opened()
    for _n in range(5):
        channel.send(parcel("x"))
    assert (centre.binds, len(centre.segments)) == (1, 5)
    assert [event.number for event in channel.heard()] == [f"lab-{n}" for n in range(1, 6)]
    assert channel.heard() == []


def test_receipts_that_come_later_are_heard_by_listening(opened, centre):
    centre.receipts = "later"
    channel = opened()
    channel.send(parcel("x"))
    channel.close()
    assert channel.heard() == []
    (event,) = opened().listen(0.3)
    assert (event.number, event.fate) == ("lab-1", Fate.DELIVERED)
    assert opened().listen(0.1) == []


@pytest.mark.parametrize(("state", "fate"), [("UNDELIV", Fate.FAILED), ("EXPIRED", Fate.FAILED), ("ENROUTE", None)])
def test_what_receipts_say(opened, centre, state, fate):
    centre.receipts = "never"
    channel = opened()
    channel.send(parcel("x"))
    centre.waiting = [receipt_of(centre.segments[0], state, "042")]
    events = opened().listen(0.2)
    assert [event.fate for event in events] == ([fate] if fate else [])
    assert not fate or "042" in events[0].said


def test_what_people_write_is_brought_in_each_alphabet(opened, centre):
    centre.answer_from("525512345678", "Baja")
    centre.answer_from("525512345679", "¿Mañana?".encode("utf-16-be"), coding=8)
    centre.answer_from("525512345679", sms.encoded("¿Y hoy?"))
    came = opened().listen(0.2)
    assert [(each.sender, each.text) for each in came] == [
        (TO, "Baja"),
        ("+525512345679", "¿Mañana?"),
        ("+525512345679", "¿Y hoy?"),
    ]


def test_a_long_text_comes_in_parts_in_any_order_and_what_lacks_one_is_not_lost(opened, centre):
    for mark, place, text in [(7, 2, "dos"), (9, 1, "alone"), (7, 1, "uno, ")]:
        centre.answer_from("525512345678", text, header=bytes((5, 0, 3, mark, 2, place)))
    channel = opened()
    assert [each.text for each in channel.listen(0.2)] == ["uno, dos"]
    channel.close()
    assert [each.text for each in channel.heard()] == ["alone"]


def test_numbers_in_hexadecimal_fit_receipts_in_decimal(opened, centre, monkeypatch):
    monkeypatch.setattr("lab.smpp._segment", _numbered(centre))
    assert opened(numbers="hex").send(parcel("x")).number == "255"


def _numbered(centre):
    from lab import smpp

    read = smpp._segment
    return lambda body, number: read(body, "FF")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (THROTTLED, Away),
        (SYSTEM_ERROR, Away),
        (BAD_ADDRESS, NoSuchAddress),
        (0x0A, SetupRefused),
        (0x45, Refused),
        ("hang up", Away),
        ("garbage", Away),
    ],
)
def test_each_misbehaviour_has_its_meaning_and_the_next_message_goes(opened, centre, fault, error):
    channel = opened()
    centre.faults = [fault]
    with pytest.raises(error) as caught:
        channel.send(parcel("x"))
    assert type(caught.value) is error
    channel.send(parcel("y"))
    assert centre.segments[-1].data == b"y"


def test_no_answer_in_time_may_have_been_taken(opened, centre, settings):
    settings.GATEWAY_TIMEOUT = 0.3
    centre.faults = ["silent"]
    with pytest.raises(Away):
        opened().send(parcel("x"))


def test_keys_are_tried(opened, centre, settings):
    assert "lastmile" in opened().check()
    with pytest.raises(SetupRefused) as caught:
        opened(password="wrong").check()
    assert caught.value.field == "system_id"
    with pytest.raises(Away):
        opened(port="9").check()
    settings.CHANNEL_NETWORKS = []
    binds = centre.binds
    with pytest.raises(SetupRefused):
        opened().check()
    assert centre.binds == binds


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", "x"),
        ("port", "٣"),
        ("host", "a/b"),
        ("password", "far too long"),
        ("sender", "Compañía"),
        ("sender", "x" * 12),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(field, value):
    good = {"host": "smpp.example", "port": "2775", "system_id": "a", "password": "b", "sender": "+525512345678"}
    assert SmppChannel.mistakes(good) == {}
    assert list(SmppChannel.mistakes({**good, field: value})) == [field]


def test_the_password_is_in_no_log(opened, centre, caplog):
    with caplog.at_level("DEBUG"):
        opened().check()
    assert b"secret08".hex() not in caplog.text
