"""Outages and messages in the portal, as those see them who may do little else."""

import pytest

from core.scope import isp_scope
from subscribers.models import Announcement
from tenants.roles import Role
from tests.dashboard.test_subscribers import LIST, staff_client, text_of
from tests.factories.subscribers import SubscriberFactory

PORTAL = "/wispmega/messages/portal/"
OUTAGE = {"kind": "outage", "title": "No signal", "audience": "everybody", "begins_at": "2026-05-01T10:00"}


@pytest.fixture
def private(isp):
    with isp_scope(isp):
        person = SubscriberFactory(number=11)
        return Announcement.objects.create(
            title="Your router is here", begins_at="2026-05-01T10:00Z", audience="subscriber", subscriber=person
        )


def test_a_technician_announces_an_outage_and_finds_it_again(isp, private):
    technician = staff_client(isp, Role.TECHNICIAN)
    assert f'href="{PORTAL}"' in technician.get("/wispmega/").content.decode()
    saved = technician.post(f"{PORTAL}new/", OUTAGE, follow=True)
    assert saved.status_code == 200
    assert "No signal" in text_of(saved)
    # What is said to one customer is a message, which they may not read.
    assert "Your router is here" not in text_of(saved)
    assert 'href="/wispmega/messages/"' not in saved.content.decode()
    for page in (f"{PORTAL}{private.uuid}/", f"{PORTAL}{private.uuid}/end/"):
        assert technician.post(page, OUTAGE).status_code == 404
    with isp_scope(isp):
        assert set(Announcement.objects.values_list("title", "ends_at")) == {
            ("No signal", None), ("Your router is here", None)
        }  # fmt: skip
    clerk = staff_client(isp, Role.SUPPORT)
    assert "Your router is here" in text_of(clerk.get(PORTAL))
    assert clerk.get("/wispmega/").content.decode().count(f'href="{PORTAL}"') == 0


def test_who_may_write_to_many_ticks_whom_without_other_bulk_changes(isp, private):
    page = staff_client(isp, Role.SUPPORT).get(LIST).content.decode()
    assert 'name="chosen" value="11"' in page
    assert "/wispmega/messages/many/begin/" in page
    assert 'name="action"' not in page
    # Who may write to nobody has nothing to tick.
    assert 'name="chosen"' not in staff_client(isp, Role.READ_ONLY).get(LIST).content.decode()


def test_a_page_that_only_a_form_leads_to_says_so(isp):
    answer = staff_client(isp, Role.SUPPORT).get("/wispmega/messages/many/begin/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This page cannot be opened by itself" in text_of(answer)
