"""What a column of a bank's table can be, and which titles banks give it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.folding import folded
from core.tabular.profiles import shape_of


@dataclass(frozen=True, slots=True)
class Target:
    key: str
    label: Any
    titles: tuple[str, ...]  # folded
    joined: bool = False  # whether several columns make it up


TARGETS = [
    Target(
        "booked_on",
        _("Date of booking"),
        (
            *("fecha", "fecha operacion", "fecha de operacion", "fecha movimiento", "fecha contable", "dia", "date"),
            *("booking date", "transaction date", "posting date", "fecha transaccion", "data", "data operacao"),
            *("datum", "datum zauctovani", "datum provedeni", "datum splatnosti", "zauctovano", "buchungstag"),
            *("data contabile", "data movimento", "completed date", "fecha de aplicacion", "datum transakce"),
        ),
    ),
    Target(
        "value_on",
        _("Value date"),
        ("fecha valor", "value date", "valuta", "datum valuty", "data valuta", "wertstellung", "fecha de valor"),
    ),
    Target(
        "amount",
        _("Amount, with its sign"),
        (
            *("importe", "monto", "valor", "cantidad", "amount", "castka", "objem", "castka v mene uctu", "importo"),
            *("betrag", "importe mxn", "monto mxn", "castka transakce", "zauctovana castka"),
        ),
    ),
    Target(
        "amount_in",
        _("Money in"),
        (
            *("abono", "abonos", "deposito", "depositos", "credito", "creditos", "haber", "ingreso", "ingresos"),
            *("credit", "money in", "paid in", "deposit", "deposits", "prijem", "pripsano", "avere", "entrate"),
        ),
    ),
    Target(
        "amount_out",
        _("Money out"),
        (
            *("cargo", "cargos", "retiro", "retiros", "debito", "debitos", "debe", "egreso", "egresos", "debit"),
            *("money out", "paid out", "withdrawal", "withdrawals", "vydaj", "odepsano", "dare", "uscite"),
        ),
    ),
    Target(
        "balance",
        _("Balance after it"),
        ("saldo", "balance", "zustatek", "saldo mxn", "saldo disponible", "kontostand"),
    ),
    Target("currency", _("Currency"), ("moneda", "divisa", "currency", "mena", "mena uctu", "waehrung", "valuta iso")),
    Target(
        "name",
        _("Name of the payer"),
        (
            *("ordenante", "nombre ordenante", "nombre del ordenante", "nombre", "beneficiario", "payer", "name"),
            *("counterparty", "counterparty name", "nazev protiuctu", "nazev protistrany", "jmeno protistrany"),
            *("protistrana", "nombre contraparte", "contraparte", "remitente", "pagador", "ordinante"),
        ),
    ),
    Target(
        "account",
        _("Account of the payer"),
        (
            *("cuenta ordenante", "cuenta origen", "clabe ordenante", "cuenta contraparte", "counterparty account"),
            *("payer account", "protiucet", "cislo protiuctu", "cislo uctu protistrany", "iban", "ucet protistrany"),
        ),
    ),
    Target(
        "reference",
        _("Reference or variable symbol"),
        (
            *("referencia", "referencia numerica", "ref", "reference", "payment reference", "vs", "variabilni symbol"),
            *("numero de referencia", "referencia del ordenante", "causale"),
        ),
    ),
    Target(
        "text",
        _("Text"),
        (
            *("texto", "text"),
            *("concepto", "descripcion", "concepto de pago", "detalle", "leyenda", "motivo", "observaciones"),
            *("description", "details", "narrative", "memo", "message", "zprava pro prijemce", "zprava", "poznamka"),
            *("popis", "typ", "typ transakce", "uzivatelska identifikace", "movimiento", "verwendungszweck"),
        ),
        joined=True,
    ),
    Target(
        "bank_id",
        _("The bank's own number"),
        (
            *(
                "clave de rastreo",
                "folio",
                "numero de operacion",
                "no operacion",
                "id",
                "transaction id",
                "autorizacion",
            ),
            *("id pohybu", "id transakce", "cislo transakce", "identifikace transakce", "numero de movimiento"),
        ),
    ),
    Target(
        "own_account",
        _("Your own account"),
        ("cuenta", "numero de cuenta", "account", "account number", "cislo uctu", "vlastni ucet", "cuenta destino"),
    ),
]
BY_KEY = {target.key: target for target in TARGETS}


def guessed(columns: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The titles for each target that the columns suggest. None is there twice."""
    titles = [folded(column["name"]) or column["name"] for column in columns]
    found: dict[str, list[str]] = {}
    taken: set[str] = set()
    for target in TARGETS:
        for wanted in target.titles:
            if wanted in titles and wanted not in taken and _fits(target.key, columns[titles.index(wanted)]):
                found.setdefault(target.key, []).append(wanted)
                taken.add(wanted)
                if not target.joined:
                    break
    if "amount_in" in found or "amount_out" in found:
        found.pop("amount", None)
    if "booked_on" not in found:
        days = [title for title, column in zip(titles, columns, strict=True) if shape_of(column) == "date"]
        if days and days[0] not in taken:
            found["booked_on"] = [days[0]]
    return found


def _fits(target: str, column: dict[str, Any]) -> bool:
    """Whether the cells do not contradict the title."""
    if not column.get("filled"):
        return target not in {"booked_on", "amount"}
    if target == "booked_on":
        return shape_of(column) == "date"
    if target in {"amount", "amount_in", "amount_out", "balance"}:
        return column.get("shapes", {}).get("amount", 0) >= 0.7 * column["filled"]
    return True


def writing(columns: list[dict[str, Any]], mapping: Mapping[str, list[str]], *, point: str) -> dict[str, str]:
    """How days and amounts are written in these columns; `point` is what stands before decimals in the country."""
    titles = {folded(column["name"]) or column["name"]: column for column in columns}
    days = [titles[title] for title in mapping.get("booked_on", []) if title in titles]
    sums = [
        titles[title]
        for target in ("amount", "amount_in", "amount_out", "balance")
        for title in mapping.get(target, [])
        if title in titles
    ]
    points = [
        column["point"] for column in sums if column["point"] and any(c in "".join(column["samples"]) for c in ".,")
    ]
    return {
        "date_order": next((column["date_order"] for column in days if column["date_order"]), "dmy"),
        "point": points[0] if points else point,
    }
