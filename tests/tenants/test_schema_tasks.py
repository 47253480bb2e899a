"""The pool and the janitor as tasks: when they run, and what makes them."""

from django.conf import settings

from core.celery import app
from tenants import tasks
from tenants.models import OrphanSchema, SpareSchema, new_schema_name
from tenants.schemas import create_empty
from tests.factories.tenants import SignUpFactory


def test_both_run_by_the_clock():
    scheduled = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled["tenants.tasks.refill_pool"] <= 60
    assert scheduled["tenants.tasks.sweep_schemas"] <= 3600
    assert set(scheduled) <= set(app.tasks)


def test_the_pool_is_refilled_to_the_setting(in_public, settings):
    settings.SPARE_SCHEMAS = 2
    tasks.refill_pool()
    assert SpareSchema.objects.count() == 2


def test_a_schema_that_nobody_owns_is_noted(in_public):
    name = new_schema_name()
    create_empty(name)
    tasks.sweep_schemas()
    assert OrphanSchema.objects.get().schema_name == name


def test_a_new_isp_has_the_pool_refilled_at_once(in_public, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.refill_pool, "delay", lambda: sent.append("refill"))
    tasks.provision_isp(sign_up_id=SignUpFactory().pk)  # not confirmed: nothing is made
    assert sent == []
    tasks.provision_isp(sign_up_id=SignUpFactory(confirmed=True).pk)
    assert sent == ["refill"]
