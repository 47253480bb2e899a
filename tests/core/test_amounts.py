"""Amounts as people type them, in countries that write them differently."""

from decimal import Decimal

import pytest
from babel import Locale
from django import forms

from core.amounts import AmountField, NoAmount, read_amount

MEXICO, COLOMBIA = Locale.parse("es_MX"), Locale.parse("es_CO")  # 1,234.50 and 1.234,50


@pytest.mark.parametrize(
    ("text", "mexico", "colombia"),
    [
        ("499", "499", "499"),
        ("499.5", "499.5", "499.5"),
        ("499,50", "499.50", "499.50"),
        ("1,234.50", "1234.50", "1234.50"),
        ("1.234,50", "1234.50", "1234.50"),
        ("1,234,567", "1234567", "1234567"),
        ("1.234.567,89", "1234567.89", "1234567.89"),
        (" 1 234.50 ", "1234.50", "1234.50"),
        ("0", "0", "0"),
        # What can be read in two ways is read as the country writes.
        ("1,234", "1234", None),
        ("1.234", None, "1234"),
    ],
)
def test_both_ways_of_writing_are_understood(text, mexico, colombia):
    for locale, expected in ((MEXICO, mexico), (COLOMBIA, colombia)):
        if expected is None:
            with pytest.raises(NoAmount, match="two decimals"):
                read_amount(text, locale=locale, currency="MXN")
        else:
            assert read_amount(text, locale=locale, currency="MXN") == Decimal(expected)


def test_the_own_currency_may_stand_beside_it_and_no_other():
    assert read_amount("$1,234.50", locale=MEXICO, currency="MXN") == Decimal("1234.50")
    assert read_amount("1234.50 MXN", locale=MEXICO, currency="MXN") == Decimal("1234.50")
    with pytest.raises(NoAmount, match="no amount in MXN"):
        read_amount("100 USD", locale=MEXICO, currency="MXN")


@pytest.mark.parametrize(
    "text",
    ["-5", "1e30", "NaN", "Infinity", "12.345.6", "1,23,456", "1.2.3", ",5", "5.", "½", "٣", "1,234.567", "--", "0x10"],
)
def test_what_is_no_amount_is_refused_with_words(text):
    with pytest.raises(NoAmount) as refused:
        read_amount(text, locale=MEXICO, currency="MXN")
    assert len(str(refused.value)) > 15


def test_an_amount_has_an_end():
    assert read_amount("9999999999.99", locale=MEXICO, currency="MXN")
    with pytest.raises(NoAmount, match="too large"):
        read_amount("1" + "0" * 30, locale=MEXICO, currency="MXN")


class Form(forms.Form):
    amount = AmountField()


@pytest.mark.parametrize(
    ("text", "says"), [("", "required"), ("0", "above zero"), ("0,00", "above zero"), ("x", "no amount")]
)
def test_a_field_says_what_is_wrong(text, says):
    form = Form({"amount": text})
    assert not form.is_valid()
    assert says in form.errors["amount"][0]


def test_a_field_suggests_as_the_reader_writes():
    form = Form(initial={"amount": Decimal("1234.5")})
    form.fields["amount"].of(COLOMBIA, "COP")
    assert 'value="1234,50"' in str(form["amount"])
