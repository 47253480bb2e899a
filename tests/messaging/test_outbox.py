"""Turns: what goes when, what becomes of it, and what carriers may say."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.lease import lease
from messaging import services
from messaging.channels.base import Away, NoSuchAddress, Refused, SetupRefused, Taken, Unclear
from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.outbox import carriers, claims, results, turns
from messaging.outbox.carriers import DEPTH
from messaging.services import many
from messaging.tasks import deliver_message, take_turn

LANE = Message.Lane


def write(text="Hola", to="+5215512345678", **fields) -> Message:
    return services.write_message(**({"medium": "sms", "to": to, "text": text} | fields))


def phone(number: int) -> str:
    return f"+52155{number:08d}"


def turn(isp) -> object:
    return turns.take_turn(isp_id=isp.pk, medium="sms")


def again(message: Message) -> Message:
    return Message.objects.get(pk=message.pk)


def test_a_turn_hands_over_what_is_due_and_writes_down_what_became_of_it(in_isp, account, fake):
    made = [write(f"n{number}", phone(number)) for number in range(30)]
    later = write("later", phone(99), due_at=timezone.now() + timedelta(hours=1))
    next_at = turn(in_isp)
    assert sorted(fake.texts()) == sorted(message.text for message in made)
    row = again(made[0])
    assert (row.state, row.channel, row.number_there, row.segments, row.price) == (
        "sent", "fake", f"there-{row.to}", 2, 1
    )  # fmt: skip
    assert next_at == again(later).due_at
    assert len({id(channel) for channel in fake.closed}) == len(fake.closed) <= fake.at_once


def test_what_somebody_waits_for_goes_before_what_was_sent_to_many(in_isp, account, fake, monkeypatch):
    monkeypatch.setattr(fake, "at_once", 1)
    for number in range(5):
        write("bulk", phone(number), lane=LANE.BULK)
    write("normal", phone(7))
    write("code", phone(8), has_secret=True)
    turn(in_isp)
    assert fake.texts()[:2] == ["code", "normal"]


def test_one_address_gets_its_messages_in_the_order_they_were_written(in_isp, account, fake):
    def busy(parcel):
        if parcel.text == "first" and fake.texts().count("first") == 1:
            raise Away("busy")
        return Taken(parcel.key)

    fake.answer = busy
    first, second, other = write("first"), write("second"), write("other", phone(1))
    turn(in_isp)
    assert sorted(fake.texts()) == ["first", "other"]
    assert (again(first).state, again(second).state, again(other).state) == ("waiting", "waiting", "sent")
    Message.objects.filter(pk=first.pk).update(due_at=timezone.now())
    turn(in_isp)
    assert fake.texts()[-2:] == ["first", "second"]


def test_control_without_that_question_the_second_overtakes_the_first(in_isp, account, fake, monkeypatch):
    monkeypatch.setattr(claims, "CLAIM", claims.CLAIM.replace(f"AND NOT EXISTS ({claims.OLDER})", ""))
    first, _ = write("first"), write("second")
    Message.objects.filter(pk=first.pk).update(attempts=1, due_at=timezone.now() + timedelta(minutes=5))
    turn(in_isp)
    assert fake.texts() == ["second"]


def test_one_for_tomorrow_holds_back_none_for_today(in_isp, account, fake):
    write("tomorrow", due_at=timezone.now() + timedelta(days=1))
    write("today")
    turn(in_isp)
    assert fake.texts() == ["today"]


@pytest.mark.parametrize("verb", [many.hold, many.stop_waiting])
def test_what_is_being_handed_over_when_a_sending_is_halted_is_not_tried_again(in_isp, account, fake, verb):
    sending = uuid4()
    message = write()
    Message.objects.update(sending=sending, lane=LANE.BULK)

    def halted_meanwhile(parcel):
        verb(sending)
        raise Away("no answer")

    # As a turn does, but in this thread, which sees the test's transaction.
    (claimed,) = claims.claim(medium="sms", limit=1)
    fake.answer = halted_meanwhile
    carrier = carriers.carrier_of("sms")
    results.write_down(carrier, [carriers.hand_over(carrier.open(), claimed)])
    soon = timezone.now() + timedelta(hours=5)
    assert not Message.objects.due(soon).exclude(error="Stopped:sending").exists()
    Message.objects.filter(error="Stopped:sending").update(due_at=timezone.now())
    fake.answer = None
    turn(in_isp)
    assert len(fake.given) == 1
    assert again(message).state == ("waiting" if verb is many.hold else "stopped")
    # Let go, it is tried again; of what was stopped there is nothing to let go.
    many.let_go(sending, at=timezone.now())
    turn(in_isp)
    assert len(fake.given) == (2 if verb is many.hold else 1)


def test_what_a_live_process_hands_over_while_its_sending_is_paused_and_resumed_goes_once(in_isp, account, fake):
    sending = uuid4()
    message = write()
    Message.objects.update(sending=sending, lane=LANE.BULK)
    (claimed,) = claims.claim(medium="sms", limit=1)
    many.hold(sending)
    many.let_go(sending, at=timezone.now())
    # The carrier has not answered yet.
    assert claims.claim(medium="sms", limit=1) == []
    carrier = carriers.carrier_of("sms")
    results.write_down(carrier, [carriers.hand_over(carrier.open(), claimed)])
    turn(in_isp)
    assert (len(fake.given), again(message).state) == (1, "sent")


def test_what_a_process_left_behind_and_was_held_meanwhile_goes_once_it_is_let_go(in_isp, account, fake):
    sending = uuid4()
    message = write()
    Message.objects.update(sending=sending, lane=LANE.BULK)
    claims.claim(medium="sms", limit=1)  # and dies
    many.hold(sending)
    turn(in_isp)
    assert fake.given == []
    many.let_go(sending, at=timezone.now())
    turn(in_isp)
    assert (len(fake.given), again(message).state) == (1, "sent")


@pytest.mark.parametrize(
    ("days", "has_secret", "state"), [(6, False, "sent"), (8, False, "failed"), (2, True, "failed")]
)
def test_what_could_not_go_for_days_is_given_up_and_not_a_surprise(in_isp, account, fake, days, has_secret, state):
    """As after an ISP was suspended, or keys were refused: staff see it, and send again what still holds."""
    message = write(has_secret=has_secret)
    Message.objects.update(due_at=timezone.now() - timedelta(days=days))
    deliver_message(isp_id=in_isp.pk, message_id=message.pk) if has_secret else turn(in_isp)
    assert (again(message).state, len(fake.given)) == (state, int(state == "sent"))
    if state == "failed":
        assert again(message).error == "TooLate"
        assert again(message).may_be_sent_again is not has_secret


def test_a_pause_that_a_clock_ahead_wrote_ends_with_it(in_isp, account, fake):
    write()
    for ahead, given in ((timedelta(minutes=50), 0), (timedelta(days=1), 1)):
        ChannelAccount.objects.update(paused_until=timezone.now() + ahead)
        turn(in_isp)
        assert len(fake.given) == given


def test_keys_that_were_mended_meanwhile_are_not_blamed_for_the_old_ones(in_isp, account, fake):
    write()
    carrier = carriers.carrier_of("sms")
    ChannelAccount.objects.update(checked_at=timezone.now())  # staff have typed other keys, which work
    results.hold(carrier, "SetupRefused: no such key")
    results.pause(carrier, timezone.now() + timedelta(hours=1))
    account.refresh_from_db()
    assert (account.problem, account.paused_until) == ("", None)
    # The control: by the account as it is now, the word counts.
    results.hold(carriers.carrier_of("sms"), "SetupRefused: no such key")
    account.refresh_from_db()
    assert account.problem == "SetupRefused: no such key"


def test_what_is_held_holds_back_none_to_the_same_address(in_isp, account, fake):
    sending = uuid4()
    held = write("held", lane=LANE.BULK)
    Message.objects.filter(pk=held.pk).update(sending=sending, attempts=1)
    many.hold(sending)
    write("other", lane=LANE.BULK)
    turn(in_isp)
    assert fake.texts() == ["other"]


def test_of_many_the_one_that_goes_first_begins_the_delivery(in_isp, account, monkeypatch):
    begun, now = [], timezone.now()
    monkeypatch.setattr(many, "begin_delivery", begun.append)
    rows = [
        Message(medium="sms", to=f"+52551234567{n}", text="x", key=f"k{n}", due_at=now + timedelta(hours=hours))
        for n, hours in enumerate((9, 0, 5))
    ]
    many.write_many(rows)
    assert [each.key for each in begun] == ["k1"]


def test_a_key_is_written_once(in_isp, account):
    first = write(key="reminder:7:3", text="Pay")
    assert write(key="reminder:7:3", text="Pay again").pk == first.pk
    assert [message.text for message in Message.objects.all()] == ["Pay"]
    # The control: without a key there are two.
    assert write(text="x").pk != write(text="x").pk


def test_an_account_that_is_refused_holds_all_without_an_attempt(in_isp, account, fake):
    def refuse(parcel):
        raise SetupRefused("wrong key")

    fake.answer = refuse
    made = [write(str(number), phone(number)) for number in range(40)]
    assert turn(in_isp) > timezone.now()
    tried = len(fake.given)
    assert tried <= 2 * fake.at_once
    account.refresh_from_db()
    assert account.light == "red"
    assert "wrong key" in account.problem
    assert {(again(each).state, again(each).attempts) for each in made} == {("waiting", 0)}
    turn(in_isp)
    deliver_message(isp_id=in_isp.pk, message_id=write("code", has_secret=True).pk)
    assert len(fake.given) == tried  # nothing is tried while it is red
    fake.answer = None
    account.problem = ""
    account.save()
    services.resume(account=account)
    turn(in_isp)
    assert {again(each).state for each in made} == {"sent"}


def test_a_carrier_that_asks_to_wait_is_not_asked_before(in_isp, account, fake):
    def slow_down(parcel):
        raise Away("429", 90)

    fake.answer = slow_down
    for number in range(40):
        write(str(number), phone(number))
    next_at = turn(in_isp)
    assert len(fake.given) <= 2 * fake.at_once
    assert timedelta(seconds=60) < next_at - timezone.now() <= timedelta(seconds=90)
    tried = Message.objects.filter(attempts=1)
    assert tried.count() == len(fake.given)
    assert all(message.due_at - timezone.now() > timedelta(seconds=60) for message in tried)
    turn(in_isp)
    assert len(fake.given) == tried.count()


def test_a_carrier_that_does_not_answer_is_left_alone_for_a_while(in_isp, account, fake):
    def nobody(parcel):
        raise Away("no answer")

    fake.answer = nobody
    for number in range(60):
        write(str(number), phone(number))
    assert turn(in_isp) > timezone.now() + timedelta(seconds=20)
    assert len(fake.given) <= DEPTH * fake.at_once


def test_attempts_end_and_a_refusal_ends_them_at_once(in_isp, account, fake):
    def answer(parcel):
        raise Refused("too long\0\nby far") if parcel.text == "no" else Away("busy")

    fake.answer = answer
    refused, tired = write("no", phone(1)), write("busy", phone(2))
    Message.objects.filter(pk=tired.pk).update(attempts=claims.ATTEMPTS - 1)
    turn(in_isp)
    assert (again(refused).state, again(refused).error) == ("failed", "Refused: “too long by far”")
    assert (again(tired).state, again(tired).attempts) == ("failed", claims.ATTEMPTS)


@pytest.mark.parametrize(("problem", "most"), [(Unclear, 3), (Away, claims.ATTEMPTS)])
def test_where_each_attempt_may_have_been_taken_there_are_few(in_isp, account, fake, problem, most):
    def answer(parcel):
        raise problem("a web page")

    message, fake.answer = write(), answer
    for _time in range(claims.ATTEMPTS + 2):
        turn(in_isp)
        Message.objects.unsent().update(due_at=timezone.now())
        ChannelAccount.objects.update(paused_until=None)
    assert len(fake.given) == most
    assert again(message).state == "failed"


def test_a_fault_of_ours_is_an_attempt_and_no_end(in_isp, account, fake, caplog):
    def fault(parcel):
        raise KeyError("x")

    fake.answer = fault
    message = write()
    turn(in_isp)
    assert (again(message).state, again(message).attempts) == ("waiting", 1)
    assert "KeyError" in again(message).error
    assert "could not be handed over" in caplog.text


def test_an_address_that_does_not_exist_is_written_to_no_more(in_isp, account, fake):
    def gone(parcel):
        raise NoSuchAddress("unknown subscriber")

    fake.answer = gone
    first, second = write("first"), write("second")
    turn(in_isp)
    assert (again(first).state, again(second).state) == ("failed", "stopped")
    third = write("third")
    assert (third.state, third.why.text) == (
        "stopped", "The address does not exist, so it is written to no more."
    )  # fmt: skip
    assert len(fake.given) == 1
    stopped = StoppedAddress.objects.get()
    assert (stopped.reason, stopped.said, stopped.message) == ("bounce", "“unknown subscriber”", first)


def test_a_stop_that_came_after_the_writing_holds_at_the_claim(in_isp, account, fake):
    message = write()
    StoppedAddress.objects.create(medium="sms", address=message.to, reason="staff")
    turn(in_isp)
    assert (again(message).state, again(message).attempts, fake.given) == ("stopped", 0, [])


def test_who_wants_no_more_still_gets_what_they_ask_for(in_isp, account, fake):
    waiting, code = write("advert", lane=LANE.BULK), write("code", has_secret=True)
    services.stop_address(by=None, medium="sms", address=waiting.to, reason="opt_out")
    assert again(waiting).state == "stopped"
    assert write("another").state == "stopped"
    turn(in_isp)
    assert fake.texts() == ["code"]
    assert (again(code).state, again(code).text) == ("sent", "")


@pytest.mark.parametrize("end", ["sent", "failed", "stopped"])
def test_of_secrets_and_last_words_nothing_is_kept_however_they_end(in_isp, account, fake, end):
    def answer(parcel):
        if end == "failed":
            raise Refused("no")
        return Taken("1")

    fake.answer = answer
    secret, last = write("secret", phone(1), has_secret=True), write("farewell", phone(2), is_last=True)
    if end == "stopped":
        StoppedAddress.objects.create(medium="sms", address=phone(1), reason="bounce")
        StoppedAddress.objects.create(medium="sms", address=phone(2), reason="bounce")
    turn(in_isp)
    assert (again(secret).state, again(secret).text) == (end, "")
    assert not Message.objects.filter(pk=last.pk).exists()


@pytest.mark.parametrize(
    ("medium", "to"),
    [
        ("sms", "5512345678"),
        ("sms", "+52 55 1234"),
        ("whatsapp", "+0123456789"),
        ("push", "browser"),
        ("email", "a@example.com\nBcc: b@example.com"),
        ("email", f"{'a' * 250}@example.com"),
    ],
)
def test_what_is_no_address_is_kept_to_be_seen_and_never_sent(in_isp, account, fake, medium, to):
    message = write(to=to, medium=medium)
    turns.take_turn(isp_id=in_isp.pk, medium=medium)
    row = again(message)
    assert (row.state, row.error, fake.given) == ("failed", "BadAddress", [])
    assert "no address" in row.why.text


def test_without_a_channel_a_message_is_a_dead_letter_that_can_be_sent_again(in_isp):
    message = write(medium="whatsapp")
    turns.take_turn(isp_id=in_isp.pk, medium="whatsapp")
    assert (again(message).state, again(message).error) == ("failed", "NoChannel")
    assert "Connect one" in again(message).why.text
    assert again(message).may_be_sent_again


def test_a_rate_is_kept_within_a_turn_and_to_the_next(in_isp, account, fake):
    account.rate = 1
    account.save()
    for number in range(10):
        write(str(number), phone(number))
    next_at = turn(in_isp)
    assert len(fake.given) <= 2
    assert next_at > timezone.now()
    turn(in_isp)
    assert len(fake.given) <= 2


def test_an_urgent_message_needs_no_turn_and_takes_those_along_that_waited_for_it(in_isp, account, fake):
    first, second = write("1", has_secret=True), write("2", has_secret=True)
    with lease("messaging.sms", in_isp.pk):  # a flood has the turn
        assert turns.take_turn(isp_id=in_isp.pk, medium="sms") is None
        deliver_message(isp_id=in_isp.pk, message_id=second.pk)
        assert fake.texts() == []
        deliver_message(isp_id=in_isp.pk, message_id=first.pk)
    assert fake.texts() == ["1", "2"]


def test_urgent_ones_have_a_task_each_and_others_share_a_turn(
    in_isp, account, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(take_turn, "delay", lambda **told: sent.append(told))
    monkeypatch.setattr(deliver_message, "delay", lambda **told: sent.append(told))
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(5):
            write(str(number), phone(number))
        write("later", phone(8), due_at=timezone.now() + timedelta(days=1))
        codes = [write("code", phone(number), has_secret=True) for number in range(2)]
    assert sent == [
        {"isp_id": in_isp.pk, "medium": "sms"}, *[{"isp_id": in_isp.pk, "message_id": code.pk} for code in codes]
    ]  # fmt: skip


def test_what_a_killed_turn_had_is_handed_over_by_the_next_one(in_isp, account, fake):
    write("left", phone(1))
    assert len(claims.claim(medium="sms", limit=5)) == 1
    turn(in_isp)
    assert fake.texts() == ["left"]
    fake.given.clear()
    # The control: without giving back, it waits until its claim has run out.
    write("left", phone(2))
    claims.claim(medium="sms", limit=5)
    assert claims.claim(medium="sms", limit=5) == []


def test_a_message_that_takes_its_worker_down_each_time_is_given_up(in_isp, account, fake):
    message = write()
    for _ in range(claims.ATTEMPTS):
        assert len(claims.claim(medium="sms", limit=1)) == 1
        Message.objects.update(due_at=timezone.now())
    turn(in_isp)
    row = again(message)
    assert (row.state, row.error, row.attempts, fake.given) == ("failed", "WorkerLost", claims.ATTEMPTS, [])


def test_results_and_claims_of_many_messages_take_few_statements(in_isp, account, fake, count_queries):
    for number in range(8):
        write(str(number), phone(number))
    turn(in_isp)
    for number in range(80):
        write(str(number), phone(number))
    with count_queries() as many:
        turn(in_isp)
    assert len(fake.given) == 88
    assert len(many) < 120


def test_the_task_comes_again_while_there_is_more_and_at_the_next_attempt(
    in_isp, account, fake, monkeypatch, django_capture_on_commit_callbacks
):
    calls = []
    monkeypatch.setattr(take_turn, "apply_async", lambda *args, **options: calls.append(options))
    monkeypatch.setattr(turns, "SLICE", 0)
    monkeypatch.setattr(fake, "at_once", 1)
    for number in range(DEPTH + 1):
        write(str(number), phone(number))
    with django_capture_on_commit_callbacks(execute=True):
        take_turn(isp_id=in_isp.pk, medium="sms")
    assert (len(fake.given), len(calls)) == (DEPTH, 1)
    monkeypatch.setattr(turns, "SLICE", 1)
    with django_capture_on_commit_callbacks(execute=True):
        take_turn(isp_id=in_isp.pk, medium="sms")
    assert (len(fake.given), len(calls)) == (DEPTH + 1, 1)
