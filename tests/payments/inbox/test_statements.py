"""Bringing statements: nothing twice, nothing half, what is new in other words is pointed out."""

from datetime import date
from decimal import Decimal

import pytest

from core.models import StoredFile
from payments.models import Appearance, BankAccount, BankLine, Statement, TableLayout
from payments.services import inbox, statement_work, statements
from payments.statements import sentence
from tests.payments.statements.files import MAPPING, Move, camt, mt940, table

D = Decimal
DAY = date(2026, 11, 20)


def moves(*amounts, **more):
    return [Move(D(amount), text=f"payment {n}", bank_id=f"B{n}", **more) for n, amount in enumerate(amounts)]


def mxn(rows, **more):
    return camt(rows, currency="MXN", **more)


def test_a_statement_is_taken_in_with_its_sums(inbox_of):
    statement = inbox_of.take(mxn(moves("499.00", "-35.00", "349.50")))
    assert statement.state == Statement.State.DONE
    assert (statement.total, statement.opening, statement.closing) == (3, D("1000.00"), D("1813.50"))
    assert statement.counts == {"new": 3, "known": 0, "doubles": 0, "passed_over": 0}
    assert [line.state for line in inbox_of.lines()] == ["open", "out", "open"]
    sums = statements.sums(statement)
    assert (sums["came"], sums["went"], sums["agrees"]) == (D("848.50"), D("-35.00"), True)


def test_an_unknown_account_is_asked_about_before_anything_is_stored(inbox_of):
    statement = inbox_of.work(inbox_of.upload(mxn(moves("499.00"))))
    assert (statement.state, statement.account, statement.total) == ("open", None, 1)
    assert not BankLine.objects.exists()
    account = statements.add_account(by=inbox_of.by, name="KB", number="19-2000145399/0800", currency="MXN")
    statements.choose_account(statement=statement, account=account, by=inbox_of.by, isp=inbox_of.ref)
    assert inbox_of.work(statement).state == "done"
    # The other way to write it is known from now on.
    assert inbox_of.work(inbox_of.upload(mxn(moves("5.00"), opening=D("1499.00")))).account == account


def test_the_same_file_again_adds_nothing_and_says_where_it_is(inbox_of):
    data = mxn(moves("499.00", "10.00"))
    first = inbox_of.take(data)
    with pytest.raises(statements.AlreadyThere) as caught:
        inbox_of.upload(data, "another name.xml")
    assert caught.value.statement == first
    assert (Statement.objects.count(), BankLine.objects.count(), StoredFile.objects.count()) == (1, 2, 1)


def test_a_file_that_was_refused_may_come_again(inbox_of):
    data = mxn(moves("499.00"), closing=D("1.00"))
    for _ in range(2):
        statement = inbox_of.work(inbox_of.upload(data))
        assert statement.state == Statement.State.REFUSED
        assert "is missing" in sentence(statement.trouble)
    assert not StoredFile.objects.exists()


def test_periods_that_overlap_add_only_what_is_new_and_still_add_up(inbox_of):
    rows = moves("499.00", "10.00", "20.00")
    inbox_of.take(mxn(rows[:2]))
    second = inbox_of.take(mxn(rows[1:], opening=D("1499.00")))
    assert (second.counts["new"], second.counts["known"], second.counts["doubles"]) == (1, 1, 0)
    assert BankLine.objects.count() == 3
    assert statements.sums(second)["agrees"] is True
    assert sorted(Appearance.objects.values_list("statement", "number")) == sorted(
        [(second.pk - 1, 1), (second.pk - 1, 2), (second.pk, 1), (second.pk, 2)]
    )


def test_two_equal_movements_of_one_file_are_two_and_stay_two(inbox_of):
    twin = Move(D("499.00"), name="Ana", reference="77", text="internet")
    inbox_of.take(mxn([twin, twin]))
    assert [(line.occurrence, line.amount) for line in inbox_of.lines()] == [(1, D("499.00")), (2, D("499.00"))]
    again = inbox_of.take(mxn([twin, twin, Move(D("1.00"), text="new")]))
    assert (again.counts["new"], again.counts["known"]) == (1, 2)
    assert BankLine.objects.count() == 3


def test_the_banks_reference_may_repeat(inbox_of):
    """Banks use one number for all payments of a standing order, so it is no key alone."""
    rows = [Move(D("499.00"), on=date(2026, 11, day), text="standing order", bank_id="SO1") for day in (1, 2)]
    assert inbox_of.take(mxn(rows)).counts["new"] == 2


def test_control_with_the_reference_as_key_the_second_payment_is_lost(inbox_of, monkeypatch):
    monkeypatch.setattr(statement_work, "fingerprint", lambda line: line.bank_id.encode().hex().ljust(64, "0"))
    monkeypatch.setattr(statement_work, "Counter", lambda: _Ones())
    rows = [Move(D("499.00"), on=date(2026, 11, day), text="standing order", bank_id="SO1") for day in (1, 2)]
    assert inbox_of.take(mxn(rows)).counts["new"] == 1


class _Ones(dict):
    def __missing__(self, key):
        return 1

    def __setitem__(self, key, value):
        return None


