"""A bulk run that two workers have in hand. Commits for real."""

import threading
from contextlib import suppress

import pytest
from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from dashboard import bulk
from dashboard.services import bulk_runs
from subscribers.models import BulkRun, Subscriber, Zone
from tenants.models import ISP

ROWS = 12


@pytest.fixture
def prepared(committed, monkeypatch):
    """A run of many small parts that moves twelve subscribers to a zone."""
    monkeypatch.setattr(bulk_runs, "PART", 2)
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        zone = Zone.objects.create(name="Race")
        rows = Subscriber.objects.bulk_create(Subscriber(number=900 + n, first_name="R") for n in range(ROWS))
        run = BulkRun.objects.create(
            action="set-zone",
            parameters={"zone": str(zone.uuid)},
            ids=[row.pk for row in rows],
            total=ROWS,
            state="waiting",
            by_id=1,
            by_name="Clerk",
        )
    yield isp, run
    with isp_scope(isp), transaction.atomic():
        BulkRun.objects.all().delete()
        Subscriber.objects.filter(first_name="R").delete()
        Zone.objects.filter(name="Race").delete()
        AuditEntry.objects.filter(verb__startswith="subscribers.").delete()


def two_workers(isp, run, monkeypatch):
    """Both work it off until nothing is left, and meet in the first part: how many audit rows each subscriber got."""
    together, failures = threading.Barrier(2), []
    usual, met = bulk.perform, set()

    def perform(*args, **kwargs):
        me = threading.get_ident()
        if me not in met:
            met.add(me)
            with suppress(threading.BrokenBarrierError):
                together.wait(timeout=2)  # the other one, if nothing keeps it out
        return usual(*args, **kwargs)

    monkeypatch.setattr(bulk_runs, "perform", perform)

    def work():
        try:
            with isp_scope(isp):
                for _ in range(3 * ROWS):
                    with transaction.atomic():
                        bulk_runs.work_off(run_id=run.pk)
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    with isp_scope(isp), transaction.atomic():
        run.refresh_from_db()
        moved = AuditEntry.objects.filter(verb="subscribers.subscriber.changed").values_list("target_id", flat=True)
        return sorted(moved), run


def test_each_subscriber_is_looked_at_once(prepared, monkeypatch):
    moved, run = two_workers(*prepared, monkeypatch)
    assert len(moved) == len(set(moved)) == ROWS
    assert (run.state, run.position, run.changed, run.left_out_count) == ("done", ROWS, ROWS, 0)


def test_without_the_lock_on_the_run_a_part_is_done_twice(prepared, monkeypatch):
    """The control: both take the first part, and the second one counts as left out whom the first one has moved."""
    unlocked = BulkRun.objects.all()
    monkeypatch.setattr(type(unlocked), "select_for_update", lambda self, **how: self.all())
    moved, run = two_workers(*prepared, monkeypatch)
    assert len(moved) > len(set(moved)) or run.changed != ROWS or run.left_out.exists()
