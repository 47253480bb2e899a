"""What carriers tell later: twice, in any order, too early, of nobody, or of an address."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.utils import timezone

from core.models import AuditEntry
from messaging import services
from messaging.channels.base import Away, Event, Fate, NoNews
from messaging.models import EarlyEvent, Message, OptOut, StoppedAddress
from messaging.outbox import fates, turns
from messaging.tasks import forget_messages, sweep_messages

TO = "+5215512345678"


def taken(number="there-1", **fields) -> Message:
    values = {"medium": "sms", "to": TO, "text": "x", "state": "sent", "channel": "fake", "number_there": number}
    return Message.objects.create(**(values | fields))


@pytest.mark.parametrize(
    ("told", "state", "is_stopped"),
    [
        ([Fate.DELIVERED], "delivered", False),
        ([Fate.FAILED], "failed", False),
        ([Fate.FAILED, Fate.DELIVERED], "delivered", False),
        ([Fate.BOUNCED], "failed", True),
        ([Fate.DELIVERED, Fate.COMPLAINED], "delivered", True),
        ([Fate.DELIVERED, Fate.BOUNCED, Fate.FAILED], "delivered", True),
    ],
)
def test_what_comes_out_is_the_same_in_whatever_order_and_however_often(in_isp, account, told, state, is_stopped):
    for number, order in enumerate(permutations(told)):
        message = taken(f"n{number}", to=f"+52155000000{number:02d}")
        for fate in [*order, *order]:
            services.take_events(account, [Event(f"n{number}", fate, "said")])
        message.refresh_from_db()
        assert message.state == state
        assert StoppedAddress.objects.filter(address=message.to).exists() == is_stopped
    account.refresh_from_db()
    assert account.last_event_at is not None


def test_numbers_of_nobody_and_of_another_channel_change_nothing(in_isp, account):
    theirs = taken("5", channel="other")
    services.take_events(account, [Event("5", Fate.DELIVERED), Event("6\0", Fate.BOUNCED), Event("", Fate.FAILED)])
    theirs.refresh_from_db()
    assert theirs.state == "sent"
    assert not StoppedAddress.objects.exists()


def test_what_comes_before_the_number_is_written_down_is_kept_for_it(in_isp, account, fake):
    services.take_events(account, [Event(f"there-{TO}", Fate.DELIVERED)] * 2)
    message = services.write_message(medium="sms", to=TO, text="x")
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    message.refresh_from_db()
    assert message.state == "sent"
    sweep_messages(isp_id=in_isp.pk)
    message.refresh_from_db()
    assert (message.state, EarlyEvent.objects.count()) == ("delivered", 0)


def test_what_waits_for_nobody_is_forgotten_after_a_day(in_isp, account):
    services.take_events(account, [Event("nobody", Fate.DELIVERED)])
    forget_messages(isp_id=in_isp.pk)
    assert EarlyEvent.objects.count() == 1
    EarlyEvent.objects.update(received_at=timezone.now() - fates.EARLY - timedelta(minutes=1))
    forget_messages(isp_id=in_isp.pk)
    assert EarlyEvent.objects.count() == 0


def test_an_address_alone_is_stopped_and_the_log_says_so(in_isp, account):
    waiting = services.write_message(medium="sms", to=TO, text="x")
    services.take_events(account, [Event("", Fate.COMPLAINED, "STOP", address=TO)] * 2)
    stopped = StoppedAddress.objects.get()
    assert (stopped.address, stopped.reason, stopped.said) == (TO, "complaint", "“STOP”")
    waiting.refresh_from_db()
    assert waiting.state == "stopped"
    assert AuditEntry.objects.filter(verb="messaging.address.stopped").count() == 1


def test_a_new_attempt_is_not_judged_by_what_is_said_of_the_old_one(in_isp, account, clerk):
    message = taken(state="failed")
    services.resend(by=clerk, mail=message)
    services.take_events(account, [Event("there-1", Fate.DELIVERED)])
    message.refresh_from_db()
    assert message.state == "waiting"


def test_what_had_been_taken_goes_with_a_new_key_when_it_is_sent_again(in_isp, account, clerk, fake):
    """A carrier that knows keys would else say that it has it already."""
    message = services.write_message(medium="sms", to=TO, text="x")
    keys = []
    for _time in range(3):
        turns.take_turn(isp_id=in_isp.pk, medium="sms")
        keys.append(fake.given[-1].key)
        services.take_events(account, [Event(f"there-{TO}", Fate.FAILED, "off")])
        services.resend(by=clerk, mail=message)
    assert len(set(keys)) == len(fake.given) == 3

    def broken(parcel):
        raise Away("500 after it was taken")

    fake.answer = broken
    for _attempt in range(2):
        Message.objects.update(due_at=timezone.now())
        turns.take_turn(isp_id=in_isp.pk, medium="sms")
    # Of what may have been taken the key stays, whether we try again or staff do.
    Message.objects.update(state="failed")
    services.resend(by=clerk, mail=message)
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    assert len(fake.given) == 6
    assert len({each.key for each in fake.given[3:]}) == 1


def test_a_released_address_is_written_to_again(in_isp, account, clerk):
    services.stop_address(by=clerk, medium="sms", address=TO)
    kept_back = services.write_message(medium="sms", to=TO, text="x")
    with pytest.raises(services.AddressStopped):
        services.resend(by=clerk, mail=kept_back)
    services.release_address(by=clerk, stopped=StoppedAddress.objects.get())
    services.resend(by=clerk, mail=kept_back)
    assert services.write_message(medium="sms", to=TO, text="y").state == "waiting"
    assert list(AuditEntry.objects.filter(verb__contains="address").order_by("pk").values_list("verb", flat=True)) == [
        "messaging.address.stopped",
        "messaging.address.released",
    ]


@pytest.mark.parametrize("address", ["", "nobody", "5512345678"])
def test_only_addresses_are_stopped(in_isp, clerk, address):
    with pytest.raises(services.NoAddress):
        services.stop_address(by=clerk, medium="sms", address=address)
    assert not StoppedAddress.objects.exists()


def with_kind(kind, **fields):
    return Message.objects.create(medium="sms", to=TO, text="x", kind=kind, subscriber_key=7, **fields)


@pytest.mark.parametrize("is_told_later", [False, True])
def test_who_wants_no_advertising_gets_all_else(in_isp, account, fake, is_told_later):
    first, waiting, bill = with_kind("news"), with_kind("news"), with_kind("bills")
    if is_told_later:
        turns.deliver_one(first.pk)
        news = Event(Message.objects.get(pk=first.pk).number_there, Fate.NO_NEWS, "no ads")
        services.take_events(account, [news, news])
    else:
        fake.answer = no_news
        turns.deliver_one(first.pk)
    kept = dict(Message.objects.values_list("pk", "state"))
    assert kept == {first.pk: "failed", waiting.pk: "stopped", bill.pk: "waiting"}
    first.refresh_from_db()
    assert first.why.said == "no ads"
    assert list(OptOut.objects.values_list("subscriber_key", "login_key", "kind", "medium")) == [(7, 0, "news", "sms")]
    assert AuditEntry.objects.filter(verb="messaging.preferences.opted_out").count() == 1
    assert not StoppedAddress.objects.exists()


def no_news(parcel):
    raise NoNews("no ads")
