"""Tasks run in the scope that their message names, or not at all."""

import time
from unittest.mock import patch

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from core import celery, fair_queue
from core.celery import RETRIES, IspTask, RefusedTask, app, enqueue_on_commit
from core.scope import OutsideTransaction, ScopeConflict, current, isp_scope, public_scope
from subscribers.models import Zone
from tenants.models import IspSuspension, StaffUser


@pytest.fixture
def task():
    """Makes tasks that are gone after the test."""
    made = []

    def make(run, **options):
        made.append(f"tests.{run.__name__}{len(made)}")
        return app.task(run, name=made[-1], **options)

    yield make
    for name in made:
        app.tasks.unregister(name)


def where():
    return current().schema_name


def test_an_isps_task_runs_in_its_scope_in_one_transaction(isp, other_isp, task):
    def look(*, isp_id):
        return where(), connection.in_atomic_block

    look = task(look, base=IspTask)
    assert look(isp_id=isp.pk) == (isp.schema_name, True)
    assert look(isp_id=other_isp.pk) == (other_isp.schema_name, True)
    assert look.apply(kwargs={"isp_id": isp.pk}).get() == (isp.schema_name, True)
    assert current() is None


def test_a_failed_task_leaves_nothing_behind(isp, task):
    def fail(*, isp_id):
        Zone.objects.create(name="half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        task(fail, base=IspTask)(isp_id=isp.pk)
    with isp_scope(isp), transaction.atomic():
        assert not Zone.objects.exists()


def test_a_task_that_calls_outside_systems_opens_its_own_transactions(committed, task):
    from tenants.models import ISP

    with public_scope():
        isp = ISP.objects.get(slug="wispmega")

    def call(*, isp_id):
        assert not connection.in_atomic_block
        with pytest.raises(OutsideTransaction):
            Zone.objects.count()
        with transaction.atomic():
            return Zone.objects.count()

    assert task(call, base=IspTask, atomic=False)(isp_id=isp.pk) == 0


@pytest.mark.parametrize("isp_id", [None, 0, 10**12])
def test_a_task_without_an_isp_that_is_there_is_refused_and_never_run_in_public(isp, task, isp_id):
    ran = []

    def run(*, isp_id):
        ran.append(where())

    with pytest.raises(RefusedTask):
        task(run, base=IspTask)(isp_id=isp_id)
    with pytest.raises(RefusedTask):
        task(run, base=IspTask)()
    assert ran == []


def test_a_suspended_isps_tasks_are_refused_until_it_is_back(isp, other_isp, task):
    def run(*, isp_id):
        return "ran"

    run = task(run, base=IspTask)
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", is_operator=True)
        suspension = IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=operator)
    with pytest.raises(RefusedTask):
        run(isp_id=isp.pk)
    assert run(isp_id=other_isp.pk) == "ran"
    with public_scope():
        suspension.delete()
    assert run(isp_id=isp.pk) == "ran"


def test_a_task_called_within_another_isp_is_refused(isp, other_isp, task):
    def run(*, isp_id):
        return "ran"

    with isp_scope(other_isp), pytest.raises(ScopeConflict):
        task(run, base=IspTask)(isp_id=isp.pk)


def test_other_tasks_run_in_public(db, task):
    def run():
        return where()

    assert task(run)() == "public"
    assert current() is None


def test_a_task_is_sent_once_the_transaction_is_durable(isp, django_capture_on_commit_callbacks, caplog):
    sent = []

    class Fake:
        def delay(self, **kwargs):
            sent.append(kwargs)
            if kwargs["isp_id"] == 2:
                raise ConnectionError("the broker is down")

    with public_scope(), django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        enqueue_on_commit(Fake(), isp_id=1)
        assert sent == []
    assert sent == [{"isp_id": 1}]
    with pytest.raises(KeyError), public_scope(), transaction.atomic():  # noqa: PT012
        enqueue_on_commit(Fake(), isp_id=3)
        raise KeyError
    with public_scope(), django_capture_on_commit_callbacks(execute=True):
        enqueue_on_commit(Fake(), isp_id=2)
    assert sent[1:] == [{"isp_id": 2}]
    assert "the broker is down" in caplog.text


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("kind", ["isp", "platform"])
def test_a_task_is_tried_again_when_the_database_goes_away(isp, task, error, kind):
    attempts = []

    def run(**kwargs):
        attempts.append(where())
        if len(attempts) < 3:
            raise error

    if kind == "isp":
        task(run, base=IspTask).apply(kwargs={"isp_id": isp.pk})
        assert attempts == [isp.schema_name] * 3
    else:
        task(run).apply()
        assert attempts == ["public"] * 3
    assert current() is None


def test_a_task_is_given_up_in_the_end_and_other_errors_are_not_tried_again(isp, task):
    attempts = []

    def run(*, isp_id, error):
        attempts.append(error)
        raise {"away": OperationalError, "bug": ZeroDivisionError}[error]

    run = task(run, base=IspTask)
    assert run.apply(kwargs={"isp_id": isp.pk, "error": "away"}).failed()
    assert attempts == ["away"] * (RETRIES + 1)
    assert run.apply(kwargs={"isp_id": isp.pk, "error": "bug"}).failed()
    assert attempts[RETRIES + 1 :] == ["bug"]
    with pytest.raises(OperationalError):
        run(isp_id=isp.pk, error="away")


def test_the_wait_between_two_attempts_grows_up_to_a_minute(isp, task, monkeypatch):
    def run(*, isp_id):
        raise OperationalError

    run = task(run, base=IspTask)
    waits = []
    real = run.retry
    monkeypatch.setattr(run, "retry", lambda **options: waits.append(options["countdown"]) or real(**options))
    run.apply(kwargs={"isp_id": isp.pk})
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert set(waits[7:]) == {60}


def test_the_message_of_an_isps_task_says_whose_it_is(task, settings):
    name = f"test-lane-{settings.TEST_SLOT}-{settings.TEST_WORKER}"

    def run(**kwargs):
        """Never run here."""

    theirs, ours = task(run, base=IspTask), task(run)
    with app.connection_for_write() as broker:
        queue = app.amqp.queues.select_add(name)(broker.default_channel)
        queue.declare()
        try:
            theirs.apply_async(kwargs={"isp_id": 7}, queue=name, connection=broker)
            ours.apply_async(queue=name, connection=broker)
            messages = [queue.get(no_ack=True), queue.get(no_ack=True)]
            assert {fair_queue.lane({"headers": each.headers}) for each in messages} == {"isp:7", "platform"}
        finally:
            queue.delete()
            app.amqp.queues.deselect(name)
            app.amqp.queues.pop(name, None)


def test_a_worker_looks_an_isp_up_once_a_second_and_refuses_it_a_second_after_its_suspension(isp, task, count_queries):
    def run(*, isp_id):
        return list(Zone.objects.all())

    run = task(run, base=IspTask)

    def in_worker():
        return run.apply(kwargs={"isp_id": isp.pk}, throw=True)

    in_worker()
    with count_queries() as counted:
        in_worker()
    assert [query["sql"] for query in counted if "tenants_isp" in query["sql"]] == []
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", is_operator=True)
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=operator)
    with pytest.raises(RefusedTask):
        run(isp_id=isp.pk)  # not in a worker: looked up afresh
    later = time.monotonic() + 1.01
    with patch("core.caching.time.monotonic", lambda: later), pytest.raises(RefusedTask):
        in_worker()


def test_the_plan_of_the_scheduler_names_tasks_that_exist(settings):
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
    assert celery.app is app
