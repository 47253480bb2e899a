"""What columns are, by the exports of other systems, by words, by what stands in them; and what cells mean."""

from datetime import date
from decimal import Decimal

import pytest

from core.tabular.profiles import Profile, looks_like_titles
from core.tabular.values import BadValue, read_date
from imports import values
from imports.guesses import mapping_for
from imports.presets import recognised

MIKROWISP = ["ID", "Nombre", "Cedula", "Correo", "Telefono", "Movil", "Direccion Principal", "Estado", "Perfil",
             "Costo", "Nodo", "IP", "MAC", "PPPUser", "Instalado"]  # fmt: skip
SPLYNX = ["ID", "Status", "Portal login", "Full name", "Phone number", "Email", "Billing email", "Street", "ZIP code",
          "City", "Date add", "Partner", "Location", "Billing type", "Account balance"]  # fmt: skip
UISP = ["Id", "Client type", "First name", "Last name", "Company name", "Company tax ID", "Username", "Email 1",
        "Phone 1", "Street 1", "City", "ZIP code", "Registration date", "Service plan", "Service price",
        "Account balance"]  # fmt: skip


def columns(titles, cells=()):
    found = []
    for place, title in enumerate(titles):
        profile = Profile(title)
        for row in cells:
            profile.look(row[place])
        found.append(profile.kept())
    return found


@pytest.mark.parametrize(
    ("titles", "key", "some"),
    [
        (MIKROWISP, "mikrowisp", {1: "full_name", 2: "id_number", 5: "mobile", 8: "tariff", 10: "router", 13: "queue"}),
        (SPLYNX, "splynx", {0: "number", 2: "username", 3: "full_name", 10: "since", 11: "group", 14: "balance"}),
        (UISP, "uisp", {0: "number", 2: "first_name", 4: "business_name", 5: "tax_id", 13: "tariff", 14: "price"}),
    ],
)
def test_exports_of_other_systems_are_known_by_their_titles(titles, key, some):
    system = recognised(titles)
    assert system.key == key
    mapping = mapping_for(columns(titles), system=system)
    assert {place: mapping.get(str(place)) for place in some} == some


def test_a_table_of_nobodys_system_is_not_taken_for_one():
    assert recognised(["Nombre", "Apellidos", "Correo", "Telefono", "Direccion"]) is None


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (["Jméno", "Příjmení", "E-mail", "Telefon", "Ulice", "Město", "PSČ", "Tarif"],
         ["first_name", "last_name", "email", "mobile", "address", "city", "postcode", "tariff"]),
        (["Nome completo", "CPF", "Endereço", "Bairro", "Cidade", "CEP", "Plano", "Mensalidade"],
         ["full_name", "id_number", "address", "district", "city", "postcode", "tariff", "price"]),
        (["Customer name", "Phone", "Service plan", "Status", "IP address", "Debt"],
         ["full_name", "mobile", "tariff", "state", "ip", "balance"]),
    ],
)  # fmt: skip
def test_words_of_several_languages_are_understood(titles, expected):
    mapping = mapping_for(columns(titles))
    assert [mapping.get(str(place)) for place in range(len(titles))] == expected


def test_cells_tell_what_titles_do_not_and_contradict_wrong_ones():
    rows = [["a@x.example", "10.0.0.1", "222 123 4567", "c@x.example"], ["b@x.example", "10.0.0.2", "222 123 4568", "d@x.example"]]  # fmt: skip  # noqa: E501
    mapping = mapping_for(columns(["Uno", "Dos", "Tres", "Nombre"], rows))
    assert mapping == {"0": "email", "1": "ip", "2": "mobile"}


def test_titles_are_told_from_a_first_customer():
    assert looks_like_titles(["Nombre", "Correo", "Teléfono"])
    assert not looks_like_titles(["Ana Ruiz", "a@x.example", "222 123 4567"])


@pytest.mark.parametrize(
    ("text", "point", "amount"),
    [
        ("1.234,50", ",", "1234.50"), ("1,234.50", ".", "1234.50"), ("$ 350", ".", "350.00"), ("-20", ".", "-20.00"),
        ("(20.5)", ".", "-20.50"), ("1 234,5", ",", "1234.50"), ("350.00 MXN", ".", "350.00"), ("S/ 45", ".", "45.00"),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text, point, amount):
    assert values.read_amount(text, point=point) == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "order", "found"),
    [
        ("31/12/2023", "dmy", date(2023, 12, 31)), ("12/31/2023", "mdy", date(2023, 12, 31)),
        ("2023-12-31 10:20:00", "dmy", date(2023, 12, 31)), ("5 de enero de 2024", "dmy", date(2024, 1, 5)),
        ("Jan 5, 2024", "dmy", date(2024, 1, 5)), ("1.2.24", "dmy", date(2024, 2, 1)),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(text, order, found):
    assert read_date(text, order=order, today=date(2026, 1, 1)) == found


@pytest.mark.parametrize("text", ["222 100 0007", "10.50.0.9", "31/02/2024", "2024", "mañana", "1/2/3/4"])
def test_what_only_looks_like_a_date_is_none(text):
    with pytest.raises(BadValue):
        read_date(text, order="dmy", today=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("text", "order", "surnames", "parts"),
    [
        ("María José López Núñez", "first", 2, ("María José", "López Núñez")),
        ("Ana López Núñez", "first", 2, ("Ana", "López Núñez")),
        ("Juan de la Cruz Peña", "first", 2, ("Juan", "de la Cruz Peña")),
        ("López Núñez María José", "last", 2, ("María José", "López Núñez")),
        ("Novák, Jan", "first", 1, ("Jan", "Novák")),
        ("Jan Karel Novák", "first", 1, ("Jan Karel", "Novák")),
        ("Ana", "first", 2, ("Ana", "")),
    ],
)
def test_whole_names_are_split_as_the_country_does(text, order, surnames, parts):
    assert values.split_name(text, order=order, surnames=surnames) == parts


@pytest.mark.parametrize(
    ("text", "speed"), [("100", 100), ("50M", 50), ("102400k", 102), ("1 Gbps", 1000), ("512000", 512)]
)
def test_speeds_in_every_unit(text, speed):
    assert values.read_speed(text) == speed
