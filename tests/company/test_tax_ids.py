"""Tax numbers: which are taken, how they are kept, and what is said of the others."""

import pytest

from company import tax_ids
from company.tax_ids import KINDS, BadTaxId, company_name_of, name_of, shown, stored

EVERY = [(country, kind) for country, kinds in KINDS.items() for kind in kinds]


@pytest.mark.parametrize(("country", "kind"), EVERY, ids=[f"{country} {kind.name}" for country, kind in EVERY])
def test_the_example_of_every_kind_is_right_and_a_slip_in_it_is_seen(country, kind):
    kept = stored(f"  {kind.example} ", country=country)
    assert stored(kept, country=country) == kept
    assert stored(shown(kept, country), country=country) == kept
    assert not set(kept) & set(" .-/")
    if kind.name in {"RFC", "DNI"} or country == "CR":
        return  # has no check digit, or needs none
    # One digit wrong: of its ten values, a check digit leaves one or two.
    place = [at for at, character in enumerate(kind.example) if character.isdigit()][4]
    others = [kind.example[:place] + digit + kind.example[place + 1 :] for digit in "0123456789"]
    assert sum(is_taken(each, country) for each in others) <= 3


def is_taken(text, country):
    try:
        return bool(stored(text, country=country))
    except BadTaxId:
        return False


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("MX", "gode-561231-gr8", "GODE561231GR8"),
        ("MX", "XAXX010101000", "XAXX010101000"),
        ("EC", "1792060346-001", "1792060346001"),
        ("PE", "20512333797", "20512333797"),
        ("CO", "213.123.432-1", "2131234321"),
        ("GT", "576937-k", "576937K"),
        ("GT", "c/f", "CF"),
        ("AR", "20-05536168-2", "20055361682"),
        ("BR", "16.727.230/0001-97", "16727230000197"),
        ("BR", "390.533.447-05", "39053344705"),
        ("CL", "76086428-5", "760864285"),
        ("UY", "21-100342-001-7", "211003420017"),
        ("CZ", "cz 25123891", "CZ25123891"),
        ("CZ", "25123891", "25123891"),
        ("SK", "SK 2022749619", "SK2022749619"),
        ("SK", "2022749619", "2022749619"),
        # A customer from another country of the European Union.
        ("CZ", "DE 136 695 976", "DE136695976"),
        ("DE", "136695976", "DE136695976"),
        # We do not know how these are checked.
        ("BO", " 1020703023 ", "1020703023"),
        ("US", "anything  at all", "anything at all"),
        ("MX", "", ""),
    ],
)
def test_numbers_are_kept_in_one_form(country, typed, kept):
    assert stored(typed, country=country) == kept


@pytest.mark.parametrize(
    ("country", "typed", "example"),
    [
        ("MX", "GODE561331GR8", "GODE561231GR8"),
        ("MX", "not a number", "RFC"),
        ("CO", "213.123.432-2", "NIT"),
        ("BR", "16.727.230/0001-98", "CNPJ / CPF"),
        ("EC", "1763154690001", "RUC"),
        ("CZ", "CZ25123890", "CZ25123891"),
        ("DE", "136695978", "paper"),
        ("MX", "<script>", "GODE561231GR8"),
    ],
)
def test_others_are_refused_with_a_name_and_an_example(country, typed, example):
    with pytest.raises(BadTaxId) as refused:
        stored(typed, country=country)
    assert example in str(refused.value)


def test_numbers_are_called_as_the_country_calls_them():
    assert [name_of(country) for country in ("MX", "BR", "CZ", "BO", "US")] == [
        "RFC",
        "CNPJ / CPF",
        "DIČ / IČO",
        "NIT",
        "",
    ]
    assert [company_name_of(country) for country in ("BR", "IT", "BO", "US")] == ["CNPJ", "Partita IVA", "NIT", ""]
    assert tax_ids.example_of("US") == ""


def test_they_are_shown_as_people_write_them():
    assert shown("16727230000197", "BR") == "16.727.230/0001-97"
    assert shown("39053344705", "BR") == "390.533.447-05"
    assert shown("GODE561231GR8", "MX") == "GODE561231GR8"
    assert shown("whatever", "US") == "whatever"
    # What was brought along from another system, and is wrong, shows as it is.
    assert shown("123", "BR") == "123"
