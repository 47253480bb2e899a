"""Statements as MT940, line by line.

Read by hand: the libraries keep the whole file in memory and pass over what they do not understand, and here a line
that is not understood must keep the file out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import IO

from core.tabular.encodings import FALLBACK, byte_lines, encoding_of
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

_FIELD = re.compile(r":(\d{2}[A-Z]?|[A-Z]{2}):(.*)")
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})([\d.,]{1,20})", re.ASCII)
_MOVEMENT = re.compile(
    r"(\d{6})(\d{4})?(R?[CD])([A-Z])?(\d[\d.,]{0,19})([A-Z][A-Z0-9]{3})([^\n]*?)(?://([^\n]*))?(?:\n(.*))?",
    re.ASCII | re.DOTALL,
)
_NOTHING = {"", "NONREF", "NOTPROVIDED"}
LONGEST_FIELD = 20_000  # characters


@dataclass(slots=True)
class _Field:
    tag: str
    text: str
    line: int  # where it begins


def lines(file: IO[bytes], summary: Summary, rules: Rules) -> Iterator[Line]:
    """The movements of all statements in the file. Raises BadStatement, BadFile."""
    sheet: Sheet | None = None
    movement: _Field | None = None
    details = ""

    for each in _fields(file, rules):
        if each.tag == "86" and movement is not None:
            details = f"{details}\n{each.text}" if details else each.text
            continue
        if movement is not None and sheet is not None:
            yield from _taken(movement, details, sheet, summary, rules)
            movement, details = None, ""
        if each.tag == "20":
            if sheet is not None:
                raise BadStatement("cut")
            sheet = Sheet()
        elif each.tag == "61":
            if sheet is None or sheet.opening is None:
                raise BadStatement("no_balance")
            movement = each
        elif sheet is not None:
            sheet = _read_frame(each, sheet, summary, rules)
    if sheet is not None:
        raise BadStatement("cut")
    if not summary.sheets:
        raise BadStatement("no_balance")
    summary.finish()


def _read_frame(each: _Field, sheet: Sheet, summary: Summary, rules: Rules) -> Sheet | None:
    """A field around the movements; the closing balance ends the statement."""
    if each.tag == "25":
        sheet.account = account_key(each.text.split("\n")[0])
    elif each.tag in {"60F", "60M"}:
        sheet.opened_on, sheet.currency, sheet.opening = _balance(each, rules)
        summary.belongs_to(sheet.account, sheet.currency)
        if sheet.currency != summary.currency:
            raise BadStatement("two_currencies", line=each.line, found=sheet.currency, wanted=summary.currency)
    elif each.tag in {"62F", "62M"}:
        sheet.closed_on, currency, sheet.closing = _balance(each, rules)
        if sheet.opening is None:
            raise BadStatement("no_balance")
        if currency != sheet.currency:
            raise BadStatement("two_currencies", line=each.line, found=currency, wanted=sheet.currency)
        summary.close(sheet)
        return None
    return sheet


def _fields(file: IO[bytes], rules: Rules) -> Iterator[_Field]:
    """The fields of the file, each with the lines that continue it."""
    encoding, _ = encoding_of(file, country=rules.country)
    if encoding.startswith("utf-16"):
        raise BadStatement("damaged")
    file.seek(0)
    field: _Field | None = None
    for number, raw in enumerate(byte_lines(file), start=1):
        try:
            text = raw.decode("utf-8-sig" if encoding.startswith("utf-8") else encoding)
        except UnicodeDecodeError:
            text = raw.decode(FALLBACK, errors="replace")
        text = text.rstrip("\r\n\x1a\x03 ")
        text = re.sub(r"^(?:\x01|\{[1-3]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\})+(?:\{4:)?|^\{4:", "", text)
        found = _FIELD.fullmatch(text)
        is_end = text in {"-", "-}"} or text.startswith("-}")
        if field is not None and (found or is_end):
            yield field
            field = None
        if found:
            field = _Field(found[1], found[2], number)
        elif field is not None:
            if len(field.text) > LONGEST_FIELD:
                raise BadStatement("bad_line", line=field.line, value=field.text[:40])
            field.text += f"\n{text}"
    if field is not None:
        yield field


def _balance(each: _Field, rules: Rules) -> tuple[date, str, Decimal]:
    found = _BALANCE.fullmatch(each.text.strip())
    if not found:
        raise BadStatement("bad_line", line=each.line, value=each.text[:40])
    day = checked_day(_day(found[2], each.line), line=each.line, rules=rules)
    amount = plain_amount(found[4], line=each.line)
    return day, currency_code(found[3], line=each.line), amount if found[1] == "C" else -amount


def _day(digits: str, line: int) -> date:
    try:
        # Two digits of the year: nobody brings statements of the last century.
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError as error:
        raise BadStatement("bad_day", line=line, value=digits) from error


def _entry_day(value_on: date, digits: str | None, line: int) -> date:
    """The day of booking, which is written without its year: the one that is nearest to the value date."""
    if not digits:
        return value_on
    found = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        try:
            found.append(date(year, int(digits[:2]), int(digits[2:])))
        except ValueError:
            continue
    if not found:
        raise BadStatement("bad_day", line=line, value=digits)
    return min(found, key=lambda day: abs((day - value_on).days))


def _taken(each: _Field, details: str, sheet: Sheet, summary: Summary, rules: Rules) -> Iterator[Line]:
    """A movement with its details; one that moves nothing is counted and passed over."""
    found = _MOVEMENT.fullmatch(each.text)
    if not found:
        raise BadStatement("bad_line", line=each.line, value=each.text[:40])
    value, entry, mark, _, amount_text, _, customer, bank, rest = found.groups()
    amount = plain_amount(amount_text, line=each.line)
    if mark in {"D", "RC"}:
        amount = -amount
    value_on = checked_day(_day(value, each.line), line=each.line, rules=rules)
    booked_on = checked_day(_entry_day(value_on, entry, each.line), line=each.line, rules=rules)
    sheet.moved += amount
    sheet.count += 1
    if not amount:
        summary.passed_over += 1
        return
    name, account, text = _details(details)
    customer = (customer or "").strip()
    known = customer if customer.upper() not in _NOTHING else ""
    reference = variable_symbol(details) or variable_symbol(known) or known
    yield summary.take(
        Line(
            number=summary.count + 1,
            booked_on=booked_on,
            value_on=value_on,
            amount=amount,
            currency=sheet.currency,
            name=clean(name, NAME),
            account=account_key(account),
            reference=clean(reference, SHORT),
            text=clean(f"{text} {rest or ''}", TEXT),
            bank_id=clean(bank or "", SHORT),
        )
    )


def _details(text: str) -> tuple[str, str, str]:
    """Name and account of the other side, and the text, from a field 86: with ?20, with /NAME/, or plain."""
    joined = text.replace("\n", "")
    if re.match(r"\d{3}([?>])\d\d", joined):
        mark = joined[3]
        parts = dict[str, str]()
        for piece in joined[4:].split(mark):
            if re.match(r"\d\d", piece):
                parts[piece[:2]] = parts.get(piece[:2], "") + piece[2:]
        words = [parts[key] for key in sorted(parts) if "20" <= key <= "29" or "60" <= key <= "63"]
        # Words are cut at 27 characters wherever that is; those shorter were ended on purpose.
        told = "".join(word if len(word) >= 27 else f"{word} " for word in words)
        account = parts.get("31", "")
        if account and parts.get("30", "").isdecimal() and account.replace("-", "").isdecimal():
            account = f"{account}/{parts['30']}"
        return parts.get("32", "") + parts.get("33", ""), account, told
    if re.match(r"/[A-Z]{2,5}/", joined):
        named = dict[str, str]()
        for key, value in re.findall(r"/([A-Z]{2,5})/(.*?)(?=/[A-Z]{2,5}/|$)", joined):
            named[key] = f"{named[key]} {value}" if key in named else value
        told = " ".join(named[key].strip() for key in ("REMI", "EREF", "ORDP", "TEXT") if key in named)
        return named.get("NAME", ""), named.get("IBAN", named.get("ACCT", "")), told or joined
    return "", "", text.replace("\n", " ")
