"""Statements as banks write them, made from movements."""

import csv
import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from payments.statements import Rules
from payments.statements.tables import Mapping

TODAY = date(2026, 11, 26)
RULES = Rules(country="CZ", currency="CZK", today=TODAY)
IBAN = "CZ6508000000192000145399"
DAY = date(2026, 11, 20)


@dataclass(frozen=True)
class Move:
    """One movement, as a test wants it."""

    amount: Decimal
    on: date = DAY
    name: str = ""
    account: str = ""
    reference: str = ""
    text: str = ""
    bank_id: str = ""


def mt940(moves, *, account=IBAN, currency="CZK", opening=Decimal("1000.00"), closing=None, number="1/1"):
    """One statement."""
    closing = opening + sum((move.amount for move in moves), Decimal(0)) if closing is None else closing
    lines = [":20:STATEMENT", f":25:{account}", f":28C:{number}", f":60F:{_balance(opening, currency)}"]
    for move in moves:
        mark = "C" if move.amount > 0 else "D"
        reference = move.reference or "NONREF"
        ident = f"//{move.bank_id}" if move.bank_id else ""
        lines.append(f":61:{move.on:%y%m%d}{move.on:%m%d}{mark}{_comma(abs(move.amount))}NTRF{reference}{ident}")
        if move.text or move.name:
            pieces = [move.text[at : at + 27] for at in range(0, len(move.text), 27)]
            words = "".join(f"?{20 + n}{piece}" for n, piece in enumerate(pieces[:10]))
            lines.append(f":86:166?00PLATBA{words}?31{move.account}?32{move.name}")
    lines += [f":62F:{_balance(closing, currency)}", "-"]
    return "\r\n".join(lines).encode() + b"\r\n"


def _comma(amount):
    return f"{amount:.2f}".replace(".", ",")


def _balance(amount, currency):
    return f"{'C' if amount >= 0 else 'D'}{DAY:%y%m%d}{currency}{_comma(abs(amount))}"


def camt(moves, *, account=IBAN, currency="CZK", opening=Decimal("1000.00"), closing=None, version="02"):
    """A CAMT.053 with one statement."""
    closing = opening + sum((move.amount for move in moves), Decimal(0)) if closing is None else closing
    entries = "".join(camt_entry(move, currency) for move in moves)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-26T04:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S1</Id><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{_camt_balance('OPBD', opening, currency)}{_camt_balance('CLBD', closing, currency)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def camt_entry(move, currency="CZK", status="BOOK", inner=None):
    side = "Dbtr" if move.amount > 0 else "Cdtr"
    name = f"<{side}><Nm>{escape(move.name)}</Nm></{side}>" if move.name else ""
    account = f"<{side}Acct><Id><Othr><Id>{move.account}</Id></Othr></Id></{side}Acct>" if move.account else ""
    text = f"<RmtInf><Ustrd>{escape(move.text)}</Ustrd></RmtInf>" if move.text else ""
    symbol = f"<EndToEndId>/VS/{move.reference}</EndToEndId>" if move.reference else ""
    details = inner or f"<TxDtls><Refs>{symbol}</Refs><RltdPties>{name}{account}</RltdPties>{text}</TxDtls>"
    ident = f"<AcctSvcrRef>{move.bank_id}</AcctSvcrRef>" if move.bank_id else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{abs(move.amount):.2f}</Amt><CdtDbtInd>{_mark(move.amount)}</CdtDbtInd>'
        f"<Sts>{status}</Sts><BookgDt><Dt>{move.on}</Dt></BookgDt><ValDt><Dt>{move.on}</Dt></ValDt>{ident}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def _mark(amount):
    return "CRDT" if amount >= 0 else "DBIT"


def _camt_balance(code, amount, currency):
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(amount):.2f}</Amt>'
        f"<CdtDbtInd>{_mark(amount)}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


TITLES = ["Datum", "Protiúčet", "Název protiúčtu", "VS", "Zpráva pro příjemce", "Částka", "Zůstatek", "ID pohybu"]
MAPPING = Mapping(
    columns={
        "booked_on": ["datum"],
        "account": ["protiucet"],
        "name": ["nazev protiuctu"],
        "reference": ["vs"],
        "text": ["zprava pro prijemce"],
        "amount": ["castka"],
        "balance": ["zustatek"],
        "bank_id": ["id pohybu"],
    },
    date_order="dmy",
    point=",",
)


def table(moves, *, opening=Decimal("1000.00"), newest_first=False, ending="\r\n", titles=TITLES):
    """A CSV with a running balance."""
    rows, balance = [], opening
    for move in moves:
        balance += move.amount
        rows.append([
            f"{move.on:%d.%m.%Y}", move.account, move.name, move.reference, move.text, _comma(move.amount),
            _comma(balance), move.bank_id,
        ])  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(reversed(rows) if newest_first else rows)
    text = out.getvalue()
    return (text if ending else text.rstrip("\r\n")).encode()
