"""A statement that was brought by mistake goes whole, while none of its lines is a payment."""

from decimal import Decimal

import pytest

from core.models import AuditEntry, StoredFile
from payments.models import Appearance, BankLine, Match, Payment, Statement
from payments.services import inbox, removals
from payments.services.statements import CannotDo
from tests.conftest import HostClient
from tests.dashboard.settings_pages import text_of
from tests.factories.staff import sign_in
from tests.payments.inbox.conftest import balance, owing
from tests.payments.statements.files import Move, camt

D = Decimal


def moves(*amounts, text="hola"):
    return [Move(D(amount), text=f"{text} {place}") for place, amount in enumerate(amounts)]


def take(inbox_of, *amounts, **more):
    return inbox_of.take(camt(moves(*amounts, **more), currency="MXN"))


def remove(inbox_of, statement):
    removals.remove_statement(statement=statement, by=inbox_of.by, reason="Another bank's")


def test_it_goes_with_its_lines_and_can_be_brought_again(inbox_of):
    statement = take(inbox_of, "499.00", "-20.00", "10.00")
    inbox.set_aside(line=inbox_of.lines()[2], by=inbox_of.by)
    files = StoredFile.objects.count()
    remove(inbox_of, statement)
    assert not any(model.objects.exists() for model in (Statement, BankLine, Appearance))
    assert StoredFile.objects.count() == files - 1
    row = AuditEntry.objects.get(verb="payments.statement.removed")
    assert (row.details["count"], row.details["reason"]) == (3, "Another bank's")
    assert take(inbox_of, "499.00", "-20.00", "10.00").counts["new"] == 3


def test_while_a_line_is_booked_nothing_goes(inbox_of):
    person, _ = owing("499.00")
    statement = take(inbox_of, "499.00", "20.00")
    (match,) = inbox_of.book(inbox_of.lines()[0], person)
    seen = removals.outlook(statement)
    assert (seen.goes, seen.stays, seen.booked, seen.in_the_way) == (2, 0, 1, [match.line])
    with pytest.raises(removals.StillBooked):
        remove(inbox_of, statement)
    assert (BankLine.objects.count(), balance(person)) == (2, 0)
    # Undone, it goes; the books keep what was done and countered.
    inbox_of.undo(match)
    remove(inbox_of, statement)
    assert (BankLine.objects.count(), Match.objects.count(), balance(person)) == (0, 0, D("499.00"))
    assert Payment.objects.get().is_taken_back


def test_lines_that_stand_in_another_file_too_stay_with_that_one(inbox_of):
    first = take(inbox_of, "499.00", "20.00")
    second = take(inbox_of, "499.00", "20.00", "30.00")
    assert second.counts["known"] == 2
    person, _ = owing("499.00")
    inbox_of.book(inbox_of.lines()[0], person)
    seen = removals.outlook(first)
    assert (seen.goes, seen.stays, seen.booked) == (0, 2, 0)
    remove(inbox_of, first)
    assert {line.statement_id for line in inbox_of.lines()} == {second.pk}
    assert (len(inbox_of.lines()), balance(person), second.appearances.count()) == (3, 0, 3)


def test_what_was_called_the_same_as_one_of_them_is_open_again(inbox_of):
    statement = take(inbox_of, "499.00")
    take(inbox_of, "499.00", text="otra vez")
    _first, second = inbox_of.lines()
    inbox.call_double(line=second, by=inbox_of.by)
    remove(inbox_of, statement)
    assert (inbox_of.line().state, inbox_of.line().double_of) == ("open", None)


def test_while_a_task_is_at_it_it_stays(inbox_of):
    statement = take(inbox_of, "499.00")
    Statement.objects.update(state="matching")
    with pytest.raises(CannotDo):
        remove(inbox_of, statement)
    assert BankLine.objects.exists()


def test_the_page_says_what_must_be_undone_first_and_then_removes(isp, inbox_of, clerk):
    person, _ = owing("499.00")
    statement = take(inbox_of, "499.00", "20.00")
    (match,) = inbox_of.book(inbox_of.lines()[0], person)
    client = HostClient("app.localhost")
    sign_in(client, clerk)
    address = f"/wispmega/payments/inbox/statements/{statement.uuid}/remove/"
    assert address in text_of(client.get(address.removesuffix("remove/")))
    page = text_of(client.get(address))
    assert "1 line is booked" in page
    assert f"/wispmega/payments/inbox/{match.line.uuid}/" in page
    page = text_of(client.post(address, {"reason": "x"}))
    assert "1 line is booked" in page
    assert Statement.objects.exists()
    inbox_of.undo(match)
    assert client.post(address, {"reason": ""}).status_code == 422
    page = text_of(client.post(address, {"reason": "Another bank's"}, follow=True))
    assert "was removed" in page
    assert not Statement.objects.exists()
