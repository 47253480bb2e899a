"""An export may take longer than its task is waited for: its task comes again, and it is made once at a time."""

import threading
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.db import connection, transaction
from django.utils import timezone

from core.celery import app
from core.lease import Busy, lease
from core.scope import public_scope
from tenants import tasks
from tenants.models import DataExport
from tenants.roles import Role
from tenants.services import exports

# What may take longer than TASK_SECONDS, because it holds a lease.
LEASED = {"tenants.tasks.make_export"}


@pytest.fixture
def order(full_isp, monkeypatch):
    """An export that was asked for and whose task nobody has."""
    monkeypatch.setattr("tenants.tasks.make_export.delay", lambda **kwargs: None)
    with public_scope(), transaction.atomic():
        order = exports.ask_for_export(isp=full_isp.isp, by=full_isp.staff[Role.OWNER])
    yield order
    with public_scope():
        DataExport.objects.filter(pk=order.pk).delete()


@pytest.fixture
def under_way(order, monkeypatch):
    """A worker is in the middle of the export; gives how often one was begun, and lets it end."""
    begun, go_on, real = [], threading.Event(), exports.export
    in_the_middle = threading.Event()

    def slow(**arguments):
        begun.append(threading.current_thread().name)
        if len(begun) == 1:
            in_the_middle.set()
            go_on.wait(timeout=60)
        return real(**arguments)

    monkeypatch.setattr(exports, "export", slow)

    def work():
        try:
            tasks.make_export(export_id=order.pk)
        except exports.CannotExport as error:
            # Its place is taken: somebody else was made, too.
            assert "exists already" in str(error)  # noqa: PT017
        finally:
            in_the_middle.set()
            connection.close()

    thread = threading.Thread(target=work)

    @contextmanager
    def running():
        thread.start()
        assert in_the_middle.wait(timeout=60)
        try:
            yield begun
        finally:
            go_on.set()
            thread.join(timeout=60)

    return running


def state(order):
    with public_scope():
        order.refresh_from_db()
    return order.state


def test_a_task_that_is_delivered_again_leaves_an_export_that_is_being_made(order, under_way):
    with under_way() as begun:
        tasks.make_export(export_id=order.pk)
        assert len(begun) == 1
        assert state(order) == "running"
    assert state(order) == "done"
    tasks.make_export(export_id=order.pk)
    assert len(begun) == 1


def test_without_the_lease_it_would_be_made_twice_at_once(order, under_way, monkeypatch):
    monkeypatch.setattr(exports, "lease", lambda what, number: nullcontext())
    with under_way() as begun:
        tasks.make_export(export_id=order.pk)
        assert len(begun) == 2


def test_an_export_whose_worker_died_is_made_by_the_next_delivery_or_the_sweep(order, monkeypatch):
    with public_scope():
        DataExport.objects.filter(pk=order.pk).update(state=DataExport.State.RUNNING, started_at=timezone.now())
    sent = []
    monkeypatch.setattr("tenants.tasks.make_export.delay", lambda **kwargs: sent.append(kwargs))
    tasks.sweep_exports()
    assert sent == [{"export_id": order.pk}]
    tasks.make_export(**sent[0])
    assert state(order) == "done"


def test_an_export_that_no_worker_survives_is_given_up(order, monkeypatch):
    sent = []
    monkeypatch.setattr("tenants.tasks.make_export.delay", lambda **kwargs: sent.append(kwargs))
    with public_scope():
        long_ago = timezone.now() - exports.GIVEN_UP - timedelta(minutes=1)
        DataExport.objects.filter(pk=order.pk).update(state=DataExport.State.RUNNING, asked_at=long_ago)
    tasks.sweep_exports()
    assert (state(order), sent) == ("failed", [])


def test_a_lease_is_for_one_piece_of_work_and_ends_with_its_owner(committed):
    def taken(what, number):
        try:
            with lease(what, number):
                return False
        except Busy:
            return True

    with lease("export", 1):
        assert [taken("export", 1), taken("export", 2), taken("other", 1)] == [True, False, False]
    assert not taken("export", 1)


def test_every_other_task_ends_before_it_is_given_to_another_worker():
    app.loader.import_default_modules()
    waits_for_another_attempt = 60
    default = app.conf.task_time_limit
    ours = {name: task for name, task in app.tasks.items() if not name.startswith(("celery.", "bench."))}
    longer = {
        name
        for name, task in ours.items()
        if (task.time_limit or default) + waits_for_another_attempt >= configured.TASK_SECONDS
    }
    assert longer == LEASED
    assert ours["tenants.tasks.make_export"].soft_time_limit < ours["tenants.tasks.make_export"].time_limit
