"""Readers of statements: what goes in comes out, and a file that is cut anywhere is refused or loses nothing."""

import io
import string
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.statements import CAMT, CSV, MT940, BadStatement, kind_of, open_statement, sentence
from payments.statements.lines import variable_symbol
from tests.payments.statements.files import (
    DAY,
    IBAN,
    MAPPING,
    RULES,
    TITLES,
    Move,
    camt,
    camt_entry,
    mt940,
    table,
)

D = Decimal
MAKERS = {MT940: mt940, CAMT: camt, CSV: table}
LETTERS = string.ascii_letters + string.digits + " áčďéěíňóřšťúůýž.-"
PLAIN = st.text(LETTERS, max_size=60).map(lambda text: " ".join(text.split()))
MOVES = st.builds(
    Move,
    amount=st.decimals(D("-99999"), D("99999"), places=2).filter(bool),
    on=st.dates(date(2026, 1, 1), DAY),
    name=PLAIN.map(lambda text: text[:27].strip()),
    account=st.from_regex(r"[0-9]{6,10}/[0-9]{4}", fullmatch=True),
    reference=st.integers(1, 9_999_999_999).map(str),
    text=PLAIN.filter(lambda text: not variable_symbol(text)),  # which would be its reference
    bank_id=st.text(string.ascii_uppercase + string.digits, max_size=16),
)


def read(data, kind=None, mapping=MAPPING, rules=RULES):
    file = io.BytesIO(data)
    reader = open_statement(file, kind=kind or kind_of(file), rules=rules, mapping=mapping)
    return list(reader.lines), reader.summary


def refused(data, **how):
    with pytest.raises(BadStatement) as caught:
        read(data, **how)
    told = sentence(caught.value.trouble)
    assert told
    assert "%(" not in told
    return caught.value.code, told


def attempted(data, kind):
    """What was read, or nothing where it was refused with a sentence. Any other exception fails the test."""
    try:
        return read(data, kind=kind)
    except BadStatement as error:
        if not sentence(error.trouble):
            raise
        return None


def three():
    return [
        Move(D("499.00"), name="Jana Nováková", account="1234567890/0800", reference="1007", text="internet listopad"),
        Move(D("-35.00"), text="poplatek"),
        Move(D("349.50"), on=date(2026, 11, 18), reference="1012", bank_id="B77"),
    ]


