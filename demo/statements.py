"""A statement of the ISP's bank: what customers paid, as banks and people write it, and partly booked."""

import csv
import io
import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models import LedgerEntry
from billing.services.invoices import Line as InvoiceLine
from billing.services.invoices import issue_invoice
from demo.companies import Company
from demo.suspensions import kept_in_debt
from payments.models import BankAccount, BankLine, PaymentMethod, Statement
from payments.services import certain, statement_work, statements
from payments.statements.tables import Mapping
from subscribers.models import Service, Subscriber
from tenants.directory import IspRef, reference
from tenants.models import ISP, StaffUser

PAYERS = 26  # customers who pay by transfer
BOOKED = 12  # certain lines that a clerk has booked already
ACCOUNTS = {
    "MX": ("BBVA", "0123456789"),
    "CO": ("Bancolombia", "12345678900"),
    "CZ": ("Komerční banka", "CZ7801000000192000145399"),
}
WORDS = {
    "MX": ("pago internet cliente {number}", "SPEI internet {number} {month}", "mensualidad {number}"),
    "CO": ("pago internet {number}", "transferencia internet cliente {number}", "factura internet {number}"),
    "CZ": ("internet {month}", "platba za internet", "{name} internet"),
}


@dataclass(frozen=True)
class Move:
    on: date
    amount: Decimal
    name: str = ""
    account: str = ""
    reference: str = ""
    text: str = ""


def seed_statement(company: Company, isp: ISP, by: StaffUser) -> None:
    """Bring a statement as staff do, without the worker. In the ISP's scope and a transaction."""
    isp.is_suspended = False
    ref = reference(isp)
    today = timezone.localdate(timezone=ZoneInfo(company.timezone))
    moves = _moves(company, today)
    bank, number = ACCOUNTS[company.country]
    account = BankAccount.objects.create(
        name=bank,
        number=number,
        currency=company.currency,
        method=PaymentMethod.objects.filter(kind=PaymentMethod.Kind.BANK_TRANSFER).first(),
    )
    write, name = {"MX": (_table, "movimientos-bbva.csv"), "CO": (_mt940, "extracto.sta"), "CZ": (_camt, "vypis.xml")}[
        company.country
    ]
    upload = SimpleUploadedFile(name, write(moves, number, company.currency))
    statement = statements.take_file(upload=upload, by=by, isp=ref)
    if statement.is_table:
        mapping = Mapping(**{**statement.mapping, "own_account": number})
        statements.read_table(statement=statement, mapping=mapping, account=account, isp=ref)
    for step in (statement_work._read, statement_work._load, statement_work._compare):
        statement = Statement.objects.select_related("file", "account").get(pk=statement.pk)
        if statement.state == {"_read": "reading", "_load": "loading", "_compare": "matching"}[step.__name__]:
            step(statement, ref)
    _book_some(ref, by, today)


def _book_some(ref: IspRef, by: StaffUser, today: date) -> None:
    """The oldest certain lines have been booked by a clerk."""
    keys = list(BankLine.objects.certain().order_by("booked_on", "pk").values_list("pk", flat=True)[:BOOKED])
    BankLine.objects.filter(pk__in=keys).update(
        state=BankLine.State.WANTED, decided_by_id=by.pk, decided_by_name=by.audit_label, decided_at=timezone.now()
    )
    for line in BankLine.objects.filter(pk__in=keys).order_by("booked_on", "pk"):
        certain.book_if_certain(line=line, isp=ref, today=today)


