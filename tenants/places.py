"""Countries, currencies and time zones to choose from, named in the reader's language, and what is usual where."""

import functools
import unicodedata
import zoneinfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import get_timezone_location
from babel.numbers import get_territory_currencies
from django.utils import translation

Choices = list[tuple[str, str]]

# Where most people of a country with several zones live.
_MAIN_ZONES = {
    "AR": "America/Argentina/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo",
    "CA": "America/Toronto", "CD": "Africa/Kinshasa", "CL": "America/Santiago", "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia", "DE": "Europe/Berlin", "EC": "America/Guayaquil", "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei", "GL": "America/Nuuk", "ID": "Asia/Jakarta", "KI": "Pacific/Tarawa", "KZ": "Asia/Almaty",
    "MN": "Asia/Ulaanbaatar", "MX": "America/Mexico_City", "MY": "Asia/Kuala_Lumpur", "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti", "PG": "Pacific/Port_Moresby", "PS": "Asia/Hebron", "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow", "UA": "Europe/Kyiv", "US": "America/New_York", "UZ": "Asia/Tashkent",
}  # fmt: skip


@functools.cache
def _zones_by_country() -> dict[str, list[str]]:
    known = zoneinfo.available_timezones()
    zones: dict[str, list[str]] = {}
    for zone, country in get_global("zone_territories").items():
        if zone in known and len(country) == 2 and country != "ZZ":  # nowhere
            zones.setdefault(country, []).append(zone)
    return zones


def _locale() -> Locale:
    try:
        return Locale.parse((translation.get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _plain(name: str) -> str:
    """Letters without accents, so that Österreich is not sorted behind Z."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()


@functools.lru_cache(maxsize=20)
def _countries(locale: str) -> Choices:
    names = Locale.parse(locale).territories
    rows = [(code, names.get(code, code)) for code in _zones_by_country() if default_currency(code)]
    return sorted(rows, key=lambda row: _plain(row[1]))


def countries() -> Choices:
    """Countries that people live in, by code, sorted by name."""
    return _countries(str(_locale()))


@functools.lru_cache(maxsize=20)
def _currencies(locale: str) -> Choices:
    names = Locale.parse(locale).currencies
    codes = {code for country in _zones_by_country() for code in get_territory_currencies(country)}
    return [(code, f"{code} · {names.get(code, code)}") for code in sorted(codes)]


def currencies() -> Choices:
    """Currencies in use today, by code."""
    return _currencies(str(_locale()))


@functools.lru_cache(maxsize=20)
def _timezones(locale: str) -> list[tuple[str, Choices]]:
    groups = []
    for country, name in _countries(locale):
        cities = [(zone, get_timezone_location(zone, locale=locale, return_city=True)) for zone in _zones(country)]
        groups.append((name, sorted(cities, key=lambda row: _plain(row[1]))))
    return groups


def timezones() -> list[tuple[str, Choices]]:
    """Time zones by city, grouped by country."""
    return _timezones(str(_locale()))


def _zones(country: str) -> list[str]:
    return _zones_by_country().get(country, [])


def default_currency(country: str) -> str:
    """The currency that is legal tender in a country; empty for an unknown one."""
    current = get_territory_currencies(country) if len(country) == 2 else []
    return current[0] if current else ""


def default_timezone(country: str) -> str:
    """The time zone in which most people of a country live; UTC for an unknown country."""
    zones = _zones(country)
    main = _MAIN_ZONES.get(country, "")
    return main if main in zones else next(iter(zones), "UTC")


def guess_country(accept_language: str) -> str:
    """The country of a browser that says something like `es-MX`; empty if it names none that we know."""
    for part in accept_language.split(","):
        country = part.partition(";")[0].strip().partition("-")[2].upper()
        if country in _zones_by_country():
            return country
    return ""
