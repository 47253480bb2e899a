"""What the ISP says, on the pages of the portal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.scope import isp_scope
from subscribers.models import Announcement
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberFactory

HOST = "wispmega.localhost"


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return PortalUserFactory(username="ana", subscriber=SubscriberFactory(first_name="Ana"))


@pytest.fixture
def browser(at, ana):
    client = at(HOST)
    client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
    return client


def said(isp, title, **fields) -> Announcement:
    with isp_scope(isp):
        return Announcement.objects.create(
            **{"title": title, "begins_at": timezone.now() - timedelta(hours=1), **fields}
        )


def test_it_stands_on_the_first_page_until_it_is_put_away(isp, ana, browser):
    row = said(isp, "Work on the mast", text="Tonight.\nSee https://status.example/")
    page = browser.get("/")
    assert "Work on the mast" in page.text
    assert '<a href="https://status.example/" rel="nofollow">' in page.text
    browser.post(f"/messages/{row.uuid}/read/")
    assert "Work on the mast" not in browser.get("/").text
    assert "Work on the mast" in browser.get("/messages/").text


def test_what_is_urgent_stays(isp, ana, browser):
    row = said(isp, "Fibre cut", is_urgent=True)
    browser.post(f"/messages/{row.uuid}/read/")
    assert "Fibre cut" in browser.get("/").text


def test_nobody_reads_or_puts_away_what_was_written_to_somebody_else(isp, ana, browser):
    with isp_scope(isp):
        eva = SubscriberFactory(first_name="Eva")
    row = said(isp, "Only for Eva", audience="subscriber", subscriber=eva)
    assert "Only for Eva" not in browser.get("/").text + browser.get("/messages/").text
    assert browser.post(f"/messages/{row.uuid}/read/").status_code == 404
    with isp_scope(isp):
        assert row.reads.count() == 0


def test_who_cannot_sign_in_reads_of_the_outage(isp, at):
    said(isp, "No signal in the north", kind="outage", at_sign_in=True)
    said(isp, "For those inside")
    page = at(HOST).get("/sign-in/")
    assert "No signal in the north" in page.text
    assert "For those inside" not in page.text


def test_text_is_text(isp, ana, browser):
    said(isp, "<b>bold</b>", text="<script>alert(1)</script>")
    page = browser.get("/")
    assert "<script>alert(1)" not in page.text
    assert "&lt;b&gt;bold" in page.text


def test_many_take_as_many_queries_as_one(isp, ana, browser, count_queries):
    said(isp, "One")
    browser.get("/messages/")
    with count_queries() as few:
        browser.get("/messages/")
    for n in range(8):
        said(isp, f"More {n}", ends_at=timezone.now() - timedelta(minutes=n))
    with count_queries() as many:
        assert "More 7" in browser.get("/messages/").text
    assert len(many) == len(few)
