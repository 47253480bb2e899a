"""Closing with a time of grace: who sees what, and taking it back."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.celery import RefusedTask
from core.models import AuditEntry
from core.scope import public_scope
from domains import resolver
from tenants.directory import open_isp
from tenants.models import Closing, DataExport, Deletion
from tenants.roles import Role
from tenants.services import deletions
from tenants.services.closings import AlreadyClosed, NotClosed, TooLate, cancel_closing, close
from tests.factories.staff import make_member, sign_in
from tests.factories.tenants import PASSWORD, OperatorFactory


@pytest.fixture
def operator(db):
    with public_scope():
        return OperatorFactory(name="Olga Operator", email="olga@example.com")


@pytest.fixture
def console(at, operator):
    browser = at("localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    return browser


@pytest.fixture
def closed(isp, operator):
    with public_scope():
        closing = close(isp=isp, reason="Sold to a neighbour", by=operator)
    resolver.forget_all()
    return closing


def test_the_hosts_of_a_closed_isp_answer_neutrally_and_tasks_are_refused(at, isp, other_isp, closed):
    for host, path in (("wispmega.localhost", "/"), ("portal.localhost", "/install/wispmega/")):
        response = at(host).get(path)
        assert (response.status_code, "Sold" in response.text, "WispMega" in response.text) == (503, False, False)
    with public_scope():
        with pytest.raises(RefusedTask):
            open_isp(isp.pk)
        assert open_isp(other_isp.pk).slug == "fibrandina"


def test_staff_read_why_and_until_when_and_the_owner_can_export(at, isp, closed):
    for role, may in ((Role.OWNER, True), (Role.SUPPORT, False)):
        browser = at("app.localhost")
        sign_in(browser, make_member(isp, role))
        page = browser.get("/wispmega/subscribers/")
        assert page.status_code == 503
        assert "Sold to a neighbour" in page.text
        assert f"{closed.ends_at:%Y-%m-%d %H:%M}" in page.text
        assert ("/wispmega/export/" in page.text) == may
        exports = browser.get("/wispmega/export/")
        assert ("There is no export yet" in exports.text) == may


def test_a_suspended_isp_has_no_export_page(at, isp, operator):
    from tenants.services.isps import suspend

    with public_scope():
        suspend(isp=isp, reason="Unpaid", by=operator)
    browser = at("app.localhost")
    sign_in(browser, make_member(isp, Role.OWNER))
    page = browser.get("/wispmega/export/")
    assert (page.status_code, "Unpaid" in page.text) == (503, True)


def test_asking_twice_makes_one_export(at, isp, closed):
    browser = at("app.localhost")
    sign_in(browser, make_member(isp, Role.OWNER))
    for _ in range(2):
        page = browser.post("/wispmega/export/", follow=True).text
    assert "is being made" in page
    with public_scope():
        assert DataExport.objects.filter(isp=isp).count() == 1


def test_only_the_own_finished_export_can_be_downloaded(at, isp, other_isp, settings):
    from tenants.services.exports import export_path

    with public_scope():
        rows = [DataExport.objects.create(isp=each, state="done") for each in (isp, other_isp)]
        for row in rows:
            export_path(row).parent.mkdir(parents=True)
            export_path(row).write_text(f"of {row.isp.slug}")
    browser = at("app.localhost")
    sign_in(browser, make_member(isp, Role.OWNER))
    assert browser.get(f"/wispmega/export/{rows[0].uuid}/").getvalue() == b"of wispmega"
    with public_scope():
        assert AuditEntry.objects.get(verb="tenants.export.downloaded").target_id == str(isp.pk)
    refused = browser.get(f"/wispmega/export/{rows[1].uuid}/")
    assert (refused.status_code, b"of fibrandina" in refused.getvalue()) == (404, False)


def test_the_list_of_exports_costs_the_same_for_one_and_for_many(at, isp, count_queries):
    browser = at("app.localhost")
    owner = make_member(isp, Role.OWNER)
    sign_in(browser, owner)
    costs = []
    for more in (1, 9):
        with public_scope():
            for _ in range(more):
                DataExport.objects.create(isp=isp, asked_by=owner, state="done", size=1)
        browser.get("/wispmega/export/")
        with count_queries() as counter:
            assert browser.get("/wispmega/export/").text.count("Download</a>") >= more
        costs.append(len(counter))
    assert costs[0] == costs[1]


def test_the_console_tells_closed_from_suspended(console, isp, other_isp, closed):
    page = console.get("/console/").text
    assert page.count(">closed<") == 1
    assert ">suspended<" not in page.partition("<tbody")[2]


def test_cancelling_opens_it_again(at, isp, closed, operator):
    with public_scope():
        cancel_closing(isp=isp, by=operator)
        with pytest.raises(NotClosed):
            cancel_closing(isp=isp, by=operator)
    resolver.forget_all()
    assert "WispMega" in at("wispmega.localhost").get("/sign-in/").text


def test_once_the_deletion_has_begun_it_is_too_late(isp, closed, operator):
    with public_scope():
        deletions.begin(isp=isp, now=True)
        with pytest.raises(TooLate):
            cancel_closing(isp=isp, by=operator)


def test_closing_twice_is_said(isp, closed, operator):
    with public_scope(), pytest.raises(AlreadyClosed):
        close(isp=isp, reason="again", by=operator)


def test_only_closed_isps_whose_grace_is_over_are_deleted(isp, other_isp, closed):
    with public_scope():
        with pytest.raises(deletions.NotClosed):
            deletions.begin(isp=other_isp, now=True)
        with pytest.raises(deletions.InGrace):
            deletions.begin(isp=isp)
        assert not Deletion.objects.exists()
        Closing.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
        assert deletions.begin(isp=isp).slug == "wispmega"


def test_the_console_closes_and_opens(console, isp):
    base = f"/console/isps/{isp.uuid}/"
    page = console.post(f"{base}close/", {"reason": "", "days": "0"})
    assert (page.status_code, page.text.count("invalid-feedback") >= 2) == (422, True)
    page = console.post(f"{base}close/", {"reason": "Sold", "days": "10"}, follow=True).text
    with public_scope():
        closing = Closing.objects.get()
    assert timedelta(days=9) < closing.ends_at - timezone.now() < timedelta(days=11)
    assert f"{closing.ends_at:%Y-%m-%d %H:%M}" in page
    assert "was closed already" in console.post(f"{base}close/", {"reason": "x", "days": "3"}, follow=True).text
    assert "is open again" in console.post(f"{base}open/", follow=True).text
    assert "is not closed" in console.post(f"{base}open/", follow=True).text


def test_the_commands(isp, capsys):
    call_command("close_isp", "wispmega", "--reason", "Sold", "--days", "5")
    assert "is deleted after" in capsys.readouterr().out
    for name, arguments, said in (
        ("close_isp", ["nobody", "--cancel"], "No ISP has the slug 'nobody'"),
        ("close_isp", ["wispmega", "--reason", "x"], "closed already"),
        ("close_isp", ["wispmega", "--cancel", "--by", "x@example.com"], "No operator"),
        ("delete_isp", ["nobody", "--yes-really", "nobody"], "No ISP has the slug 'nobody'"),
        ("delete_isp", ["wispmega", "--yes-really", "wispmga"], "differ"),
        ("delete_isp", ["wispmega", "--yes-really", "wispmega"], "time of grace"),
        ("delete_isp", ["fibrandina", "--yes-really", "fibrandina", "--now"], "not closed"),
        ("export_isp", ["nobody", "--to", "x.zip"], "No ISP has the slug 'nobody'"),
    ):
        with pytest.raises(CommandError, match=said) as raised:
            call_command(name, *arguments)
        assert (raised.value.returncode, "\n" in str(raised.value)) == (2, False)
    call_command("close_isp", "wispmega", "--cancel")
    assert "open again" in capsys.readouterr().out
