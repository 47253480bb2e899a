"""A draft that two clerks start at once, and a sending that two workers have in hand. Commits for real."""

import threading
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from dashboard import sendings as words
from dashboard.services import sendings
from messaging.models import ChannelAccount, Message, MessageSettings
from subscribers.models import Sending, Subscriber
from tenants.models import ISP

ROWS = 6
SEEN = sendings.Seen(ROWS, Decimal(0))


class Clerk:
    pk, audit_label, audit_kind = 1, "Clerk", "staff"


@pytest.fixture
def prepared(committed, settings):
    settings.EMAIL_HOST = "localhost"
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        rows = Subscriber.objects.bulk_create(
            Subscriber(number=900 + n, first_name="R", email=f"r{n}@mail.example") for n in range(ROWS)
        )
        values = {"audience": "selection", "ids": [row.pk for row in rows], "subject": "S", "text": "T"}
        row = sendings.draft(by=Clerk(), values=values)
    yield isp, row
    with isp_scope(isp), transaction.atomic():
        Sending.objects.all().delete()
        Message.objects.all().delete()
        MessageSettings.objects.all().delete()
        ChannelAccount.objects.all().delete()
        Subscriber.objects.filter(first_name="R").delete()
        AuditEntry.objects.filter(verb__startswith="subscribers.").delete()


def both(isp, act):
    """What came of an act of two at once: what each raised, or nothing."""
    outcomes = []

    def run():
        try:
            with isp_scope(isp):
                act()
            outcomes.append("")
        except Exception as failure:
            outcomes.append(type(failure).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def started_twice(isp, row, monkeypatch):
    """Two clerks start it, and meet where it has been looked at; how many starts the log knows."""
    together = threading.Barrier(2)

    def can_send(medium):
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=2)  # the other one, if nothing keeps it out
        return True

    monkeypatch.setattr(sendings, "can_send", can_send)
    outcomes = both(isp, lambda: sendings.start(by=Clerk(), sending=row, version=1, seen=SEEN))
    with isp_scope(isp), transaction.atomic():
        return outcomes, AuditEntry.objects.filter(verb="subscribers.sending.started").count()


def test_of_two_clerks_one_starts_it(prepared, monkeypatch):
    assert started_twice(*prepared, monkeypatch) == (["", "CannotDo"], 1)


def test_without_the_lock_both_start_it(prepared, monkeypatch):
    """The control."""
    monkeypatch.setattr(sendings, "_locked", lambda sending, *states: Sending.objects.get(pk=sending.pk))
    assert started_twice(*prepared, monkeypatch) == (["", ""], 2)


def promised_to_both(isp, row, monkeypatch):
    """Two sendings of six are started at once with money for eight; what came of it."""
    with isp_scope(isp), transaction.atomic():
        ChannelAccount.objects.create(channel="http_sms", medium="sms", price=1)
        MessageSettings.objects.update_or_create(pk=1, defaults={"budget": 8})
        values = {"audience": "selection", "ids": row.ids, "medium": "sms", "text": "T"}
        drafts = [sendings.draft(by=Clerk(), values=values) for _ in range(2)]
    together, usual = threading.Barrier(2), sendings.month_of

    def month_of(settings, **how):
        found = usual(settings, **how)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=2)
        return found

    monkeypatch.setattr(sendings, "month_of", month_of)
    seen = sendings.Seen(ROWS, Decimal(ROWS))
    return both(isp, lambda: sendings.start(by=Clerk(), sending=drafts.pop(), version=1, seen=seen))


def test_of_two_sendings_at_once_the_budget_is_promised_to_one(prepared, monkeypatch):
    assert promised_to_both(*prepared, monkeypatch) == ["", "TooDear"]


def test_without_the_lock_it_is_promised_to_both(prepared, monkeypatch):
    """The control."""
    monkeypatch.setattr(MessageSettings, "locked", MessageSettings.load)
    assert promised_to_both(*prepared, monkeypatch) == ["", ""]


def written_by_two_sendings(isp, row, monkeypatch):
    """Two sendings to the same people are worked off at once, of whom each may get one a day; how many were written."""
    with isp_scope(isp), transaction.atomic():
        MessageSettings.objects.update_or_create(pk=1, defaults={"daily_most": 1})
        values = {"audience": "selection", "ids": row.ids, "subject": "S", "text": "T"}
        begun = [sendings.draft(by=Clerk(), values=values).pk for _ in range(2)]
        Sending.objects.filter(pk__in=begun).update(state=Sending.State.RUNNING)
    together, usual = threading.Barrier(2), words.many.got_since

    def got_since(*args):
        found = usual(*args)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=2)
        return found

    monkeypatch.setattr(words.many, "got_since", got_since)

    def work():
        with transaction.atomic():
            sendings.work_off(sending_id=begun.pop())

    assert both(isp, work) == ["", ""]
    with isp_scope(isp), transaction.atomic():
        return Message.objects.exclude(sending=None).count()


def test_of_two_sendings_at_once_one_fills_the_day(prepared, monkeypatch):
    assert written_by_two_sendings(*prepared, monkeypatch) == ROWS


def test_without_the_lock_both_fill_it(prepared, monkeypatch):
    """The control."""
    monkeypatch.setattr(MessageSettings, "locked", MessageSettings.load)
    assert written_by_two_sendings(*prepared, monkeypatch) == 2 * ROWS


def test_two_workers_write_to_each_once(prepared, monkeypatch):
    isp, row = prepared
    monkeypatch.setattr(words, "PART", 2)
    with isp_scope(isp):
        sendings.start(by=Clerk(), sending=row, version=1, seen=SEEN)

    def work():
        for _ in range(3 * ROWS):
            with transaction.atomic():
                sendings.work_off(sending_id=row.pk)

    assert both(isp, work) == ["", ""]
    with isp_scope(isp), transaction.atomic():
        row.refresh_from_db()
        assert (row.state, row.position, row.written) == ("done", ROWS, ROWS)
        assert Message.objects.of_sending(row.uuid).count() == ROWS
