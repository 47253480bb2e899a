"""Segments by alphabet, the characters that cost, and the numbers that an SMS can go to."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from company.phones import BadPhone
from messaging import sms


@pytest.mark.parametrize(
    ("text", "segments", "room"),
    [
        ("", 0, 160),
        ("a" * 160, 1, 0),
        ("a" * 161, 2, 145),
        ("a" * 306, 2, 0),
        ("a" * 307, 3, 152),
        ("€" * 80, 1, 0),
        ("€" * 81, 2, 143),
        ("á" * 70, 1, 0),
        ("á" * 71, 2, 63),
        ("😀" * 35, 1, 0),
        ("😀" * 36, 2, 61),
        # A pair is never torn: 33 of them fill 66 of 67.
        ("😀" * 67, 3, 65),
        # Nor is an escape: the 153rd septet would be its first half.
        ("a" * 152 + "€" + "a" * 10, 2, 141),
    ],
)
def test_segments_are_counted_by_alphabet(text, segments, room):
    found = sms.count(text)
    assert (found.segments, found.room) == (segments, room)


def test_characters_that_make_it_unicode_are_named_once_in_order():
    assert sms.count("Su factura “vence” mañana, acción").strange == ("“", "”", "ó")
    assert not sms.count("¿Ñandú? No: ñandu @ £5 {ok} [x] ~ ^ | \\ €").strange[1:]
    assert not sms.count("Ä Ö Ü à è ì ò ù é ñ Ñ ¡¿ § Δ").is_unicode


def test_the_flat_limit_of_the_old_product_is_two_segments():
    """164 characters were let through there as one message."""
    assert sms.count("a" * 164).segments == 2


def test_look_alikes_are_replaced_as_far_as_wished():
    text = "“Fácil” – mañana… 5\u00a0% café\u200b"
    assert sms.spelled(text, "as_is") == text
    assert sms.spelled(text, "tidy") == '"Fácil" - mañana... 5 % café'
    assert sms.spelled(text, "plain") == '"Facil" - mañana... 5 % café'
    assert not sms.count(sms.spelled("áíóúÁÍÓÚçãõâêôï", "plain")).is_unicode


@given(st.text(alphabet=st.sampled_from("aé€[]😀áñ\n"), max_size=500))
@settings(max_examples=150, deadline=None)
def test_parts_make_up_the_text_and_each_fits(text):
    parts = sms.parts(text)
    assert "".join(parts) == text
    for part in parts:
        if sms.strange(text):
            assert len(part.encode("utf-16-be")) <= (140 if len(parts) == 1 else 134)
        else:
            assert len(sms.encoded(part)) <= (160 if len(parts) == 1 else 153)
            assert sms.decoded(sms.encoded(part)) == part


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("55 1234 5678", "MX", "+525512345678"),
        ("+57 301 234 5678", "CO", "+573012345678"),
        ("301 234 5678", "CO", "+573012345678"),
        ("602 123 456", "CZ", "+420602123456"),
    ],
)
def test_numbers_are_kept_as_e164(typed, country, number):
    assert sms.mobile(typed, country=country) == number


@pytest.mark.parametrize(
    ("typed", "country", "says"),
    [
        ("601 742 1234", "CO", "not a mobile number"),
        ("+34 912 345 678", "CO", "another country"),
        ("12", "CO", "area code"),
        ("", "CO", "enter a phone number"),
        ("+57 301 234 5678 ext. 5", "CO", "extension"),
        ("+57 999 999 9999", "CO", "no such number"),
    ],
)
def test_what_takes_no_sms_is_refused_with_a_sentence(typed, country, says):
    with pytest.raises(BadPhone, match=says):
        sms.mobile(typed, country=country, abroad=False)


@pytest.mark.parametrize("spelling", ["as_is", "tidy", "plain"])
def test_a_page_that_counts_by_itself_replaces_the_same(spelling):
    text = "“Fácil” – mañana… 5\u00a0% café\u200b ™"
    table = sms.instead(spelling)
    assert "".join(table.get(char, char) for char in text) == sms.spelled(text, spelling)