@pytest.mark.parametrize("kind", MAKERS)
@given(moves=st.lists(MOVES, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_what_a_bank_writes_is_read_back(kind, moves):
    lines, summary = read(MAKERS[kind](moves))
    assert [line.amount for line in lines] == [move.amount for move in moves]
    assert [line.booked_on for line in lines] == [move.on for move in moves]
    assert [line.reference for line in lines] == [move.reference for move in moves]
    assert [line.bank_id for line in lines] == [move.bank_id for move in moves]
    assert [line.number for line in lines] == list(range(1, len(moves) + 1))
    assert {line.currency for line in lines} == {"CZK"}
    assert summary.closing - summary.opening == sum(move.amount for move in moves) == summary.moved
    assert (summary.begins, summary.ends) == (min(m.on for m in moves), max(m.on for m in moves))
    if kind != MT940:
        assert [(line.name, line.text) for line in lines] == [(move.name, move.text) for move in moves]
        assert [line.account for line in lines] == [move.account for move in moves]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_file_cut_at_any_byte_is_refused_or_says_all_that_it_says_whole(kind):
    data = MAKERS[kind](three())
    whole, _ = read(data)
    accepted = 0
    for end in range(len(data)):
        if (found := attempted(data[:end], kind)) is None:
            continue
        lines, _ = found
        accepted += 1
        # The last cell of a table may be cut unseen where it holds a text; day and money may not.
        money = [(line.booked_on, line.amount, line.reference, line.text) for line in lines]
        assert money == [(line.booked_on, line.amount, line.reference, line.text) for line in whole[: len(lines)]]
        if kind != CSV:
            assert lines == whole, f"cut at {end}"
    # Nothing but the end of the statement, and of a table the ends of its rows, can be lacking unseen.
    assert accepted <= {MT940: 12, CAMT: 1, CSV: 30}[kind]


@pytest.mark.parametrize("kind", [MT940, CAMT])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_byte_that_was_changed_never_crashes_a_reader(kind, data):
    content = bytearray(MAKERS[kind](three()))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    if found := attempted(bytes(content), kind):
        lines, summary = found
        assert summary.closing - summary.opening == sum(line.amount for line in lines)


@pytest.mark.parametrize("kind", MAKERS)
@given(content=st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_rubbish_is_refused(kind, content):
    if found := attempted(content, kind):
        assert found[0]


@pytest.mark.parametrize("kind", MAKERS)
def test_two_equal_movements_are_two(kind):
    move = Move(D("499.00"), name="Jana", reference="1007", text="internet")
    assert len(read(MAKERS[kind]([move, move]))[0]) == 2


@pytest.mark.parametrize("kind", [MT940, CAMT])
def test_movements_that_do_not_lead_to_the_closing_balance_are_refused(kind):
    code, told = refused(MAKERS[kind](three(), closing=D("1813.51")))
    assert code == "wrong_sum"
    assert "0.01" in told


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("on", "code"),
    [(date(1899, 12, 31), "old_date"), (date(2999, 1, 1), "future_date"), (date(2026, 12, 25), "future_date")],
)
def test_days_on_which_no_bank_has_booked(kind, on, code):
    # MT940 writes two digits of the year, so 1899 and 2999 are 2099 and 2099 there.
    expected = "future_date" if kind == MT940 else code
    assert refused(MAKERS[kind]([Move(D("10.00"), on=on)]))[0] == expected


def test_the_account_the_text_and_the_name_of_mt940():
    (line, *_), summary = read(mt940(three()))
    assert (line.name, line.account, line.text) == ("Jana Nováková", "1234567890/0800", "internet listopad")
    assert (summary.account, summary.currency) == (IBAN, "CZK")


@pytest.mark.parametrize(
    ("details", "name", "text"),
    [
        (":86:/TRTP/SEPA/IBAN/NL12ABNA0123456789/NAME/J. de Vries/REMI/klant 1007/EREF/X", "J. de Vries",
         "klant 1007 X"),
        (":86:prichozi uhrada VS:1007 Novak\n dekujeme", "", "prichozi uhrada VS:1007 Novak dekujeme"),
        (":86:166?00GUTSCHRIFT?20internet listopad 2026 VS00?211007 dekuji?32Jan?33 Novak", "Jan Novak",
         "internet listopad 2026 VS001007 dekuji"),
    ],
)  # fmt: skip
def test_details_of_mt940_as_banks_write_them(details, name, text):
    data = mt940([Move(D("10.00"))]).replace(b"NTRFNONREF\r\n", b"NTRFNONREF\r\n" + details.encode() + b"\r\n")
    ((line,), _) = read(data)
    assert (line.name, line.text) == (name, text)


def test_swift_envelopes_reversals_and_days_over_the_turn_of_the_year():
    head = "{1:F01KOMBCZPPAXXX0000000000}{2:I940KOMBCZPPXXXXN}{4:\r\n"
    body = (
        ":20:1\r\n:25:19-2000145399/0800\r\n:28C:1/1\r\n:60F:C260101CZK0,\r\n"
        ":61:2601010102RC100,00NTRFNONREF\r\n:61:2601011231RD30,5NTRF1007//B1\r\nmore\r\n:62F:D260102CZK69,50\r\n-}"
    )
    lines, summary = read((head + body).encode())
    assert [line.amount for line in lines] == [D("-100.00"), D("30.50")]
    assert [line.booked_on for line in lines] == [date(2026, 1, 2), date(2025, 12, 31)]
    assert (lines[1].reference, lines[1].bank_id, lines[1].text) == ("1007", "B1", "more")
    assert summary.closing == D("-69.50")


def test_statements_of_several_days_follow_one_another():
    one = mt940([Move(D("10.00"))], opening=D("100.00"))
    two = mt940([Move(D("5.00"))], opening=D("110.00"))
    for data in (one + two, two + one):
        _, summary = read(data)
        assert (summary.opening, summary.closing) == (D("100.00"), D("115.00"))
    assert refused(one + mt940([Move(D("5.00"))], opening=D("111.00")))[0] == "gap"
    assert refused(one + mt940([Move(D("5.00"))], account="999/0100", opening=D("110.00")))[0] == "two_accounts"
    assert refused(one + mt940([Move(D("5.00"))], currency="EUR", opening=D("110.00")))[0] == "two_currencies"


@pytest.mark.parametrize("text", ["0,00", "1e30", "-5,00", "abc", "1.234,00", "12,345", "9999999999999,99"])
def test_amounts_that_mt940_cannot_hold(text):
    data = mt940([Move(D("10.00"))]).replace(b"C10,00NTRF", f"C{text}NTRF".encode())
    assert refused(data)[0] in {"bad_line", "bad_amount", "large_amount", "wrong_sum"}


def test_camt_with_many_payments_in_one_sum_is_split():
    part = (
        '<TxDtls><Refs><EndToEndId>/VS/{n}</EndToEndId></Refs><Amt Ccy="CZK">{amount}</Amt>'
        "<RltdPties><Dbtr><Pty><Nm>P{n}</Nm></Pty></Dbtr></RltdPties></TxDtls>"
    )
    inner = part.format(n=1001, amount="60.00") + part.format(n=1002, amount="40.00")
    data = camt([Move(D("100.00"), bank_id="SUM")])
    whole = camt_entry(Move(D("100.00"), bank_id="SUM")).encode()
    split = data.replace(whole, camt_entry(Move(D("100.00"), bank_id="SUM"), inner=inner).encode())
    lines, _ = read(split)
    assert [(line.amount, line.reference, line.name, line.bank_id) for line in lines] == [
        (D("60.00"), "1001", "P1001", "SUM"),
        (D("40.00"), "1002", "P1002", "SUM"),
    ]
    # Parts that do not make up the sum are left as one.
    odd = data.replace(whole, camt_entry(Move(D("100.00")), inner=inner.replace("60.00", "61.00")).encode())
    assert [line.amount for line in read(odd)[0]] == [D("100.00")]


def test_camt_passes_over_what_is_not_booked_yet():
    data = camt([Move(D("10.00"))]).replace(
        b"</Stmt>", camt_entry(Move(D("7.00")), status="PDNG").encode() + b"</Stmt>"
    )
    lines, summary = read(data)
    assert ([line.amount for line in lines], summary.passed_over) == ([D("10.00")], 1)


def test_camt_054_has_no_balances_and_053_must_have_them():
    data = camt([Move(D("10.00"))])
    bare = data[: data.index(b"<Bal>")] + data[data.rindex(b"</Bal>") + 6 :]
    assert refused(bare)[0] == "no_balance"
    notification = bare.replace(b"camt.053", b"camt.054").replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn")
    lines, summary = read(notification.replace(b"<Stmt>", b"<Ntfctn>").replace(b"</Stmt>", b"</Ntfctn>"))
    assert ([line.amount for line in lines], summary.closing) == ([D("10.00")], None)


def test_entities_and_towers_of_elements_are_not_followed():
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    data = camt([Move(D("10.00"), text="x")]).replace(b"<Document", laughs + b"<Document", 1)
    assert refused(data)[0] == "too_deep"
    tower = camt([Move(D("10.00"))]).replace(b"<GrpHdr>", b"<a>" * 5000 + b"</a>" * 5000 + b"<GrpHdr>")
    assert refused(tower)[0] == "too_deep"


def test_control_an_open_parser_does_follow_them(monkeypatch):
    from xml.etree.ElementTree import iterparse

    from payments.statements import camt as reader

    monkeypatch.setattr(reader, "iterparse", lambda file, events, forbid_dtd: iterparse(file, events=events))  # noqa: S314
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    data = camt([Move(D("10.00"), text="MARK")]).replace(b"<Document", laughs + b"<Document", 1)
    assert read(data.replace(b"MARK", b"&b;"))[0][0].text == "hahahaha"


def test_tables_may_list_the_newest_first():
    lines, summary = read(table(three(), newest_first=True))
    assert [line.amount for line in lines] == [D("349.50"), D("-35.00"), D("499.00")]
    assert (summary.opening, summary.closing) == (D("1000.00"), D("1813.50"))


def test_a_balance_that_does_not_follow_is_refused():
    data = table(three()).replace(b"1464,00", b"1465,00")
    assert refused(data)[0] == "wrong_balance"


@pytest.mark.parametrize(
    ("text", "code"),
    [("0,00", "zero_amount"), ("1e30", "bad_amount"), ("9" * 30, "large_amount"), ("1.5", "bad_amount"),
     ("ano", "bad_amount"), ("", "no_way"), ("12,345", "bad_amount"), ("--5,00", "bad_amount"), ("30e", "bad_amount")],
)  # fmt: skip
def test_cells_that_are_no_amount(text, code):
    data = ("Datum;Částka;VS\r\n20.11.2026;499,00;1007\r\n" + f"20.11.2026;{text};1008\r\n").encode()
    mapping = type(MAPPING)(columns={"booked_on": ["datum"], "amount": ["castka"], "reference": ["vs"]}, point=",")
    found, told = refused(data, mapping=mapping)
    assert found == code
    assert "3" in told


@pytest.mark.parametrize(
    ("text", "point", "amount"),
    [("$1,234.50", ".", "1234.50"), ("1.234,50 Kč", ",", "1234.50"), ("-499,00", ",", "-499"), ("(35.00)", ".", "-35"),
     ("12 345,00", ",", "12345"), ("MXN 5", ".", "5"), ("499.00-", ".", "-499"), ("+7.5", ".", "7.50")],
)  # fmt: skip
def test_amounts_as_spreadsheets_write_them(text, point, amount):
    data = f"Datum;Částka\r\n20.11.2026;{text}\r\n".encode()
    mapping = type(MAPPING)(columns={"booked_on": ["datum"], "amount": ["castka"]}, point=point)
    ((line,), _) = read(data, mapping=mapping)
    assert line.amount == D(amount)


def test_money_in_and_out_in_columns_of_their_own_and_rows_above_and_below():
    text = (
        "BBVA Bancomer;;;\r\nCuenta;0123456789;;\r\n;;;\r\nFecha;Concepto;Cargo;Abono\r\n"
        "20/11/2026;PAGO 1007;;499.00\r\n21/11/2026;COMISION;11.60;\r\n;Total;11.60;499.00\r\n"
    )
    mapping = type(MAPPING)(
        columns={"booked_on": ["fecha"], "text": ["concepto"], "amount_in": ["abono"], "amount_out": ["cargo"]}
    )
    lines, _ = read(text.encode(), mapping=mapping)
    assert [(line.amount, line.text) for line in lines] == [(D("499.00"), "PAGO 1007"), (D("-11.60"), "COMISION")]
    assert refused(text.replace("COMISION;11.60;\r", "COMISION;11.60;5\r").encode(), mapping=mapping)[0] == "both_ways"
    between = text.replace("21/11/2026;C", ";C") + "22/11/2026;X;;5.00\r\n"
    assert refused(between.encode(), mapping=mapping)[0] == "no_date_between"


def test_the_table_of_another_bank_or_of_another_account_is_refused():
    other = table(three(), titles=["Fecha", *TITLES[1:]])
    code, told = refused(other)
    assert (code, "datum" in told) == ("missing_column", True)
    mapping = type(MAPPING)(
        columns={"booked_on": ["fecha"], "amount": ["importe"], "own_account": ["cuenta"]}, own_account="0123456789"
    )
    good = b"Fecha,Cuenta,Importe\n20/11/2026,123456789,10.00\n"
    assert len(read(good, mapping=mapping)[0]) == 1
    assert refused(good.replace(b",123456789", b",777777777"), mapping=mapping)[0] == "other_account"


def test_pictures_pages_and_other_xml_are_no_statements():
    for data in (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, b"<?xml version='1.0'?><rss/>", b"<!doctype html><p>"):
        with pytest.raises(BadStatement):
            kind_of(io.BytesIO(data))


def test_eight_thousand_movements_in_little_memory():
    import tracemalloc

    data = io.BytesIO(camt([Move(D("1.00"), reference=str(n), text="x" * 80) for n in range(8_000)]))
    reader = open_statement(data, kind=CAMT, rules=RULES)
    tracemalloc.start()
    count = sum(1 for _ in reader.lines)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 8_000
    assert peak < 3 * 2**20
