"""Statements as CAMT.053 and notifications as CAMT.054 (ISO 20022), entry by entry in memory that does not grow."""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from payments.statements.lines import (
    NAME,
    SHORT,
    TEXT,
    Line,
    Rules,
    Sheet,
    Summary,
    account_key,
    checked_day,
    clean,
    currency_code,
    plain_amount,
    variable_symbol,
)
from payments.statements.refusals import BadStatement

DEEPEST = 40  # elements inside one another; the standard needs about fifteen
WHOLE = {"Stmt", "Ntfctn", "Rpt"}  # what holds the entries of one account
_OPENING, _CLOSING = {"OPBD": 2, "PRCD": 1}, {"CLBD": 1}
_NOTHING = {"NOTPROVIDED", "NONREF", "NOTAVAILABLE", "N/A"}


def lines(file: IO[bytes], summary: Summary, rules: Rules) -> Iterator[Line]:
    """The movements of all statements in the file. Raises BadStatement."""
    try:
        yield from _lines(file, summary, rules)
    except DefusedXmlException as error:
        raise BadStatement("too_deep") from error
    except ParseError as error:
        # What expat calls “no element found” and “unclosed token” is a file that ends too early.
        raise BadStatement("cut" if error.code in {3, 5, 6, 20} else "damaged") from error
    except (LookupError, ValueError, OverflowError) as error:  # an encoding that nobody knows, a NUL
        raise BadStatement("damaged") from error


def _lines(file: IO[bytes], summary: Summary, rules: Rules) -> Iterator[Line]:
    file.seek(0)
    above: list[Element] = []
    sheet: Sheet | None = None
    is_statement = False
    for event, element in iterparse(file, events=("start", "end"), forbid_dtd=True):
        name = _name(element)
        if event == "start":
            above.append(element)
            if len(above) > DEEPEST:
                raise BadStatement("too_deep")
            if name in WHOLE and sheet is None:
                sheet, is_statement = Sheet(), name == "Stmt"
            continue
        above.pop()
        if sheet is None:
            continue
        if name == "Ntry":
            _belongs(sheet, summary)
            yield from _entry(element, sheet, summary, rules)
            above[-1].remove(element)
        elif name == "Acct" and above and _name(above[-1]) in WHOLE:
            sheet.account = account_key(_text(element, "Id/IBAN") or _text(element, "Id/Othr/Id"))
            sheet.currency = _text(element, "Ccy").upper()[:3]
        elif name == "Bal":
            _balance(element, sheet, rules)
        elif name in WHOLE:
            _belongs(sheet, summary)
            if is_statement or sheet.closing is not None:
                summary.close(sheet)
            sheet = None
            element.clear()
    summary.finish()


def _belongs(sheet: Sheet, summary: Summary) -> None:
    summary.belongs_to(sheet.account, sheet.currency)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _all(element: Element, path: str) -> list[Element]:
    """The elements at a path of names, whatever their namespace."""
    found = [element]
    for step in path.split("/"):
        found = [child for each in found for child in each if _name(child) == step]
    return found


def _first(element: Element, path: str) -> Element | None:
    return next(iter(_all(element, path)), None)


def _text(element: Element, *paths: str) -> str:
    """The text at the first of these paths that has one."""
    for path in paths:
        for found in _all(element, path):
            if text := (found.text or "").strip():
                return text
    return ""


def _balance(element: Element, sheet: Sheet, rules: Rules) -> None:
    code = _text(element, "Tp/CdOrPrtry/Cd")
    if code not in _OPENING and code not in _CLOSING:
        return
    amount, currency = _amount(element, sheet.count)
    amount = -amount if _text(element, "CdtDbtInd") == "DBIT" else amount
    sheet.currency = sheet.currency or currency
    day = checked_day(_day(_text(element, "Dt/Dt", "Dt/DtTm"), 0), line=sheet.count, rules=rules)
    if code in _CLOSING:
        sheet.closing, sheet.closed_on = amount, day
    elif sheet.opening is None or code == "OPBD":
        sheet.opening, sheet.opened_on = amount, day


def _amount(element: Element, line: int) -> tuple[Decimal, str]:
    found = _first(element, "Amt")
    if found is None:
        raise BadStatement("bad_amount", line=line, value="")
    return plain_amount(found.text or "", line=line), currency_code(found.get("Ccy", ""), line=line)


