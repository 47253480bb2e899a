"""The licence plan of an ISP: who gave it and when, in the console and on the terminal."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from tenants.models import Licence
from tenants.plans import Plan, limits_of, plan_of
from tenants.services.licences import SamePlan, change_plan
from tests.factories.tenants import PASSWORD, OperatorFactory

DAY = timedelta(days=1)


@pytest.fixture
def operator(in_public):
    return OperatorFactory(name="Olga Operator")


@pytest.fixture
def console(at, operator):
    browser = at("localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    return browser


def test_every_isp_begins_with_the_default_plan(isp, other_isp, operator, settings):
    assert plan_of(isp) == Plan.PRO
    change_plan(isp=isp, plan=Plan.FREE, by=operator)
    settings.DEFAULT_PLAN = "start"
    assert [limits_of(each).domains for each in (isp, other_isp)] == [0, 2]


def test_a_change_keeps_the_row_before_it_and_says_who(isp, operator):
    at = timezone.now()
    change_plan(isp=isp, plan=Plan.START, by=operator, at=at - 3 * DAY)
    change_plan(isp=isp, plan=Plan.PRO, by=operator, at=at)
    rows = [(row.plan, row.since, row.ended_at, row.by) for row in Licence.objects.filter(isp=isp).order_by("since")]
    assert rows == [("start", at - 3 * DAY, at, operator), ("pro", at, None, operator)]
    entry = AuditEntry.objects.filter(verb="tenants.isp.plan_changed").latest("pk")
    assert (entry.actor_id, entry.details) == (operator.pk, {"before": "start", "after": "pro"})
    with pytest.raises(SamePlan):
        change_plan(isp=isp, plan=Plan.PRO, by=operator)
    assert Licence.objects.filter(isp=isp).count() == 2


def test_only_a_smaller_plan_begins_a_grace(isp, operator, settings):
    settings.PLAN_GRACE_DAYS = 5
    at = timezone.now()
    assert change_plan(isp=isp, plan=Plan.PRO, by=operator, at=at).grace_until is None
    assert change_plan(isp=isp, plan=Plan.START, by=operator, at=at).grace_until == at + 5 * DAY
    assert change_plan(isp=isp, plan=Plan.FREE, by=operator, at=at + DAY).grace_until == at + 6 * DAY
    assert change_plan(isp=isp, plan=Plan.START, by=operator, at=at + 2 * DAY).grace_until == at + 6 * DAY


def test_the_console_shows_the_plan_and_changes_it(console, isp, other_isp):
    page = console.get(f"/console/isps/{isp.uuid}/").content.decode().partition('id="plan"')[2]
    assert "<strong>Pro</strong> · 10 domains of its own" in page
    assert "the plan of all new ISPs" in page
    path = f"/console/isps/{isp.uuid}/plan/"
    page = console.post(path, {"plan": "start"}, follow=True).content.decode()
    assert "WispMega has the plan “Start” now." in page
    shown = page.partition('id="plan"')[2]
    assert "<strong>Start</strong> · 2 domains of its own" in shown
    assert "Olga Operator" in shown.partition("</ul>")[0]
    assert "Domains beyond the plan work until" in shown
    assert "has this plan already" in console.post(path, {"plan": "start"}, follow=True).content.decode()
    with public_scope():
        assert (plan_of(isp), plan_of(other_isp)) == (Plan.START, Plan.PRO)


def test_a_plan_that_is_none_is_shown_as_wrong_and_changes_nothing(console, isp):
    response = console.post(f"/console/isps/{isp.uuid}/plan/", {"plan": "gold"})
    assert (response.status_code, b"gold" in response.content) == (422, True)
    with public_scope():
        assert not Licence.objects.exists()


def test_the_plan_is_changed_on_the_terminal(isp, operator):
    out = StringIO()
    call_command("change_plan", "wispmega", "free", "--by", operator.email, stdout=out)
    assert out.getvalue() == "WispMega has the plan free now.\n"
    assert Licence.objects.get(isp=isp).by == operator
    with pytest.raises(CommandError, match="already"):
        call_command("change_plan", "wispmega", "free")
    with pytest.raises(CommandError, match="No ISP"):
        call_command("change_plan", "nobody", "free")
