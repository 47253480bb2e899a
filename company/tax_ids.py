"""Tax numbers by country: what people call them, whether one can be right, and how it is kept.

A number is kept without spaces and dots, as its authority writes it into a register. Of a country that is not in the
table any text is taken: a number that we do not know is no reason to send a customer away.
"""

import importlib
import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from stdnum.exceptions import ValidationError as BadNumber

EU_TEXT = "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(EU_TEXT[at : at + 2] for at in range(0, len(EU_TEXT), 3))
ISO_TO_VAT = {"GR": "EL"}


class BadTaxId(ValueError):
    """Not a tax number of the country. The text tells the person what to write."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of number: its name, one that is right, and the module of `stdnum` that checks it."""

    name: str
    example: str
    module: str
    keeps_prefix: bool = False  # the country's letters make another number of it, as DIČ beside IČO
    is_plain: bool = False  # written as it is kept

    @property
    def rules(self) -> Any:
        return importlib.import_module(f"stdnum.{self.module}")


# What a company has comes first.
KINDS: dict[str, tuple[Kind, ...]] = {
    "AR": (Kind("CUIT", "20-05536168-2", "ar.cuit"), Kind("DNI", "20.123.456", "ar.dni")),
    "BR": (Kind("CNPJ", "16.727.230/0001-97", "br.cnpj"), Kind("CPF", "390.533.447-05", "br.cpf")),
    "CL": (Kind("RUT", "76.086.428-5", "cl.rut"),),
    "CO": (Kind("NIT", "213.123.432-1", "co.nit"),),
    "CR": (Kind("Cédula jurídica", "3-101-999999", "cr.cpj"), Kind("Cédula", "01-0913-0259", "cr.cpf")),
    "CZ": (Kind("DIČ", "CZ25123891", "cz.dic", True, True), Kind("IČO", "25123891", "cz.dic", True, True)),
    "DO": (Kind("RNC", "1-01-85004-3", "do.rnc"), Kind("Cédula", "00113918205", "do.cedula")),
    "EC": (Kind("RUC", "1792060346-001", "ec.ruc"), Kind("Cédula", "171430710-3", "ec.ci")),
    "ES": (Kind("NIF", "54362315K", "es.nif"),),
    "GT": (Kind("NIT", "576937-K", "gt.nit"),),
    "IT": (
        Kind("Partita IVA", "00743110157", "it.iva"),
        Kind("Codice Fiscale", "RCCMNL83S18D969H", "it.codicefiscale"),
    ),
    "MX": (Kind("RFC", "GODE561231GR8", "mx.rfc", is_plain=True),),
    "PE": (Kind("RUC", "20512333797", "pe.ruc"), Kind("DNI", "10117410-2", "pe.cui")),
    "PT": (Kind("NIF", "501964843", "pt.nif"),),
    "PY": (Kind("RUC", "80028061-0", "py.ruc"),),
    "SK": (Kind("IČ DPH / DIČ", "SK2022749619", "sk.dph", True, True),),
    "SV": (Kind("NIT", "0614-050707-104-8", "sv.nit"),),
    "UY": (Kind("RUT", "21-100342-001-7", "uy.rut"),),
    "VE": (Kind("RIF", "V-11470283-4", "ve.rif"),),
}
# Where we know the name and not how it is checked.
NAMES = {"BO": "NIT", "HN": "RTN", "NI": "RUC", "PA": "RUC"}
# Said of somebody who has none.
WITHOUT_NUMBER = {"GT": {"CF"}}


def _kinds(country: str) -> tuple[Kind, ...]:
    country = country.upper()
    vat = ISO_TO_VAT.get(country, country)
    return KINDS.get(country) or ((Kind("VAT", "", "eu.vat"),) if vat in EU else ())


def name_of(country: str) -> str:
    """What people of the country call the number, such as "RFC" or "CNPJ / CPF"; empty where we do not know it."""
    return " / ".join(kind.name for kind in _kinds(country)) or NAMES.get(country.upper(), "")


def company_name_of(country: str) -> str:
    """What the number of a company is called; empty where we do not know it."""
    return next((kind.name for kind in _kinds(country)), NAMES.get(country.upper(), ""))


def example_of(country: str) -> str:
    """A number as it looks there; empty where we do not know it."""
    return next((kind.example for kind in _kinds(country)), "")


def stored(text: str, *, country: str) -> str:
    """A typed number as it is kept. Raises BadTaxId if it cannot be one of the country."""
    text = " ".join(text.split())
    kinds = _kinds(country)
    plain = re.sub(r"[\s.\-/]", "", text).upper()
    if not text or not kinds:
        return text
    if plain in WITHOUT_NUMBER.get(country.upper(), ()):
        return plain
    if (found := _of_another_member(plain, country)) or (found := _checked(text, plain, kinds, country)):
        return found
    if example := example_of(country):
        raise BadTaxId(
            _("This is not a valid %(name)s. Compare it with the paper; it looks like %(example)s.")
            % {"name": name_of(country), "example": example}
        )
    raise BadTaxId(_("This is not a valid tax ID. Compare it with the paper."))


def _checked(text: str, plain: str, kinds: tuple[Kind, ...], country: str) -> str:
    for kind in kinds:
        vat = ISO_TO_VAT.get(country.upper(), country.upper())
        attempts = [text] if kind.module != "eu.vat" else [plain, vat + plain]
        for attempt in attempts:
            try:
                number = str(kind.rules.validate(attempt))
            except BadNumber:
                continue
            has_prefix = kind.keeps_prefix and plain.startswith(country.upper())
            return f"{country.upper()}{number}" if has_prefix else number
    return ""


def _of_another_member(plain: str, country: str) -> str:
    """A VAT number of another country of the European Union, for a customer from there; else empty."""
    own = ISO_TO_VAT.get(country.upper(), country.upper())
    if own not in EU or plain[:2] not in EU or plain[:2] == own:
        return ""
    try:
        return str(importlib.import_module("stdnum.eu.vat").validate(plain))
    except BadNumber:
        return ""


def shown(number: str, country: str) -> str:
    """A kept number as people of the country write it."""
    for kind in _kinds(country):
        write = getattr(kind.rules, "format", None)
        if write and not kind.is_plain and kind.rules.is_valid(number):
            return str(write(number))
    return number
