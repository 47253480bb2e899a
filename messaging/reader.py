"""How values are written for the person who reads a message: in their language, as the ISP's country writes them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import cached_property
from typing import Any

from babel.numbers import format_currency
from django.utils.formats import date_format, time_format

from company.models import Profile
from core.scope import required
from core.templatetags.ui import phone as shown_phone
from core.templatetags.ui import reader_locale
from tenants import directory
from tenants.directory import IspRef


@dataclass
class Reader:
    """Somebody who reads in the language that is active, of an ISP's country."""

    isp: IspRef

    @cached_property
    def profile(self) -> Profile:
        return Profile.load()

    @cached_property
    def company(self) -> str:
        """The ISP as its customers know it."""
        return self.profile.display_name or self.isp.name

    def money(self, amount: Decimal) -> str:
        return format_currency(amount, self.isp.currency, locale=reader_locale(self.isp.country))

    def day(self, on: date | None) -> str:
        return date_format(on, "DATE_FORMAT") if on else ""

    def long_day(self, on: date | None) -> str:
        return date_format(on, "l j F Y") if on else ""

    def time(self, at: time | None) -> str:
        return time_format(at, "TIME_FORMAT") if at else ""

    def phone(self, number: str) -> str:
        return shown_phone(number) if number else ""


def current_isp() -> IspRef:
    """The ISP of the open scope. Cached for seconds."""
    uuid = required().isp_uuid
    isp = directory.by_uuid(uuid) if uuid else None
    if isp is None:
        raise LookupError("There is no ISP.")
    return isp


Context = Mapping[str, Any]
Reading = Callable[[Context, Reader], str]


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that texts of an event can name. `reading` takes it out of what the caller of the event gives."""

    name: str
    meaning: Any
    reading: Reading
    is_link: bool = False
    has_secret: bool = False  # a link that lets somebody in
    may_miss: bool = False  # has no value in every message


class Values(Mapping[str, str]):
    """The values of an event's variables, each read when it is asked for."""

    def __init__(self, variables: Mapping[str, Variable], context: Context, reader: Reader) -> None:
        self.variables, self.context, self.reader = variables, context, reader
        self._known: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = str(self.variables[name].reading(self.context, self.reader) or "")
        return self._known[name]

    def __iter__(self) -> Any:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)
