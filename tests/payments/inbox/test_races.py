"""Two clerks on one line, and one file brought twice at once. Commits for real."""

import threading
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from billing.models import Account, LedgerEntry
from core.models import AuditEntry, StoredFile
from core.scope import isp_scope, public_scope
from payments.models import Appearance, BankAccount, BankLine, Match, Payment, Statement
from payments.services import inbox, statement_work, statements
from subscribers.models import Subscriber
from tenants.directory import reference
from tenants.models import ISP
from tests.payments.statements.files import Move, camt

DAY = date(2026, 11, 20)


class Clerk:
    pk, audit_kind, audit_label = 1, "staff_user", "Clara Clerk"


@pytest.fixture
def race(committed, monkeypatch):
    """`race(act)`: both call it at once, in transactions of their own; what each of them came to."""
    monkeypatch.setattr("payments.services.statements.enqueue_on_commit", lambda *args, **how: None)
    with public_scope():
        ref = reference(ISP.objects.with_state().get(slug="wispmega"))

    def run(*acts):
        results: list = [None] * len(acts)
        together = threading.Barrier(len(acts))

        def one(place):
            try:
                with isp_scope(ref), transaction.atomic():
                    together.wait(timeout=20)
                    results[place] = acts[place]()
            except Exception as failure:
                results[place] = failure
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=[place]) for place in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return results

    run.ref = ref
    yield run
    with isp_scope(ref), transaction.atomic():
        Match.objects.all().delete()
        for model in (Payment, LedgerEntry, Account, Appearance, BankLine, Statement, BankAccount, StoredFile):
            model.objects.all().delete()
        Subscriber.objects.filter(first_name="Race").delete()
        AuditEntry.objects.all().delete()


@pytest.fixture
def line(race):
    with isp_scope(race.ref), transaction.atomic():
        account = BankAccount.objects.create(name="KB", number="1", currency="MXN")
        statement = Statement.objects.create(format="camt", file_name="a", sha256="a", state="done", account=account)
        return BankLine.objects.create(
            account=account, statement=statement, number=1, booked_on=DAY, amount=Decimal("499.00"), currency="MXN",
            fingerprint="f",
        )  # fmt: skip


def people(race):
    with isp_scope(race.ref), transaction.atomic():
        return [Subscriber.objects.create(number=990_000 + n, first_name="Race") for n in (1, 2)]


def booking(line, person):
    def act():
        parts = [inbox.Part(person, Decimal("499.00"))]
        return inbox.book_line(line=line, parts=parts, by=Clerk, currency="MXN", today=DAY)

    return act


def counted(race):
    with isp_scope(race.ref), transaction.atomic():
        return Payment.objects.count(), Match.objects.standing().count(), BankLine.objects.get().booked


def test_two_clerks_who_book_one_line_for_two_customers_make_one_payment(race, line):
    one, two = people(race)
    results = race(booking(line, one), booking(line, two))
    assert sorted(type(each).__name__ for each in results) == ["CannotDecide", "list"], results
    (late,) = [each for each in results if isinstance(each, inbox.CannotDecide)]
    assert (late.line.state, late.line.shown_decided_by) == ("booked", "Clara Clerk")
    assert counted(race) == (1, 1, Decimal("499.00"))


def test_control_without_the_lock_both_begin_to_pay(race, line, monkeypatch):
    """Then only the key of the payment and the number of the part are between the line and a second payment."""
    one, two = people(race)
    begun = []
    usual, met = inbox._pay, threading.Barrier(2)

    def pay(*args, **how):
        begun.append(1)
        with suppress(threading.BrokenBarrierError):
            met.wait(timeout=3)
        return usual(*args, **how)

    monkeypatch.setattr(inbox, "_pay", pay)
    race(booking(line, one), booking(line, two))
    assert len(begun) == 1, "the lock lets one of them in"
    with isp_scope(race.ref), transaction.atomic():
        Match.objects.all().delete()
        Payment.objects.all().delete()
        BankLine.objects.update(state="open", booked=0)
    begun.clear()
    met.reset()
    monkeypatch.setattr(inbox, "_locked", lambda line, *states: BankLine.objects.get(pk=line.pk))
    race(booking(line, one), booking(line, two))
    assert len(begun) == 2


def test_booking_against_setting_aside_has_one_effect(race, line):
    one, _ = people(race)
    results = race(booking(line, one), lambda: inbox.set_aside(line=line, by=Clerk))
    assert [isinstance(each, inbox.CannotDecide) for each in results].count(True) == 1
    payments, matches, booked = counted(race)
    with isp_scope(race.ref), transaction.atomic():
        state = BankLine.objects.get().state
    assert (state, payments, matches, booked) in [
        ("booked", 1, 1, Decimal("499.00")),
        ("other", 0, 0, Decimal(0)),
    ]


def test_two_who_undo_one_match_take_it_back_once(race, line):
    one, _ = people(race)
    with isp_scope(race.ref), transaction.atomic():
        (match,) = booking(line, one)()

    def act():
        return inbox.undo_match(match=match, by=Clerk, today=DAY, reason="x")

    results = race(act, act)
    assert [isinstance(each, inbox.CannotDecide) for each in results].count(True) == 1
    with isp_scope(race.ref), transaction.atomic():
        assert Account.objects.get(subscriber=one).balance == 0
        assert LedgerEntry.objects.filter(subscriber=one).count() == 2


def bringing(race, data):
    def act():
        upload = SimpleUploadedFile("a.xml", data)
        return statements.take_file(upload=upload, by=Clerk, isp=race.ref)

    return act


def test_one_file_brought_twice_at_once_is_one_statement(race, settings):
    data = camt([Move(Decimal("5.00"))])
    results = race(bringing(race, data), bringing(race, data))
    assert sorted(type(each).__name__ for each in results) == ["AlreadyThere", "Statement"], results
    with isp_scope(race.ref), transaction.atomic():
        assert (Statement.objects.count(), StoredFile.objects.count()) == (1, 1)
    assert len([path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]) == 1


def test_control_without_the_constraint_it_is_two(race, monkeypatch):
    data = camt([Move(Decimal("5.00"))])
    calls = iter(range(9))
    monkeypatch.setattr(statements, "_digest", lambda upload: str(next(calls)))
    race(bringing(race, data), bringing(race, data))
    with isp_scope(race.ref), transaction.atomic():
        assert Statement.objects.count() == 2


def test_two_files_with_the_same_movements_taken_in_at_once_have_them_once(race):
    rows = [Move(Decimal(n), text=str(n)) for n in range(1, 30)]
    found = []
    with isp_scope(race.ref), transaction.atomic():
        account = BankAccount.objects.create(name="KB", number="CZ6508000000192000145399", currency="CZK")
        for name in "ab":
            data = camt(rows) + b"<!-- " + name.encode() + b" -->"
            found.append(bringing(race, data)())
        Statement.objects.update(state="loading", account=account)
    statement_work_of = [
        lambda statement=statement: statement_work._load(
            Statement.objects.select_related("file", "account").get(pk=statement.pk), race.ref
        )
        for statement in found
    ]
    assert race(*statement_work_of) == [None, None]
    with isp_scope(race.ref), transaction.atomic():
        assert BankLine.objects.count() == len(rows)
        assert Appearance.objects.count() == 2 * len(rows)
        assert sorted(Statement.objects.values_list("counts__new", flat=True)) == [0, len(rows)]
