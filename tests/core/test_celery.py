"""Tasks run in the scope that their message names, or not at all."""

import pytest
from django.db import connection, transaction

from core import celery
from core.celery import IspTask, RefusedTask, app, enqueue_on_commit
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


def test_the_plan_of_the_scheduler_names_tasks_that_exist(settings):
    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)
    assert celery.app is app
