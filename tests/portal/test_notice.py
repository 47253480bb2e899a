"""Notice pages: who is found, what they tell, and where they work."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError

from billing.models import NoticeSource, NoticeText, Promise, SuspensionSettings
from billing.notice_links import LIFE, notice_path
from billing.services import suspensions
from core.scope import isp_scope, public_scope
from domains import resolver
from domains.models import Domain
from portal import notice as notices
from subscribers.models import Announcement, Router, Service, Subscriber
from tests.factories.billing import AT, owe, rule
from tests.factories.subscribers import ServiceFactory, ZoneFactory

ROUTER, LINE = "203.0.113.7", "10.20.0.10"


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def rosa(isp):
    """A subscriber who is cut off, at a line with a private address behind a router that the ISP trusts."""
    with isp_scope(isp):
        SuspensionSettings(pk=1, promises=True).save()
        service = ServiceFactory(
            subscriber__first_name="Rosa", subscriber__last_name="Secreto", subscriber__number=1077, ip_address=LINE
        )
        service.invoice = owe(service.subscriber, "499")
        suspensions.cut(by=None, subscriber_id=service.subscriber_id, rule=rule(), at=AT)
        NoticeSource.objects.create(network=f"{ROUTER}/32")
        service.link = notice_path(service.subscriber)
    return service


def look(at, path="/notice/", host="wispmega.localhost", **meta):
    return at(host).get(path, **meta)


def by_line(at, line=LINE, router=ROUTER, path="/notice/"):
    return look(at, path, REMOTE_ADDR=router, HTTP_X_FORWARDED_FOR=line).content.decode()


def test_whoever_sits_at_the_line_reads_invoice_amount_rule_and_hour(at, rosa):
    page = by_line(at)
    assert "Your Internet service is switched off" in page
    assert "Hello Rosa," in page
    assert rosa.invoice.number in page
    assert "MX$499.00" in page
    assert "Switched off on March 17, 2026, noon" in page
    assert "5 days after its due date" in page
    assert 'href="http://wispmega.localhost/promise/"' in page
    for kept in ("Secreto", "1077", rosa.subscriber.email, rosa.subscriber.address):
        assert kept not in page


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "198.51.100.9", "HTTP_X_FORWARDED_FOR": LINE},  # another sender says so
        {"REMOTE_ADDR": LINE},  # a private address that reaches us in some other way
        {"REMOTE_ADDR": ROUTER},  # the router itself, or what it does not name
        {"REMOTE_ADDR": ROUTER, "HTTP_X_FORWARDED_FOR": f"{LINE}, nonsense"},
        {"REMOTE_ADDR": ROUTER, "HTTP_X_FORWARDED_FOR": "10.20.0.99"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_what_is_not_certain_is_nobody(at, rosa, meta):
    page = look(at, **meta).content.decode()
    assert "Your Internet service is switched off" in page
    for kept in ("Rosa", rosa.invoice.number, "499"):
        assert kept not in page


def test_who_owes_nothing_and_is_connected_is_told_so(at, isp, rosa):
    with isp_scope(isp):
        clear = ServiceFactory(subscriber__first_name="Berta", ip_address="10.20.0.11")
        off = ServiceFactory(subscriber__first_name="Olga", ip_address="10.20.0.12", state="suspended")
        soon = ServiceFactory(subscriber__first_name="Sara", ip_address="10.20.0.13")
        owe(soon.subscriber, "10", late=-3)
        link = notice_path(clear.subscriber)
    for page in (by_line(at, str(clear.ip_address)), look(at, link).content.decode()):
        assert "Your service is on" in page
        assert "switched off" not in page
    assert "Your service is on" in by_line(at, str(clear.ip_address), path="/notice/cut-off/")
    # Not whose service was switched off by hand, nor who has a bill that is due soon.
    assert "Your Internet service is switched off" in by_line(at, str(off.ip_address))
    assert "Your service is on" not in by_line(at, str(soon.ip_address))


def test_outages_and_works_stand_on_top_where_they_are(at, isp, rosa):
    """Of one's own zone for whoever sits at the line; for strangers only what the sign-in page says, too."""
    with isp_scope(isp):
        here, there = ZoneFactory(name="North"), ZoneFactory(name="South")
        Subscriber.objects.filter(pk=rosa.subscriber_id).update(zone=here)
        begun = {"begins_at": AT - timedelta(hours=1), "audience": "zone"}
        Announcement.objects.create(title="Fibre cut here", kind="outage", zone=here, at_sign_in=True, **begun)
        Announcement.objects.create(title="Works there", kind="maintenance", zone=there, **begun)
        Announcement.objects.create(title="Ended", kind="outage", zone=here, ends_at=AT, **begun)
        Announcement.objects.create(title="A new office", kind="message", zone=here, **begun)
        own = {**begun, "audience": "subscriber", "subscriber": rosa.subscriber}
        Announcement.objects.create(title="Your own line", kind="outage", **own)
        link = notice_path(rosa.subscriber)
    pages = [by_line(at), look(at, link).content.decode(), look(at, REMOTE_ADDR="198.51.100.9").content.decode()]
    for page in pages:
        assert "Fibre cut here" in page
        assert "since 03/17/2026" in page
        for kept in ("Works there", "Ended", "A new office", "Your own line"):
            assert kept not in page


