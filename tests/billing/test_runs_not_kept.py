"""A billing run whose chunk fails only when it commits: with real commits, and a constraint that is checked then."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from billing import tasks
from billing.models import BillingRun, BillingSettings
from billing.services import runs, turns
from core.models import AuditEntry
from core.scope import isp_scope, owner_scope, public_scope
from messaging.models import Message
from tenants import directory
from tenants.models import ISP
from tenants.roles import Role
from tests.conftest import HostClient
from tests.dashboard.settings_pages import text_of
from tests.factories.staff import make_member, sign_in

ON = date(2026, 4, 1)
REFUSES = """
CREATE SEQUENCE refused;
GRANT USAGE ON SEQUENCE refused TO PUBLIC;
CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state = '{state}' AND nextval('refused') <= {times} THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'seen at the commit';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER refuses AFTER UPDATE ON billing_billingrun DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuses();
"""
MENDED = """
DROP TRIGGER IF EXISTS refuses ON billing_billingrun; DROP FUNCTION IF EXISTS refuses; DROP SEQUENCE IF EXISTS refused
"""


def as_owner(isp, sql):
    with owner_scope(isp), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def ref(committed, monkeypatch):
    monkeypatch.setattr(tasks, "queue_run", lambda **about: None)
    with public_scope():
        found = directory.open_isp(ISP.objects.get(slug="wispmega").pk)
    yield found
    as_owner(found, MENDED)
    with isp_scope(found), transaction.atomic():
        for model in (BillingRun, BillingSettings, Message, AuditEntry):
            model.objects.all().delete()


def planned(ref):
    with isp_scope(ref), transaction.atomic():
        return runs.plan_run(by=None, isp=ref, on=ON)


def begun(ref):
    run = planned(ref)
    work(ref, run)
    with isp_scope(ref), transaction.atomic():
        return runs.start_run(by=None, run=run, isp_id=ref.pk)


def work(ref, run):
    with isp_scope(ref):
        turns.work_on(isp=ref, run_id=run.pk)
    with isp_scope(ref), transaction.atomic():
        run.refresh_from_db()
    return run


def test_a_run_that_the_database_does_not_keep_stops_at_once_and_can_be_gone_on_with(ref):
    run = begun(ref)
    as_owner(ref, REFUSES.format(state="done", times=1000))
    work(ref, run)
    assert (run.state, run.report["stopped"], run.ended_at is not None) == ("stopped", {"kind": "not_kept"}, True)
    with isp_scope(ref), transaction.atomic():
        assert AuditEntry.objects.filter(verb="billing.run.stopped").count() == 1
        assert list(BillingRun.objects.held(since=run.at)) == [run]
    as_owner(ref, MENDED)
    with isp_scope(ref), transaction.atomic():
        runs.resume_run(by=None, run=run, isp_id=ref.pk)
    assert work(ref, run).state == "done"


def test_what_was_in_the_way_for_a_moment_stops_no_run(ref):
    run = begun(ref)
    as_owner(ref, REFUSES.format(state="done", times=1))
    assert (work(ref, run).state, "stopped" in run.report) == ("done", False)


def test_a_forecast_that_is_not_kept_stops_too_and_is_worked_out_again(ref):
    run = planned(ref)
    as_owner(ref, REFUSES.format(state="planned", times=2))
    assert (work(ref, run).state, run.was_begun) == ("stopped", False)
    with isp_scope(ref), transaction.atomic():
        runs.resume_run(by=None, run=run, isp_id=ref.pk)
        assert BillingRun.objects.get().state == "forecast"
    assert work(ref, run).state == "planned"


def test_without_the_defence_it_looks_busy(ref):
    """The control: this is what a chunk alone does."""
    run = begun(ref)
    as_owner(ref, REFUSES.format(state="done", times=1000))
    with isp_scope(ref), pytest.raises(IntegrityError, match="seen at the commit"):
        turns._chunk(ref, run.pk)
    with isp_scope(ref), transaction.atomic():
        assert BillingRun.objects.get().state == "running"


@pytest.mark.parametrize(("language", "words"), [("en", "did not keep its last part"), ("es", "no guardó la última")])
def test_staff_read_why_in_their_language(isp, language, words):
    staff = make_member(isp, Role.OWNER)
    staff.language = language
    with public_scope():
        staff.save()
    with isp_scope(isp):
        run = BillingRun.objects.create(on=ON, state="stopped", report={"stopped": {"kind": "not_kept"}})
    client = HostClient("app.localhost")
    sign_in(client, staff)
    page = text_of(client.get(f"/wispmega/billing/runs/{run.uuid}/"))
    assert words in page
    assert f"/billing/runs/{run.uuid}/discard/" in page
