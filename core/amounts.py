"""Amounts of money as people type them."""

import re
from decimal import Decimal
from typing import Any

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MOST = Decimal("9999999999.99")  # of one amount that is typed
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+")
_SPACES = re.compile(r"[\s'’_]+")


class NoAmount(ValueError):
    """What was typed is no amount. The text tells the person why."""


def read_amount(text: str, *, locale: Locale, currency: str) -> Decimal:
    """The amount that somebody typed, with two decimals at most: `1234.5`, `1,234.50` or `1.234,50`.

    Where both signs stand in it, the last one is the decimal sign. Where it could be read in two ways (`1.234`), it is
    read as the reader's country writes. Raises NoAmount.
    """
    for own in (currency, get_currency_symbol(currency, locale=locale)):
        text = text.strip().removeprefix(own).removesuffix(own)
    text = _SPACES.sub("", text)
    if not _NUMBER.fullmatch(text):
        sample = format_decimal(Decimal("1234.5"), format="#,##0.00", locale=locale)
        raise NoAmount(
            _("This is no amount in %(currency)s. Write it in figures, for example %(sample)s.")
            % {"currency": currency, "sample": sample}
        )
    whole, point, cents = _parts(text, locale.number_symbols.get("latn", {}).get("decimal", "."))
    if point and not 1 <= len(cents) <= 2:
        raise NoAmount(_("Write at most two decimals."))
    amount = Decimal(f"{re.sub('[.,]', '', whole)}.{cents or 0}")
    if amount > MOST:
        raise NoAmount(_("This amount is too large."))
    return amount


def _parts(text: str, usual: str) -> tuple[str, str, str]:
    """What stands before the decimal sign, the sign and what stands behind it; the last two are empty without one."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return text, "", ""
    sign, whole, rest = text[last], text[:last], text[last + 1 :]
    other = "," if sign == "." else "."
    if sign in whole:
        # It stands there twice, so it divides thousands.
        if other in whole or not _GROUPED.fullmatch(text):
            raise NoAmount(_("The commas and points of this amount are not clear. Write it without them: 1234.50"))
        return text, "", ""
    if other in whole:
        if not _GROUPED.fullmatch(whole):
            raise NoAmount(_("The commas and points of this amount are not clear. Write it without them: 1234.50"))
        return whole, sign, rest
    if len(rest) == 3 and sign != usual and _GROUPED.fullmatch(text):
        return text, "", ""
    return whole, sign, rest


class AmountField(forms.CharField):
    """An amount above zero in the ISP's currency. Call `of(isp's country's locale, currency)` before it is used."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.locale, self.currency = Locale.parse("en"), "USD"
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def of(self, locale: Locale, currency: str) -> None:
        """Read as this country writes, in this currency."""
        self.locale, self.currency = locale, currency

    def prepare_value(self, value: Any) -> Any:
        """As the reader writes it, without thousands divided."""
        if isinstance(value, Decimal):
            return format_decimal(value, format="0.00", locale=self.locale)
        return value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            amount = read_amount(text, locale=self.locale, currency=self.currency)
        except NoAmount as error:
            raise ValidationError(str(error), code="amount") from error
        if not amount:
            raise ValidationError(_("Write an amount above zero."), code="amount")
        return amount

    def run_validators(self, value: Any) -> None:
        """The length was checked on the text by the browser; an amount has none."""

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
