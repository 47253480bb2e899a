"""What a subscriber reads and does while the service is off for debt."""

import pytest
import time_machine

from billing.models import InstalmentPlan, Promise, SuspensionSettings
from billing.services import suspensions
from core.scope import isp_scope
from subscribers.models import PortalUser, Service
from subscribers.portal_roles import PortalRole
from tests.factories.billing import AT, owe, rule


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def suspended(isp, maria):
    """Maria's service, switched off for an invoice."""
    with isp_scope(isp):
        SuspensionSettings(pk=1, promises=True, instalments=True).save()
        service = Service.objects.get(subscriber=maria.subscriber)
        service.invoice = owe(maria.subscriber)
        suspensions.cut(by=None, subscriber_id=maria.subscriber_id, rule=rule(), at=AT)
    return service


def state_of(isp, service):
    with isp_scope(isp):
        return Service.objects.get(pk=service.pk).state


def test_the_home_page_says_why_and_what_to_do(suspended, browser):
    page = browser.get("/").content.decode()
    assert "Your service is switched off" in page
    assert suspended.invoice.number in page
    assert "MX$500.00" in page
    assert "March 17, 2026, noon" in page
    assert 'href="/promise/"' in page
    assert 'href="/instalments/"' in page


def test_without_a_suspension_the_home_page_says_nothing_of_it(isp, maria, browser):
    with isp_scope(isp):
        owe(maria.subscriber)
    assert 'id="suspension"' not in browser.get("/").content.decode()


def test_who_sees_no_money_reads_no_amounts(isp, suspended, browser, maria):
    with isp_scope(isp):
        PortalUser.objects.filter(pk=maria.pk).update(role=PortalRole.MEMBER)
    page = browser.get("/").content.decode()
    assert "Your service is switched off" in page
    assert suspended.invoice.number not in page
    assert "500.00" not in page
    assert browser.post("/promise/", {"until": "2026-03-19"}).status_code == 403


def test_a_promise_brings_the_service_back_once(isp, suspended, browser):
    assert "The last possible day" in browser.post("/promise/", {"until": "2026-03-30"}).content.decode()
    answer = browser.post("/promise/", {"until": "2026-03-19"}, follow=True)
    assert "Please pay until March 19, 2026" in answer.content.decode()
    assert state_of(isp, suspended) == "active"
    assert "There was one this month already." in browser.get("/promise/").content.decode()
    again = browser.post("/promise/", {"until": "2026-03-19"})
    assert (again.status_code, "There was one this month already." in again.content.decode()) == (422, True)
    with isp_scope(isp):
        assert Promise.objects.get().by_kind == "portal_user"


def test_instalments_are_asked_for_and_wait_for_the_isp(isp, suspended, browser):
    said = {"parts": "3", "first_on": "2026-03-20", "every": "14", "note": "on payday"}
    answer = browser.post("/instalments/", said, follow=True)
    assert "We have your wish" in answer.content.decode()
    assert state_of(isp, suspended) == "suspended"
    with isp_scope(isp):
        assert (InstalmentPlan.objects.get().state, InstalmentPlan.objects.get().note) == ("asked", "on payday")
    assert "MX$166.68" in browser.get("/instalments/").content.decode()


def test_what_the_isp_does_not_offer_is_not_there(isp, suspended, browser):
    with isp_scope(isp):
        SuspensionSettings.objects.update(promises=False, instalments=False)
    page = browser.get("/").content.decode()
    assert 'href="/promise/"' not in page
    assert 'href="/instalments/"' not in page
    assert "This is not offered." in browser.post("/promise/", {"until": "2026-03-19"}).content.decode()
    with isp_scope(isp):
        assert not Promise.objects.exists()