def test_the_same_period_in_another_format_is_pointed_out(inbox_of):
    rows = moves("499.00", "499.00", "20.00")
    inbox_of.take(mxn(rows))
    in_table = inbox_of.take(table([*rows, Move(D("5.00"), text="only here")]), "pohyby.csv", point=",")
    assert in_table.state == "done", in_table.trouble
    assert in_table.account.name == "BBVA"
    # The account is another one, since the table did not say it.
    assert in_table.counts["doubles"] == 0
    assert inbox_of.take(mt940(rows, currency="MXN"), "a.sta").counts["known"] == 3, "the bank says the same"
    rows = [Move(row.amount, text=f"GUTSCHRIFT {row.text}") for row in rows]
    same = inbox_of.take(mt940(rows, currency="MXN"), "b.sta")
    assert (same.counts["new"], same.counts["doubles"]) == (3, 3)
    doubles = BankLine.objects.exclude(double_of=None).order_by("pk")
    assert [line.double_of.amount for line in doubles] == [D("499.00"), D("499.00"), D("20.00")]
    assert len({line.double_of_id for line in doubles}) == 3, "each is held against another one"
    first, second, third = doubles
    inbox.call_different(line=first, by=inbox_of.by)
    inbox.call_double(line=second, by=inbox_of.by)
    assert inbox.call_all_doubles(statement_id=same.pk, by=inbox_of.by) == 1
    states = [BankLine.objects.get(pk=line.pk).state for line in (first, second, third)]
    assert states == ["open", "double", "double"]
    with pytest.raises(inbox.CannotDecide):
        inbox.call_double(line=first, by=inbox_of.by)


def test_new_movements_of_the_same_day_with_other_numbers_of_the_bank_are_no_doubles(inbox_of):
    inbox_of.take(mxn([Move(D("499.00"), bank_id="A1", text="x")]))
    later = inbox_of.take(mxn([Move(D("499.00"), bank_id="A2", text="x")], opening=D("1499.00")))
    assert (later.counts["new"], later.counts["doubles"]) == (1, 0)


def test_a_table_is_known_again_by_its_titles(inbox_of):
    first = inbox_of.take(table(moves("499.00", "-1.00")), "pohyby.csv")
    assert first.state == "done", first.trouble
    layout = TableLayout.objects.get()
    assert layout.account == first.account
    assert layout.mapping["columns"]["amount"] == ["castka"]
    again = inbox_of.upload(table(moves("5.00"), opening=D("1498.00")), "pohyby2.csv")
    assert (again.state, again.account, again.mapping) == ("open", first.account, layout.mapping)
    other = inbox_of.upload(b"Fecha,Concepto,Abono\n20/11/2026,x,5.00\n", "bbva.csv")
    assert (other.account, other.mapping["columns"]["amount_in"]) == (None, ["abono"])


@pytest.mark.parametrize(
    ("cell", "code"),
    [("0,00", "zero_amount"), ("1e30", "bad_amount"), ("5.5.5", "bad_amount"), ("", "no_way")],
)
def test_a_bad_cell_keeps_the_whole_table_out_and_lets_its_columns_be_chosen_anew(inbox_of, cell, code):
    data = table(moves("499.00", "20.00")).replace(b";20,00;", f";{cell};".encode())
    statement = inbox_of.take(data, "pohyby.csv", columns=MAPPING.columns)
    assert (statement.state, statement.trouble["code"]) == ("open", code)
    assert not BankLine.objects.exists()
    assert not TableLayout.objects.exists()
    assert statement.file is not None


def test_a_statement_of_another_currency_than_its_account_is_refused(inbox_of):
    inbox_of.take(mxn(moves("5.00")))
    statement = inbox_of.take(camt(moves("7.00"), currency="EUR"))
    assert (statement.state, statement.trouble["code"]) == ("refused", "two_currencies")
    assert BankLine.objects.count() == 1


def test_what_is_no_statement_is_refused_at_once(inbox_of):
    for data, said in [(b"", "empty"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, "another kind"),
                       (b"<?xml version='1.0'?><rss/>", "CAMT"), (b"one\ntwo\n", "one column")]:  # fmt: skip
        with pytest.raises(statements.BadUpload) as caught:
            inbox_of.upload(data, "x.csv")
        assert said in str(caught.value)
    assert not Statement.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_worker_that_dies_while_it_stores_leaves_nothing_and_another_begins_anew(inbox_of, monkeypatch):
    statement = inbox_of.work(inbox_of.upload(mxn(moves(*["1.00"] * 7))))
    account = statements.add_account(by=inbox_of.by, name="KB", number=statement.found_account, currency="MXN")
    statements.choose_account(statement=statement, account=account, by=inbox_of.by, isp=inbox_of.ref)
    monkeypatch.setattr(statement_work, "CHUNK", 2)
    kept = statement_work._store
    calls = []

    class Killed(BaseException):
        pass

    def dies(*args):
        calls.append(1)
        if len(calls) == 3:
            raise Killed
        kept(*args)

    monkeypatch.setattr(statement_work, "_store", dies)
    with pytest.raises(Killed):
        inbox_of.work(statement)
    statement.refresh_from_db()
    assert (statement.state, BankLine.objects.count()) == ("loading", 0)
    monkeypatch.setattr(statement_work, "_store", kept)
    assert inbox_of.work(statement).counts["new"] == 7


def test_a_file_can_be_discarded_while_nothing_of_it_is_in(inbox_of, settings):
    statement = inbox_of.upload(table(moves("5.00")), "a.csv")
    statements.discard(statement=statement, by=inbox_of.by)
    assert not Statement.objects.exists()
    assert not StoredFile.objects.exists()
    done = inbox_of.take(mxn(moves("5.00")))
    with pytest.raises(statements.CannotDo):
        statements.discard(statement=done, by=inbox_of.by)
    assert BankAccount.objects.count() == 1
