"""Quiet hours hold what rings, also what should have gone before they began, by the clock of who gets it."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from messaging.channels.base import Away
from messaging.models import Message, QuietHours
from messaging.outbox import nights, turns
from messaging.rules import end_of_quiet
from messaging.services import notify, write_message
from subscribers.models import Subscriber
from subscribers.services.recipients import recipient_of
from tests.factories.subscribers import SubscriberFactory, ZoneFactory

NIGHT = datetime(2026, 3, 11, 4, 30, tzinfo=UTC)  # 22:30 at the ISP in Mexico City, 21:30 in Tijuana
MORNING = datetime(2026, 3, 11, 14, tzinfo=UTC)  # 8:00 there
EVENING = datetime(2026, 3, 11, 3, 30, tzinfo=UTC)  # 21:30, and 20:30 in Tijuana


def at(moment, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: moment)


def late(number=1, **fields) -> Message:
    values = {"medium": "sms", "to": f"+52155000000{number:02d}", "text": "x", "occasion": "billing/reminder"}
    return Message.objects.create(**{**values, "due_at": EVENING - timedelta(hours=5), **fields})


@pytest.fixture(autouse=True)
def quiet(in_isp, account, fake):
    assert in_isp.timezone == "America/Mexico_City"
    return QuietHours.objects.create(pk=1)


def test_a_queue_that_is_long_and_a_carrier_that_was_away_ring_nobody_at_night(in_isp, fake, monkeypatch):
    at(NIGHT, monkeypatch)
    held = [late(1), late(2, attempts=3, error="Away"), late(3, lane=2, occasion="messaging/many")]
    goes = [late(4, lane=0, has_secret=True), late(5, occasion="billing/cut"), late(6, occasion="portal/sms")]
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert {parcel.to for parcel in fake.given} == {message.to for message in goes}
    assert set(Message.objects.filter(pk__in=[each.pk for each in held]).values_list("due_at", flat=True)) == {MORNING}
    at(MORNING, monkeypatch)
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert len(fake.given) == 6


def test_what_a_process_left_behind_rings_nobody_at_night_either(in_isp, fake, monkeypatch):
    at(NIGHT, monkeypatch)
    left = late(state="sending", attempts=1)
    Message.objects.filter(pk=left.pk).update(due_at=NIGHT + timedelta(minutes=9))
    for _ in range(2):
        turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert fake.given == []
    at(MORNING, monkeypatch)
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert len(fake.given) == 1


def test_the_control_without_it_they_ring(in_isp, fake, monkeypatch):
    at(NIGHT, monkeypatch)
    monkeypatch.setattr(turns, "hold_for_the_night", lambda **values: 0)
    late()
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert len(fake.given) == 1


def test_mails_wait_only_if_the_isp_wants_it(in_isp, quiet):
    late(medium="email", to="ana@mail.example")
    assert nights.hold_for_the_night(medium="email", at=NIGHT) == 0
    quiet.holds_mail = True
    quiet.save()
    assert nights.hold_for_the_night(medium="email", at=NIGHT) == 1


def test_a_customers_zone_has_a_clock_of_its_own(in_isp, fake, monkeypatch):
    zone = ZoneFactory(name="Tijuana", timezone="America/Tijuana")
    person = SubscriberFactory(mobile="+526641234567", email="")
    Subscriber.objects.filter(pk=person.pk).update(zone=zone)
    person.refresh_from_db()
    there = recipient_of(person, isp=in_isp)
    here = recipient_of(SubscriberFactory(mobile="+525512345678", email=""), isp=in_isp)
    assert (there.timezone, here.timezone) == ("America/Tijuana", "America/Mexico_City")
    at(EVENING, monkeypatch)
    monkeypatch.setattr("messaging.services.notifying.media_for", lambda event, recipient: ["sms"])
    told = {"event": "payments/card_refused", "at": EVENING, "card": "Visa", "url": "x"}
    made = [notify(recipient=each, **told)[0] for each in (there, here)]
    # It is half past eight there, and half past nine here.
    assert [message.due_at for message in made] == [EVENING, MORNING]

    def away(parcel):
        raise Away("no answer")

    fake.answer = away
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    made[0].refresh_from_db()
    assert made[0].attempts == 1
    # The next attempt is at night there, too: it waits for the morning there, two hours after the one here.
    assert nights.hold_for_the_night(medium="sms", at=NIGHT) == 1
    made[0].refresh_from_db()
    assert made[0].due_at == MORNING + timedelta(hours=1)


def test_by_day_it_takes_few_questions(in_isp, count_queries):
    late()
    nights.hold_for_the_night(medium="sms", at=MORNING + timedelta(hours=3))
    with count_queries() as counted:
        nights.hold_for_the_night(medium="sms", at=MORNING + timedelta(hours=3))
    assert len(counted) <= 2
    assert write_message(medium="sms", to="+525512345678", text="x").state == "waiting"


@pytest.mark.parametrize(
    ("ends", "at", "until"),
    [
        (8, "2026-03-28T22:00Z", "2026-03-29T06:00Z"),  # an hour less of night
        (8, "2026-10-24T21:00Z", "2026-10-25T07:00Z"),  # an hour more
        (2.5, "2026-03-28T22:00Z", "2026-03-29T01:30Z"),  # half past two is not there
        (2.5, "2026-10-24T21:00Z", "2026-10-25T00:30Z"),  # and there twice
    ],
)
def test_nights_in_which_the_clock_is_changed(ends, at, until):
    hours = QuietHours(begins=time(22), ends=time(int(ends), int(ends % 1 * 60)))
    found = end_of_quiet(hours, at=datetime.fromisoformat(at), timezone="Europe/Prague")
    assert found == datetime.fromisoformat(until)
