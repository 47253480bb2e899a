"""What people write: words that are done once and confirmed once, and all else that is kept to be read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import AuditEntry
from messaging import services
from messaging.channels.base import Incoming, OptedOut
from messaging.channels.words import Word, word_of
from messaging.models import Message, ReceivedMessage, StoppedAddress
from messaging.outbox import turns
from messaging.outbox.received import A_DAY
from messaging.phones import spellings
from messaging.services.keeping import MONTH
from messaging.services.received import confirm_words
from messaging.tasks import forget_messages, sweep_messages

TO = "+525512345678"


@pytest.fixture
def known(account):
    """Somebody who has been written to."""
    return Message.objects.create(medium="sms", to=TO, text="x", state="sent", language="es-mx")


def hear(account, text="", sender=TO, **fields):
    services.take_events(account, [Incoming(sender, text, **fields)])


def answers():
    return list(Message.objects.filter(occasion="messaging/word").order_by("pk").values_list("text", flat=True))


def is_stopped(address=TO):
    return StoppedAddress.objects.filter(medium="sms", address=address, reason="opt_out").exists()


@pytest.mark.parametrize("text", ["STOP", " stop. ", "¡Baja!", "cancelar", "*ALTO*", "“Stop”", "DAR DE BAJA\n"])
def test_a_word_alone_asks_for_no_more(text):
    assert word_of(text) is Word.STOP


@pytest.mark.parametrize("text", ["start", "ALTA", "Alta.", "iniciár", "unstop"])
def test_a_word_alone_asks_for_messages_again(text):
    assert word_of(text) is Word.START


@pytest.mark.parametrize(
    "text",
    ["", "sí", "yes", "please stop the noise", "no me den de baja", "STOP START", "<b>STOP</b>", "alto " * 200_000],
)
def test_what_is_more_than_a_word_asks_for_nothing(text):
    assert word_of(text) is None


def test_stop_stops_and_is_confirmed_once_in_the_language_of_who_wrote_it(in_isp, account, known):
    for _n in range(3):
        hear(account, "Baja", number="r-1")
        hear(account, "STOP")
    assert is_stopped()
    (text,) = answers()
    assert "ALTA" in text
    assert in_isp.name in text
    assert services.write_message(medium="sms", to=TO, text="y").state == "stopped"
    turns.take_turn(isp_id=in_isp.pk, medium="sms")
    turns.deliver_one(Message.objects.get(occasion="messaging/word").pk)
    assert Message.objects.get(occasion="messaging/word").state == "sent"
    assert ReceivedMessage.objects.exclude(word="").count() == 2


def test_start_lifts_what_the_person_asked_for(in_isp, account, known):
    hear(account, "STOP")
    hear(account, "alta")
    assert not is_stopped()
    assert len(answers()) == 2
    assert "BAJA" in answers()[1]
    assert services.write_message(medium="sms", to=TO, text="y").state == "waiting"
    verbs = AuditEntry.objects.filter(verb__contains="address").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["messaging.address.stopped", "messaging.address.released"]


@pytest.mark.parametrize("reason", ["staff", "bounce", "complaint"])
def test_start_lifts_no_other_stop(in_isp, account, known, reason):
    StoppedAddress.objects.create(medium="sms", address=TO, reason=reason)
    for word in ("START", "STOP", "START"):
        hear(account, word)
    assert StoppedAddress.objects.get().reason == reason
    assert answers() == []


def test_start_lifts_nothing_of_another_medium(in_isp, account, known):
    StoppedAddress.objects.create(medium="whatsapp", address=TO, reason="opt_out")
    hear(account, "START")
    assert StoppedAddress.objects.count() == 1


def test_two_machines_do_not_talk_to_each_other(in_isp, account, known):
    for _n in range(10):
        hear(account, "STOP")
        hear(account, "START")
        for text in answers():
            hear(account, text)  # it says what we say
    assert len(answers()) == 2


def test_the_next_day_it_is_confirmed_again(in_isp, account, known):
    hear(account, "STOP")
    hear(account, "START")
    ReceivedMessage.objects.update(confirmed_at=timezone.now() - timedelta(hours=25))
    hear(account, "STOP")
    assert len(answers()) == 3


def test_stop_stop_and_start_within_a_moment_end_as_the_last_one_says(in_isp, account, known):
    for word in ("STOP", "START", "STOP"):
        hear(account, word)
    assert is_stopped()


def test_a_late_word_does_not_undo_what_was_asked_for_after_it(in_isp, account, known):
    now = timezone.now()
    hear(account, "STOP", number="2", at=now - timedelta(minutes=1))
    hear(account, "START", number="1", at=now - timedelta(hours=1))
    assert is_stopped()
    hear(account, "START", number="3", at=now + timedelta(days=9))
    assert not is_stopped()
    assert not ReceivedMessage.objects.filter(at__gt=timezone.now()).exists()


def test_an_old_start_does_not_lift_a_stop_that_came_otherwise(in_isp, account, known):
    StoppedAddress.objects.create(medium="sms", address=TO, reason="opt_out")
    hear(account, "START", at=timezone.now() - timedelta(hours=1))
    assert is_stopped()


def test_what_the_carrier_took_and_confirmed_itself_is_not_confirmed_by_us(in_isp, account, known):
    hear(account, "basta", word=Word.STOP, is_confirmed=True)
    assert is_stopped()
    assert answers() == []


def test_a_carrier_that_lets_nothing_through_after_stop_leaves_no_dead_letter(in_isp, account, known, fake):
    def answer(parcel):
        raise OptedOut("blacklisted")

    fake.answer = answer
    hear(account, "STOP")
    message = Message.objects.get(occasion="messaging/word")
    turns.deliver_one(message.pk)
    message.refresh_from_db()
    assert (message.state, message.error) == ("stopped", "Stopped:opt_out")


def test_who_was_never_written_to_is_stopped_and_not_written_to(in_isp, account):
    hear(account, "STOP")
    assert is_stopped()
    assert answers() == []


@pytest.mark.parametrize("sender", ["525512345678", "55 1234 5678", "+5215512345678"])
def test_a_number_is_the_same_however_the_carrier_spells_it(in_isp, account, known, sender):
    hear(account, "STOP", sender=sender)
    assert is_stopped()
    hear(account, "START", sender=sender)
    assert not is_stopped()


def test_spellings():
    assert spellings("+525512345678") == ["+525512345678", "+5215512345678"]
    assert spellings("+5215512345678") == ["+5215512345678", "+525512345678"]
    assert spellings("+5491123456789") == ["+5491123456789", "+541123456789"]
    assert spellings("+420601234567") == ["+420601234567"]


@pytest.mark.parametrize("sender", ["", "WispMega", "\0", "22000", "<script>", "x" * 500])
def test_a_sender_that_is_no_phone_is_never_answered(in_isp, account, sender):
    hear(account, "STOP", sender=sender)
    assert not StoppedAddress.objects.exists()
    assert answers() == []


def test_all_else_is_kept_as_it_came_up_to_a_length(in_isp, account):
    hear(account, "<script>alert(1)</script>\0 ¿Ya pagué?", number="1")
    hear(account, "<script>alert(1)</script> ¿Ya pagué?", number="1")
    hear(account, "x" * 1_000_000, number="2")
    hear(account, "", number="3")
    texts = ReceivedMessage.objects.order_by("pk").values_list("text", flat=True)
    assert [len(text) for text in texts] == [36, 2000, 0]


def test_a_flood_of_one_sender_is_cut_and_stop_still_counts(in_isp, account, known):
    for number in range(A_DAY + 5):
        hear(account, f"n {number}")
    assert ReceivedMessage.objects.count() == A_DAY
    hear(account, "STOP")
    assert is_stopped()


def test_what_was_heard_while_sending_is_confirmed_by_the_sweep(in_isp, account, known):
    turns._note_heard(turns.carrier_of("sms"), [Incoming(TO, "STOP")])
    assert (is_stopped(), answers()) == (True, [])
    sweep_messages(isp_id=in_isp.pk)
    assert len(answers()) == 1
    assert confirm_words(at=timezone.now()) == 0


def test_what_waited_too_long_is_not_confirmed(in_isp, account, known):
    turns._note_heard(turns.carrier_of("sms"), [Incoming(TO, "STOP")])
    assert confirm_words(at=timezone.now() + timedelta(hours=7)) == 0
    assert not ReceivedMessage.objects.filter(is_to_confirm=True).exists()


def test_received_messages_are_kept_as_long_as_sent_ones(in_isp, account):
    hear(account, "old", number="1")
    ReceivedMessage.objects.update(received_at=timezone.now() - 25 * MONTH)
    hear(account, "new", number="2")
    forget_messages(isp_id=in_isp.pk)
    assert ReceivedMessage.objects.get().text == "new"
