"""A copy of everything held on one person: asked for, made once, downloaded, removed."""

import csv
import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from core.models import AuditEntry, StoredFile
from core.scope import isp_scope, public_scope
from messaging.models import Message, OptOut, StoppedAddress
from subscribers.models import PersonalExport, PersonalRequest, Subscriber
from subscribers.services import personal_exports
from subscribers.tasks import make_personal_export, sweep_personal_exports
from tenants.directory import reference
from tenants.models import ISP
from tenants.roles import Role
from tests.dashboard.card_pages import file_of, text_of
from tests.dashboard.test_subscribers import staff_client
from tests.factories.subscribers import PASSWORD, NoteFactory, PortalUserFactory, SubscriberFactory

CARD = "/wispmega/subscribers/11/personal-data/"


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        person = SubscriberFactory(number=11, first_name="=cmd|' /C calc'!A0", last_name="Ruiz")
        NoteFactory(subscriber=person, text="<script>alert(1)</script>")
        PortalUserFactory(subscriber=person, username="ana.ruiz")
        return person


@pytest.fixture
def order(isp, ana):
    client = staff_client(isp, Role.OWNER)
    assert client.post(f"{CARD}export/").status_code == 302
    with isp_scope(isp):
        return PersonalExport.objects.get()


def made(isp, order):
    make_personal_export(isp_id=isp.pk, export_id=order.pk)
    with isp_scope(isp):
        order.refresh_from_db()
    return order


def test_what_is_not_written_to_is_found_by_the_addresses(isp, ana, order):
    with isp_scope(isp):
        Subscriber.objects.filter(pk=ana.pk).update(email="Ana@mail.example", mobile="+525512345678")
        for medium, address in [("email", "ana@mail.example"), ("sms", "+525512345678"), ("email", "x@mail.example")]:
            StoppedAddress.objects.create(medium=medium, address=address, reason="bounce")
        OptOut.objects.create(subscriber_key=ana.pk, kind="news", medium="email")
    made(isp, order)
    client = staff_client(isp, Role.ADMIN)
    archive = zipfile.ZipFile(io.BytesIO(file_of(client.get(f"{CARD}exports/{order.uuid}/"))))
    page = archive.read("index.html").decode()
    assert {"ana@mail.example", "+525512345678"} <= set(re.findall(r"[\w+.@]+", page))
    assert "x@mail.example" not in page
    assert "news" in archive.read("messages-that-are-not-wanted.csv").decode()


def test_it_is_made_in_the_background_and_downloaded_with_a_row_in_the_log(isp, order):
    client = staff_client(isp, Role.ADMIN)
    assert "waiting" in text_of(client.get(CARD))
    assert made(isp, order).is_ready
    assert "Download" in text_of(client.get(CARD))
    archive = zipfile.ZipFile(io.BytesIO(file_of(client.get(f"{CARD}exports/{order.uuid}/"))))
    assert {"index.html", "customer.csv", "notes.csv", "logins.csv"} <= set(archive.namelist())
    assert archive.testzip() is None
    with isp_scope(isp):
        verbs = list(
            AuditEntry.objects.filter(verb__startswith="subscribers.personal_data").values_list("verb", flat=True)
        )
    assert sorted(verbs) == [
        "subscribers.personal_data.downloaded",
        "subscribers.personal_data.export_asked",
        "subscribers.personal_data.exported",
    ]


def test_no_cell_is_a_formula_and_no_text_a_script(isp, order):
    with isp_scope(isp):
        made(isp, order)
        archive = zipfile.ZipFile(order.file.absolute_path)
    rows = list(csv.reader(io.StringIO(archive.read("customer.csv").decode("utf-8-sig"))))
    assert any(cell.startswith("'=cmd") for cell in rows[1])
    assert not any(cell.startswith("=") for cell in rows[1])
    page = archive.read("index.html").decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_second_click_and_a_second_delivery_make_one(isp, order):
    client = staff_client(isp, Role.OWNER)
    client.post(f"{CARD}export/")
    for _ in range(2):
        made(isp, order)
    with isp_scope(isp):
        assert PersonalExport.objects.count() == 1
        assert StoredFile.objects.filter(content_type="application/zip").count() == 1


def test_a_failure_is_written_down_and_leaves_no_file(isp, order, monkeypatch, caplog, settings):
    def fail(*args):
        raise RuntimeError("disk")

    monkeypatch.setattr(personal_exports, "_add_file", fail)
    monkeypatch.setattr(personal_exports, "_write", fail)
    assert made(isp, order).state == "failed"
    assert "failed" in caplog.text
    with isp_scope(isp):
        assert not StoredFile.objects.filter(content_type="application/zip").exists()


