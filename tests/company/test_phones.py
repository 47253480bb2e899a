import pytest

from company.phones import BadPhone, stored


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("55 1234 5678", "MX", "+525512345678"),
        ("(55) 1234-5678", "MX", "+525512345678"),
        ("+57 601 234 5678", "MX", "+576012345678"),
        ("601 234 5678", "CO", "+576012345678"),
        ("800 123 4567", "MX", "+528001234567"),
        ("55 1234 5678 ext. 12", "MX", "+525512345678 ext. 12"),
        ("*611", "MX", "*611"),
        (" 071 ", "MX", "071"),
        ("", "MX", ""),
    ],
)
def test_numbers_are_kept_in_one_form(typed, country, kept):
    assert stored(typed, country=country) == kept


@pytest.mark.parametrize("typed", ["call us", "12", "5" * 30, "+999 123", "<script>"])
def test_what_is_no_number_is_refused_with_an_example(typed):
    with pytest.raises(BadPhone, match=r"for example \+52"):
        stored(typed, country="MX")


def test_a_short_number_is_no_whatsapp():
    with pytest.raises(BadPhone):
        stored("*611", country="MX", may_be_short=False)
