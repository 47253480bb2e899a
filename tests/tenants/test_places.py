"""What is usual in a country."""

import zoneinfo

import pytest
from django.utils import translation

from tenants import places


@pytest.mark.parametrize(
    ("country", "currency", "zone"),
    [
        ("MX", "MXN", "America/Mexico_City"),
        ("CO", "COP", "America/Bogota"),
        ("AR", "ARS", "America/Argentina/Buenos_Aires"),
        ("BR", "BRL", "America/Sao_Paulo"),
        ("CL", "CLP", "America/Santiago"),
        ("EC", "USD", "America/Guayaquil"),
        ("ES", "EUR", "Europe/Madrid"),
        ("CZ", "CZK", "Europe/Prague"),
        ("US", "USD", "America/New_York"),
        ("", "", "UTC"),
        ("ZZ", "", "UTC"),
        ("none such", "", "UTC"),
    ],
)
def test_currency_and_time_zone(country, currency, zone):
    assert (places.default_currency(country), places.default_timezone(country)) == (currency, zone)


def test_every_country_has_defaults_that_can_be_chosen():
    currencies = dict(places.currencies())
    zones = {zone for _country, cities in places.timezones() for zone, _city in cities}
    for code, _name in places.countries():
        assert places.default_currency(code) in currencies
        assert places.default_timezone(code) in zones


def test_every_time_zone_can_be_loaded():
    for _country, cities in places.timezones():
        for zone, _city in cities:
            assert zoneinfo.ZoneInfo(zone).key == zone


def test_countries_are_named_and_sorted_in_the_readers_language():
    with translation.override("es"):
        names = [name for _code, name in places.countries()]
    assert "Alemania" in names
    assert names.index("Egipto") < names.index("España") < names.index("Estonia")
    assert names[-1].startswith("Z")


@pytest.mark.parametrize(
    ("header", "country"),
    [("es-CO,es;q=0.9,en;q=0.8", "CO"), ("es,en-US;q=0.5", "US"), ("de", ""), ("", ""), ("es-419", ""), ("x-,;=-", "")],
)
def test_the_country_that_a_browser_tells(header, country):
    assert places.guess_country(header) == country