def test_behind_our_own_proxy_the_router_is_whom_the_proxy_saw(at, rosa, settings):
    settings.BEHIND_PROXY = True
    said = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"198.51.100.1, {LINE}, {ROUTER}"}
    assert "Hello Rosa," in look(at, **said).content.decode()
    # Whoever writes the router's address into the header is seen last all the same.
    forged = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"{LINE}, {ROUTER}, 198.51.100.9"}
    assert "Rosa" not in look(at, **forged).content.decode()


def test_ucrm_2_7_7_an_address_that_several_share_shows_no_names(at, isp, rosa):
    with isp_scope(isp):
        north, south = Router.objects.create(name="North"), Router.objects.create(name="South")
        Service.objects.filter(pk=rosa.pk).update(router=north)
        other = ServiceFactory(subscriber__first_name="Otto", ip_address=LINE, router=south)
        owe(other.subscriber, "777")
    page = by_line(at)
    for kept in ("Rosa", "Otto", "499", "777"):
        assert kept not in page
    # The control: the router that speaks is known.
    with isp_scope(isp):
        NoticeSource.objects.update(router=south)
    page = by_line(at)
    assert ("Otto" in page, "Rosa" in page, "MX$777.00" in page) == (True, False, True)


def test_a_line_with_a_public_address_needs_no_router(at, isp, rosa):
    with isp_scope(isp):
        Service.objects.filter(pk=rosa.pk).update(ip_address="2a00:1450::7")
    assert "Hello Rosa," in look(at, REMOTE_ADDR="2a00:1450::7").content.decode()
    with isp_scope(isp):
        Service.objects.filter(pk=rosa.pk).update(state="ended")
    assert "Rosa" not in look(at, REMOTE_ADDR="2a00:1450::7").content.decode()


def test_the_address_of_one_isp_finds_nobody_at_another(at, rosa):
    page = look(at, host="fibrandina.localhost", REMOTE_ADDR=ROUTER, HTTP_X_FORWARDED_FOR=LINE).content.decode()
    assert "Rosa" not in page


def test_a_link_shows_first_name_invoice_and_amount_and_nothing_else(at, rosa):
    page = look(at, rosa.link).content.decode()
    assert "Hello Rosa," in page
    assert rosa.invoice.number in page
    assert f"https://wispmega.localhost{rosa.link}promise/".replace("https", "http") in page
    for kept in ("Secreto", "1077", rosa.subscriber.email, LINE):
        assert kept not in page


def test_a_link_ends_and_belongs_to_one_isp_and_one_subscriber(at, isp, other_isp, rosa):
    assert look(at, rosa.link, host="fibrandina.localhost").status_code == 404
    signed = rosa.link.split("/")[3]
    other = signed[:40] + ("A" if signed[40] != "A" else "B") + signed[41:]
    for forged in (other, f"{signed}x", signed[:-4], "1077", "a.b.c", "ñ"):
        gone = look(at, f"/notice/s/{forged}/")
        assert (gone.status_code, "This link has run out" in gone.content.decode()) == (404, True)
    with time_machine.travel(AT + LIFE + timedelta(seconds=2), tick=False):
        assert look(at, rosa.link).status_code == 404


def test_a_promise_by_the_link_is_asked_for_before_it_is_made(at, isp, rosa):
    client = at("wispmega.localhost")
    page = client.get(f"{rosa.link}promise/").content.decode()
    assert "I promise to pay" in page
    with isp_scope(isp):
        assert not Promise.objects.exists()
    wrong = client.post(f"{rosa.link}promise/", {"until": "2026-04-30"})
    assert (wrong.status_code, "The last possible day" in wrong.content.decode()) == (422, True)
    done = client.post(f"{rosa.link}promise/", {"until": "2026-03-19"}).content.decode()
    assert "Please pay until March 19, 2026" in done
    with isp_scope(isp):
        assert Service.objects.get(pk=rosa.pk).state == "active"
        assert "Rosa" in Promise.objects.get().by_name
    assert "There was one this month already." in client.get(f"{rosa.link}promise/").content.decode()
    client.post("/notice/s/forged/promise/", {"until": "2026-03-19"})
    with isp_scope(isp):
        assert Promise.objects.count() == 1


def test_a_promise_is_made_over_https_alone(at, rosa, settings):
    settings.SECURE, settings.PUBLIC_SCHEME = True, "https"
    answer = at("wispmega.localhost").get(f"{rosa.link}promise/")
    assert (answer.status_code, answer["Location"]) == (302, f"https://wispmega.localhost{rosa.link}promise/")
    assert at("wispmega.localhost").get(f"{rosa.link}promise/", secure=True).status_code == 200