def _moves(company: Company, today: date) -> list[Move]:
    """What customers paid in the last two weeks, the oldest first, and what else goes over an account."""
    chance = random.Random(f"bank {company.slug}")  # noqa: S311 - not for secrets
    found = []
    for place, (person, amount) in enumerate(_debts(company, today)):
        on = today - timedelta(days=14 - place // 2)
        number = str(person.number)
        words = WORDS[company.country][place % 3]
        text = words.format(number=number, month=f"{on:%m/%Y}", name=person.last_name)
        reference = number if company.country == "CZ" else ""
        if place % 9 == 4:  # a digit too many
            typed = number + number[-1]
            text, reference = text.replace(number, typed), typed if reference else ""
        elif place % 9 == 7:  # nothing but the name
            text, reference = "internet", ""
        elif place % 9 == 8:  # a bank in between kept a fee
            amount -= max(Decimal(1), (amount / 100).quantize(Decimal(1)))
        account = f"{chance.randrange(10**9, 10**10)}"
        found.append(Move(on, amount, person.full_name, account, reference, text))
    month = today - timedelta(days=10)
    found += [
        Move(month, Decimal(-35), text={"CZ": "poplatek za vedení účtu"}.get(company.country, "comisión")),
        Move(month, -7 * Decimal(company.tariffs[-1][3]), "Upstream", text="transit 11"),
        Move(today - timedelta(days=3), Decimal("4.18"), text={"CZ": "úrok"}.get(company.country, "intereses")),
    ]
    return sorted(found, key=lambda move: move.on)


def _debts(company: Company, today: date) -> list[tuple[Subscriber, Decimal]]:
    """Customers who owe something, and how much; where too few do, the month is billed first."""
    people = Subscriber.objects.not_erased().filter(services__state=Service.State.ACTIVE)
    people = people.exclude(pk__in=kept_in_debt()).distinct().order_by("number")
    rows = list(people.prefetch_related("services__tariff")[3 : 3 + PAYERS])
    debts = LedgerEntry.objects.filter(subscriber__in=rows, open__gt=0)
    owed: dict[int, Decimal] = {}
    for person, amount in debts.values_list("subscriber", "open"):
        owed[person] = owed.get(person, Decimal(0)) + amount
    for person in rows:
        if person.pk not in owed:
            service = person.services.all()[0]
            line = InvoiceLine(text=f"{service.tariff.name} {today:%m/%Y}", unit_price=service.tariff.price)
            issue_invoice(
                by=None, subscriber=person, lines=[line], on=today - timedelta(days=20), currency=company.currency
            )
            owed[person.pk] = line.amount
    return [(person, owed[person.pk]) for person in rows]


def _table(moves: list[Move], number: str, currency: str) -> bytes:
    """As a bank's page gives it: a few words above, money in and out in columns of their own, the newest first."""
    balance, rows = Decimal("148230.55"), []
    for move in moves:
        balance += move.amount
        came, went = (f"{move.amount:,.2f}", "") if move.amount > 0 else ("", f"{-move.amount:,.2f}")
        who = [move.text, move.name, move.account]
        rows.append([f"{move.on:%d/%m/%Y}", *who, went, came, f"{balance:,.2f}"])
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["Movimientos de la cuenta", number])
    writer.writerow(["Fecha", "Concepto", "Ordenante", "Cuenta ordenante", "Cargo", "Abono", "Saldo"])
    writer.writerows(reversed(rows))
    return out.getvalue().encode("cp1252")


def _mt940(moves: list[Move], number: str, currency: str) -> bytes:
    opening = Decimal("8412000.00")
    closing = opening + sum((move.amount for move in moves), Decimal(0))

    def comma(amount: Decimal) -> str:
        return f"{abs(amount):.2f}".replace(".", ",")

    lines = [":20:EXTRACTO", f":25:{number}", ":28C:22/1", f":60F:C{moves[0].on:%y%m%d}{currency}{comma(opening)}"]
    for move in moves:
        mark = "C" if move.amount > 0 else "D"
        lines.append(f":61:{move.on:%y%m%d}{move.on:%m%d}{mark}{comma(move.amount)}NTRFNONREF")
        pieces = [move.text[at : at + 27] for at in range(0, len(move.text), 27)]
        told = "".join(f"?{20 + place}{piece}" for place, piece in enumerate(pieces))
        lines.append(f":86:166?00TRANSFERENCIA{told}?31{move.account}?32{move.name[:54]}")
    lines += [f":62F:C{moves[-1].on:%y%m%d}{currency}{comma(closing)}", "-", ""]
    return "\r\n".join(lines).encode()


def _camt(moves: list[Move], number: str, currency: str) -> bytes:
    opening = Decimal("96510.20")
    closing = opening + sum((move.amount for move in moves), Decimal(0))

    def balance(code: str, amount: Decimal, on: date) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount, currency)}"
            f"<Dt><Dt>{on}</Dt></Dt></Bal>"
        )

    entries = "".join(_entry(move, place, currency) for place, move in enumerate(moves, start=1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>VYPIS</MsgId><CreDtTm>{moves[-1].on}T22:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>22</Id><Acct><Id><IBAN>{number}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', opening, moves[0].on)}{balance('CLBD', closing, moves[-1].on)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _amount(amount: Decimal, currency: str) -> str:
    mark = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{abs(amount):.2f}</Amt><CdtDbtInd>{mark}</CdtDbtInd>'


def _entry(move: Move, place: int, currency: str) -> str:
    side: Any = "Dbtr" if move.amount > 0 else "Cdtr"
    symbol = f"<Refs><EndToEndId>/VS/{move.reference}</EndToEndId></Refs>" if move.reference else ""
    name = f"<{side}><Nm>{escape(move.name)}</Nm></{side}>" if move.name else ""
    account = f"<{side}Acct><Id><Othr><Id>{move.account}</Id></Othr></Id></{side}Acct>" if move.account else ""
    return (
        f"<Ntry>{_amount(move.amount, currency)}<Sts>BOOK</Sts><BookgDt><Dt>{move.on}</Dt></BookgDt>"
        f"<AcctSvcrRef>{move.on:%Y%m%d}{place:05d}</AcctSvcrRef><NtryDtls><TxDtls>{symbol}"
        f"<RltdPties>{name}{account}</RltdPties><RmtInf><Ustrd>{escape(move.text)}</Ustrd></RmtInf>"
        "</TxDtls></NtryDtls></Ntry>"
    )
