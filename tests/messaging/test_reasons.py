"""Why something was not sent: kept as a code, read in the reader's language; the carrier's words as a quotation."""

import re

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from messaging.channels import reasons
from messaging.channels.base import Away, NoSuchAddress, Refused, SetupRefused
from messaging.channels.reasons import Reason, either, read, said
from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.outbox import turns
from tests.messaging.test_outbox import again, turn, write

HOSTILE = '</q><script>alert(1)</script>"&amp;“nobody_answers”'


def shown(why, medium="sms"):
    return render_to_string("components/reason.html", {"why": why, "medium": medium})


@pytest.mark.parametrize(
    "reason",
    [
        Reason("nobody_answers"),
        Reason("http_status", {"status": 503}),
        Reason("our_fault", {"kind": "KeyError"}),
        said("550 5.1.1 User unknown"),
        said("nobody_answers"),
        said('Stopped:staff {"a": 1} “x” ”'),
        said("suspended", "account_state"),
        said("Refused: 12"),
    ],
)
def test_what_is_kept_is_read_as_it_was(reason):
    assert read(reason.kept) == reason
    assert read(f"NoSuchAddress: {reason.kept}") == reason
    assert len(reason.kept) <= 280


def test_each_code_has_its_sentence_in_spanish_too():
    english = {code: Reason(code, {"kind": "x", "status": 1}).sentence for code in reasons.SENTENCES}
    with translation.override("es"):
        spanish = {code: Reason(code, {"kind": "x", "status": 1}).sentence for code in reasons.SENTENCES}
    assert [code for code in english if english[code] == spanish[code]] == []
    assert not [text for text in [*english.values(), *spanish.values()] if "%(" in text]


def test_a_carrier_cannot_speak_in_our_words():
    for text in ("nobody_answers", "Stopped:staff", 'http_status {"status": 1}', "x” nobody_answers"):
        reason = read(said(text).kept)
        assert (reason.code, reason.said, reason.sentence) == ("", text, "")


@pytest.mark.parametrize(
    "kept",
    [
        "No responde nadie en esta dirección.",
        "550 5.1.1 User unknown",
        "El número “55” no existe",
        "something “quoted”",
        "http_status {broken “x”",
        "421 “",
    ],
)
def test_what_was_kept_before_stays_as_it_is(kept):
    for text in (kept, f"Away: {kept}"):
        assert read(text) == Reason(plain=kept)
        with translation.override("es"):
            assert (read(text).text, shown(read(text)).strip()) == (kept, kept)


def test_words_of_others_are_cut_cleaned_and_never_markup():
    reason = said(f"\x1b[31m{HOSTILE}\u202e\u2028\r\nBcc: a@b.example\ud800\0" + "x" * 5000)
    assert len(reason.words) == reasons.MOST
    assert re.fullmatch(r"[^\x00-\x1f\u202e\u2028\ud800]+…", reason.words)
    page = shown(read(reason.kept))
    assert "<script" not in page
    assert page.count("<q ") == page.count("</q>") == 1
    assert "&lt;/q&gt;&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("language", "medium", "lead"),
    [
        ("en", "sms", "The carrier said:"),
        ("en", "email", "The mail server said:"),
        ("es", "sms", "El proveedor dijo:"),
        ("es", "email", "El servidor de correo dijo:"),
    ],
)
def test_a_quotation_is_marked_as_one_for_who_hears_it_too(language, medium, lead):
    with translation.override(language):
        page = shown(said("Number is blocked"), medium)
    assert re.search(rf'{lead} <q class="text-break" translate="no">Number is blocked</q>', page)
    assert "said:" not in shown(Reason("nobody_answers"))


@pytest.mark.parametrize(
    ("problem", "kept", "english", "spanish"),
    [
        (
            Away(Reason("http_status", {"status": 503})),
            'Away: http_status {"status": 503}',
            "answered 503",
            "respondió 503",
        ),
        (
            Refused("Número bloqueado"),
            "Refused: “Número bloqueado”",
            "The carrier said: “Número",
            "El proveedor dijo: “Número",
        ),
        (NoSuchAddress(Reason("browser_ended")), "NoSuchAddress: browser_ended", "ended its", "terminó su suscripción"),
    ],
)
def test_a_message_says_in_the_readers_language_why_it_failed(in_isp, account, fake, problem, kept, english, spanish):
    """Whatever language was spoken when it was written down."""

    def answer(parcel):
        raise problem

    fake.answer = answer
    message = write()
    with translation.override("es"):
        turn(in_isp)
    row = again(message)
    assert row.error == kept
    for language, words in (("en", english), ("es", spanish)):
        with translation.override(language):
            assert words in row.why.text


def test_an_account_and_a_stopped_address_say_why_in_the_readers_language(in_isp, account, fake):
    def answer(parcel):
        raise SetupRefused(Reason("keys_refused"))

    fake.answer = answer
    write()
    with translation.override("es"):
        turn(in_isp)
    row = ChannelAccount.objects.get(pk=account.pk)
    assert (row.problem, row.why.sentence[:28], row.light) == ("keys_refused", "The carrier does not know th", "red")
    with translation.override("es"):
        assert "no conoce estas claves" in row.why.sentence
    stopped = StoppedAddress(reason="opt_out", said=said("BAJA por favor", reasons.WROTE).kept)
    assert "They wrote: <q" in shown(stopped.why)
    with translation.override("es"):
        assert "Escribió: <q" in shown(stopped.why)


def test_where_a_carrier_says_nothing_we_say_so():
    assert either(" \n", "nobody_there") == Reason("nobody_there")
    assert either("x", "nobody_there") == said("x")


def test_a_refusal_without_words_still_holds_the_account(in_isp, account, fake):
    def answer(parcel):
        raise SetupRefused

    fake.answer = answer
    write()
    turn(in_isp)
    assert ChannelAccount.objects.get(pk=account.pk).problem == "keys_refused"
    assert Message.objects.get().state == "waiting"
    assert turns.take_turn(isp_id=in_isp.pk, medium="sms") is not None
