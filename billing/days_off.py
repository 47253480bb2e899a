"""The days on which nobody is cut off: those that the ISP wrote down, and its country's public holidays."""

from datetime import date, timedelta

import holidays
from django.utils.translation import get_language

from billing.models import Holiday, SuspensionSettings

AHEAD = timedelta(days=100)


def days_off(*, country: str, on: date) -> dict[date, str]:
    """The days off from a date of the ISP on, each with its name. Two queries."""
    found: dict[date, str] = {}
    if SuspensionSettings.load().keeps_public_holidays and country in holidays.list_supported_countries():
        calendar = holidays.country_holidays(
            country, years=range(on.year, (on + AHEAD).year + 1), language=_language_of(country)
        )
        found |= {day: name for day, name in calendar.items() if on <= day <= on + AHEAD}
    own = Holiday.objects.filter(on__range=(on, on + AHEAD))
    return found | {day.on: day.name for day in own}


def _language_of(country: str) -> str | None:
    """The reader's language as the calendar of a country knows it; None for the country's own."""
    wanted = (get_language() or "").partition("-")[0]
    known = holidays.list_localized_countries().get(country, [])
    return next((each for each in known if each.partition("_")[0] == wanted), None)
