"""Amounts in the smallest unit of a currency, in which gateways count."""

from decimal import Decimal

WITHOUT_CENTS = frozenset(
    "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF".split()  # noqa: SIM905 - as a line of text
)


def to_minor(amount: Decimal, currency: str) -> int:
    """Raises ValueError for an amount that the currency has no coins for."""
    factor = 1 if currency.upper() in WITHOUT_CENTS else 100
    units = amount * factor
    if units != units.to_integral_value():
        raise ValueError(f"There is no {amount} {currency}.")
    return int(units)


def from_minor(units: int, currency: str) -> Decimal:
    return Decimal(units) if currency.upper() in WITHOUT_CENTS else Decimal(units).scaleb(-2)