def test_a_promise_by_the_link_needs_the_page_that_asks(isp, rosa):
    """Another site cannot have a visitor promise."""
    from django.test import Client

    strict = Client(enforce_csrf_checks=True, HTTP_HOST="wispmega.localhost")
    assert strict.post(f"{rosa.link}promise/", {"until": "2026-03-19"}).status_code == 403
    with isp_scope(isp):
        assert not Promise.objects.exists()


@pytest.mark.parametrize("kind", ["", "cut-off/", "payment-due/", "maintenance/", "custom/"])
def test_a_page_is_light_stands_alone_and_asks_for_no_password(at, rosa, kind):
    answer = look(at, f"/notice/{kind}", REMOTE_ADDR=ROUTER, HTTP_X_FORWARDED_FOR=LINE)
    page = answer.content.decode()
    assert len(answer.content) < 14_000
    assert "<script" not in page
    assert "<link" not in page
    assert "<img" not in page
    assert "password" not in page.replace("This page never asks for a password.", "")
    assert "<form" not in page
    hosts = set(re.findall(r"https?://([^/\"]+)", page))
    assert hosts <= {"wispmega.localhost"}
    assert answer["Cache-Control"] == "no-store"
    assert not answer.cookies


def test_unknown_kinds_are_no_pages(at, isp):
    assert look(at, "/notice/whatever/").status_code == 404


def test_the_isp_chooses_the_words_and_nothing_in_them_can_do_harm(at, isp):
    text = "**Back at noon**\n\n<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png)"
    with isp_scope(isp):
        NoticeText.objects.create(kind="maintenance", title="We <b>climb</b> the tower", text=text)
    page = look(at, "/notice/maintenance/").content.decode()
    assert "<strong>Back at noon</strong>" in page
    assert "We &lt;b&gt;climb&lt;/b&gt; the tower" in page
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page


def test_ours_are_in_spanish_too(at, isp):
    page = look(at, "/notice/cut-off/", HTTP_ACCEPT_LANGUAGE="es").content.decode()
    assert "Su servicio de Internet está suspendido" in page


def test_over_plain_http_a_page_is_shown_and_browsers_are_told_nothing(at, isp, settings):
    settings.PUBLIC_SCHEME = "https"
    answer = at("wispmega.localhost").get("/notice/", secure=False)
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer
    assert 'href="https://wispmega.localhost/' in answer.content.decode()


def test_names_that_lead_elsewhere_by_now_show_notices_all_the_same(at, isp):
    """A router knows the name that was printed into it long ago, and its walled garden may know no other."""
    with public_scope():
        Domain.objects.create(
            isp=isp, host="viejo.wispmega.example", surface="portal", verified_at=AT, is_primary=False
        )
        Domain.objects.create(isp=isp, host="nuevo.wispmega.example", surface="portal", verified_at=AT, is_primary=True)
    resolver.forget_all()
    for host in ("viejo.wispmega.example", "www.nuevo.wispmega.example"):
        answer = look(at, host=host)
        assert (answer.status_code, "WispMega" in answer.content.decode()) == (200, True)
        # The control: all else leads to the name of today.
        assert look(at, "/sign-in/", host=host).status_code in (301, 302)


def test_when_the_database_is_slow_there_is_a_page_that_says_less(at, isp, monkeypatch):
    def slow(*args, **said):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(notices, "find", slow)
    answer = look(at, "/notice/cut-off/")
    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Your Internet service is switched off" in page
    assert "WispMega" in page
    assert "Try again in a minute" in page


def test_a_statement_that_takes_too_long_is_given_up(at, isp, monkeypatch):
    """The real thing: PostgreSQL ends it."""
    from django.db import connection

    from portal import notice_views

    monkeypatch.setattr(notice_views, "PATIENCE", 20)

    def sleepy(*args, **said):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(notices, "find", sleepy)
    assert look(at, "/notice/cut-off/").status_code == 503


def test_links_are_looked_at_a_bounded_number_of_times(at, rosa, monkeypatch):
    from portal import notice_views

    with public_scope():
        cache.clear()
    monkeypatch.setattr(notice_views, "PER_NETWORK", 2)
    answers = [look(at, rosa.link).status_code for _ in range(3)]
    assert answers == [200, 200, 404]


def test_whoever_sets_a_router_up_sees_what_reaches_us_and_not_whose_line_it_is(at, isp, rosa):
    page = by_line(at, path="/notice/check/")
    for seen in (ROUTER, LINE, "Good: a notice here would name invoice and amount."):
        assert seen in page
    for kept in ("Rosa", rosa.invoice.number, "499"):
        assert kept not in page
    page = look(at, "/notice/check/", REMOTE_ADDR=ROUTER).content.decode()
    assert "does not say who is behind it" in page
    page = look(at, "/notice/check/", REMOTE_ADDR="198.51.100.9", HTTP_X_FORWARDED_FOR=LINE).content.decode()
    assert "none of your routers" in page
    assert LINE not in page
    assert 'href="http://wispmega.localhost/notice/check/"' in page
    assert "No service has the address" in by_line(at, line="10.9.9.9", path="/notice/check/")