def _day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise BadStatement("bad_day", line=line, value=text[:20]) from error


def _entry(element: Element, sheet: Sheet, summary: Summary, rules: Rules) -> Iterator[Line]:
    """What an entry moves: one line, or one for each payment where the bank booked many as one sum."""
    number = summary.count + 1
    if (_text(element, "Sts/Cd") or _text(element, "Sts")) not in {"BOOK", ""}:
        summary.passed_over += 1
        return
    amount, currency = _amount(element, number)
    if sheet.currency and currency != sheet.currency:
        raise BadStatement("two_currencies", line=number, found=currency, wanted=sheet.currency)
    sheet.currency = currency
    summary.currency = summary.currency or currency
    sign = _sign(element, number)
    sheet.moved += sign * amount
    sheet.count += 1
    if not amount:
        summary.passed_over += 1
        return
    booked = _text(element, "BookgDt/Dt", "BookgDt/DtTm") or _text(element, "ValDt/Dt", "ValDt/DtTm")
    booked_on = checked_day(_day(booked, number), line=number, rules=rules)
    value = _text(element, "ValDt/Dt", "ValDt/DtTm")
    value_on = checked_day(_day(value, number), line=number, rules=rules) if value else None
    payments = _all(element, "NtryDtls/TxDtls")
    shares = _shares(payments, amount, currency, sign, number)
    for payment, share in shares or [(payments[0] if payments else None, sign * amount)]:
        yield summary.take(
            Line(
                number=summary.count + 1,
                booked_on=booked_on,
                value_on=value_on,
                amount=share,
                currency=currency,
                bank_id=clean(_bank_id(element, payment, is_share=bool(shares)), SHORT),
                **_details(element, payment, is_in=share > 0),
            )
        )


def _sign(element: Element, line: int) -> int:
    mark = _text(element, "CdtDbtInd")
    if mark not in {"CRDT", "DBIT"}:
        raise BadStatement("bad_line", line=line, value=mark)
    return 1 if mark == "CRDT" else -1


def _shares(
    payments: list[Element], amount: Decimal, currency: str, sign: int, line: int
) -> list[tuple[Element, Decimal]]:
    """Each payment of a sum with its own amount; nothing where they do not make up the sum."""
    if len(payments) < 2:
        return []
    found = []
    for payment in payments:
        inner = _first(payment, "AmtDtls/TxAmt")
        place = payment if _first(payment, "Amt") is not None else inner
        if place is None:
            return []
        share, of = _amount(place, line)
        if of != currency or not share:
            return []
        found.append((payment, share * (_sign(payment, line) if _text(payment, "CdtDbtInd") else sign)))
    return found if sum(share for _, share in found) == sign * amount else []


def _bank_id(element: Element, payment: Element | None, *, is_share: bool) -> str:
    own = _text(payment, "Refs/AcctSvcrRef", "Refs/TxId") if payment is not None else ""
    whole = _text(element, "AcctSvcrRef", "NtryRef")
    return own or whole if is_share else whole or own


def _details(element: Element, payment: Element | None, *, is_in: bool) -> dict[str, Any]:
    """Who paid, and what was written."""
    told = _text(element, "AddtlNtryInf")
    if payment is None:
        return {"text": clean(told, TEXT), "reference": variable_symbol(told)}
    side = "Dbtr" if is_in else "Cdtr"
    end_to_end = _text(payment, "Refs/EndToEndId")
    structured = _text(payment, "RmtInf/Strd/CdtrRefInf/Ref")
    words = [found.text or "" for found in _all(payment, "RmtInf/Ustrd")]
    text = " ".join(filter(None, ["".join(words) if len(words) > 1 else " ".join(words), _text(payment, "AddtlTxInf")]))
    symbol = variable_symbol(structured) or variable_symbol(end_to_end) or variable_symbol(text)
    plain = "" if end_to_end.upper() in _NOTHING or re.match(r"/?[VKS]S[:/]", end_to_end.upper()) else end_to_end
    return {
        "name": clean(_text(payment, f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm"), NAME),
        "account": account_key(_text(payment, f"RltdPties/{side}Acct/Id/IBAN", f"RltdPties/{side}Acct/Id/Othr/Id")),
        "reference": clean(symbol or structured or plain, SHORT),
        "text": clean(text or told, TEXT),
    }