def test_after_some_days_the_file_goes_and_the_page_is_a_404(
    isp, order, monkeypatch, django_capture_on_commit_callbacks
):
    made(isp, order)
    with isp_scope(isp):
        path = Path(order.file.absolute_path)
        assert path.exists()
        old = timezone.now() - personal_exports.KEPT_FOR - timedelta(hours=1)
        PersonalExport.objects.update(finished_at=old)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_personal_exports(isp_id=isp.pk)
    assert not path.exists()
    with isp_scope(isp):
        order.refresh_from_db()
        assert (order.state, order.file) == ("removed", None)
    client = staff_client(isp, Role.OWNER)
    assert client.get(f"{CARD}exports/{order.uuid}/").status_code == 404
    assert "removed" in text_of(client.get(CARD))


def test_a_copy_whose_task_was_lost_is_made_by_the_sweep(isp, order, django_capture_on_commit_callbacks):
    with isp_scope(isp):
        PersonalExport.objects.update(asked_at=timezone.now() - timedelta(hours=1))
        with django_capture_on_commit_callbacks() as callbacks:
            personal_exports.sweep(isp_id=isp.pk, at=timezone.now())
    assert len(callbacks) == 1


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.BILLING, Role.TECHNICIAN, Role.READ_ONLY])
def test_it_is_for_owners_and_admins(isp, order, role):
    made(isp, order)
    client = staff_client(isp, role)
    assert b"PK" not in client.get(f"{CARD}exports/{order.uuid}/").content[:4]
    client.post(f"{CARD}export/")
    with isp_scope(isp):
        assert PersonalExport.objects.count() == 1


def test_a_link_that_lets_in_and_is_still_on_its_way_is_in_no_copy_that_staff_may_make(isp, ana, order):
    with isp_scope(isp):
        for n, has_secret in enumerate((True, False)):
            fields = {"to": f"n{n}@mail.example", "subscriber_key": ana.pk, "has_secret": has_secret}
            Message.objects.create(**fields, text=f"https://wispmega.example/go/secret-{n}/")
    made(isp, order)
    archive = file_of(staff_client(isp, Role.ADMIN).get(f"{CARD}exports/{order.uuid}/"))
    with zipfile.ZipFile(io.BytesIO(archive)) as copy:
        text = "".join(copy.read(name).decode("utf-8", "replace") for name in copy.namelist())
    assert "n0@mail.example" in text
    assert "secret-1" in text
    assert "secret-0" not in text


class TestAsking:
    @pytest.fixture
    def browser(self, at, ana):
        client = at("wispmega.localhost")
        client.post("/sign-in/", {"login": "ana.ruiz", "password": PASSWORD})
        return client

    def test_a_request_of_the_portal_shows_to_staff_who_answer_by_mail(self, isp, browser, mailoutbox):
        for _ in range(2):
            answer = browser.post("/account/consents/ask/", {"kind": "export"}, follow=True)
        assert "We have your request" in text_of(answer)
        client = staff_client(isp, Role.OWNER)
        assert "asked for a copy of all data" in text_of(client.get("/wispmega/subscribers/11/"))
        with isp_scope(isp):
            wish = PersonalRequest.objects.get()
        url = f"{CARD}requests/{wish.uuid}/"
        assert client.post(url, {"outcome": "refused", "answer": ""}).status_code == 422
        client.post(url, {"outcome": "refused", "answer": "Come to the office."})
        with isp_scope(isp):
            wish.refresh_from_db()
            assert wish.state == "refused"
            assert "Come to the office." in Message.objects.get().text
        assert "Come to the office." in text_of(browser.get("/account/consents/"))
        late = client.post(url, {"outcome": "done", "answer": ""}, follow=True)
        assert "Somebody was quicker" in text_of(late)

    def test_nonsense_asks_for_nothing(self, isp, browser):
        assert "Please choose" in text_of(browser.post("/account/consents/ask/", {"kind": "x"}, follow=True))
        with isp_scope(isp):
            assert not PersonalRequest.objects.exists()


def test_the_language_of_a_copy_is_that_of_who_asked(isp, ana):
    with public_scope():
        ref = reference(ISP.objects.with_state().get(pk=isp.pk))
    with isp_scope(isp):
        order = PersonalExport.objects.create(subscriber=ana, language="es", by_name="Olga")
        assert personal_exports.make(isp=ref, export_id=order.pk, at=timezone.now())
        order.refresh_from_db()
        page = zipfile.ZipFile(order.file.absolute_path).read("index.html").decode()
    assert '<html lang="es">' in page
