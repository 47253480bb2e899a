"""Of a world full of canaries: what a copy of the data of subscriber 1 holds, and what an erasure leaves of it."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from billing.models import Account
from core import personal, uploads
from core.models import AuditEntry, StoredFile
from core.scope import isp_scope, public_scope
from payments.models import Checkout, Refund
from preinstall.models import InstallRequest
from subscribers.models import Note, PersonalExport, PortalUser, Subscriber
from subscribers.services import erasures, personal_exports
from subscribers.subject import Subject
from tenants.directory import reference
from tenants.models import ISP
from tenants.roles import Role
from tenants.schemas import tenant_labels
from tests.isolation.canaries import found

# Secrets have the same mark in both rows; those of row 1 go with their rows.
MINE = {"1", "p"}
# Row 1 of the files is the ISP's logo; whose the others are, the world counts up.
LOGO = ("core.storedfile", "1")


def ref(side):
    with public_scope():
        return reference(ISP.objects.with_state().get(pk=side.isp.pk))


@pytest.fixture
def files(world, settings, django_capture_on_commit_callbacks):
    return Path(settings.MEDIA_ROOT)


def copy_of(side):
    """All that the copy of subscriber 1 of an ISP holds, as text."""
    with isp_scope(side.isp):
        PersonalExport.objects.filter(state="waiting").delete()
        order = PersonalExport.objects.create(subscriber_id=1, language="en", by_name="Olga")
        isp = ref(side)
        assert personal_exports.make(isp=isp, export_id=order.pk, at=timezone.now())
        order.refresh_from_db()
        with uploads.open_file(order.file) as source:
            data = source.read()
    archive = zipfile.ZipFile(io.BytesIO(data))
    return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def test_a_copy_holds_what_is_held_on_the_person_and_nothing_of_others(world):
    parts = copy_of(world.a)
    marks = {mark for text in parts.values() for mark in found(text)}
    assert {mark.side for mark in marks} == {"a"}
    others = {mark for mark in marks if mark.row == "2" and mark.model != "core.storedfile"}
    # Documents of one's own lie in files that the world numbers from 2 on.
    assert not others, others
    assert not {mark for mark in marks if mark.row == "s"}
    held = {mark.model for mark in marks if mark.row in {"1", "p"}}
    texts = {
        entry.label
        for entry in personal.register().values()
        if any(key.name in entry.exported and not key.is_relation for key in personal.texts(entry.model))
    }
    # A kind of message is of a list, and addresses are found by what they are: see test_exports.
    assert texts - held <= {"core.storedfile", "messaging.optout", "messaging.stoppedaddress"}
    page = parts["index.html"]
    assert {mark.model for mark in found(page)} >= {"subscribers.subscriber", "subscribers.note", "imports.row"}
    assert any(name.startswith("files/") for name in parts)


def test_the_files_of_a_copy_are_the_persons_own(world):
    parts = copy_of(world.a)
    names = [int(name.removeprefix("files/").partition("-")[0]) for name in parts if name.startswith("files/")]
    with isp_scope(world.a.isp):
        own = {
            world.a.row("subscribers.subscriberdocument").file_id,
            world.a.row("preinstall.requestdocument").file_id,
            world.a.row("preinstall.installation").signature_id,
            world.a.row("preinstall.installationphoto").file_id,
            world.a.row("payments.paymentreport").voucher_id,
        }
    assert set(names) == own


def settle(side):
    """Take away what stands against an erasure."""
    Account.objects.filter(subscriber=1).update(balance=0)
    Checkout.objects.filter(subscriber=1).update(state="paid")
    Refund.objects.filter(checkout__subscriber=1).update(state="done")
    InstallRequest.objects.filter(pk=1).update(state="activated")


def erase(side, callbacks):
    isp = ref(side)
    with isp_scope(side.isp):
        settle(side)
        by = side.staff[Role.OWNER]
        subscriber = Subscriber.objects.get(pk=1)
        with callbacks(execute=True), transaction.atomic():
            return erasures.erase(by=by, isp=isp, subscriber=subscriber, at=timezone.now())


def traces(side, files):
    """(table, field) of where a canary of row 1 still stands, and the files that hold one."""
    left = set()
    with isp_scope(side.isp):
        for label in sorted(tenant_labels()):
            for model in apps.get_app_config(label).get_models():
                for row in model._base_manager.values():
                    for name, value in row.items():
                        hits = {mark for mark in found(str(value)) if mark.row in MINE and mark.side == side.name}
                        hits = {mark for mark in hits if (mark.model, mark.row) != LOGO}
                        left |= {(model, name, mark) for mark in hits}
        known = {model for model, *_ in left}
        assert known
        texts = {
            str(path): found(path.read_bytes().decode("utf-8", "replace"))
            for path in (files / str(side.isp.uuid)).iterdir()
        }
    return left, texts


def unaccounted(left):
    """Of these traces those that no entry of the register keeps with a reason."""
    register = personal.register()
    return {
        f"{model._meta.label_lower}.{name}"
        for model, name, _mark in left
        if model in register and name not in register[model].kept
    }


def test_after_an_erasure_nothing_is_left_but_what_the_register_keeps(world, files, django_capture_on_commit_callbacks):
    names_before = {row.path for row in own_files(world.a)}
    erase(world.a, django_capture_on_commit_callbacks)
    left, texts = traces(world.a, files)
    assert unaccounted(left) == set()
    assert not {mark for text in texts.values() for mark in text if mark.row == "p"}
    assert names_before
    assert not [path for path in names_before if (files / path).exists()]
    with isp_scope(world.a.isp):
        assert not PortalUser.objects.filter(subscriber=1).exists()
        assert {row.get_decoded().get("_portal_user") for row in Session.objects.all()} == {2}
        assert PortalUser.objects.filter(pk=2).exists()


def own_files(side):
    with isp_scope(side.isp):
        subject = Subject.of(Subscriber.objects.get(pk=1))
        list(erasures.rows_of(subject))
        return list(StoredFile.objects.filter(pk__in=subject.files))


def test_an_erasure_leaves_others_as_they_were(world, files, django_capture_on_commit_callbacks):
    def of_others(side):
        with isp_scope(side.isp):
            return {
                model: list(model._base_manager.filter(pk=2).values())
                for label in sorted(tenant_labels())
                for model in apps.get_app_config(label).get_models()
                if model is not StoredFile
            }

    def all_of(side):
        with isp_scope(side.isp):
            return {
                model: list(model._base_manager.order_by("pk").values())
                for label in sorted(tenant_labels())
                for model in apps.get_app_config(label).get_models()
            }

    before, other = of_others(world.a), all_of(world.b)
    erase(world.a, django_capture_on_commit_callbacks)
    assert of_others(world.a) == before
    assert all_of(world.b) == other
    for path in (files / str(world.b.isp.uuid)).iterdir():
        assert path.exists()


def test_a_model_that_the_erasure_overlooks_is_found(world, files, django_capture_on_commit_callbacks, monkeypatch):
    """The control: an entry that finds no rows leaves canaries, and these are seen."""
    blind = replace(personal.register()[Note], rows=lambda subject: Note.objects.none())
    monkeypatch.setitem(personal._personal, Note, blind)
    erase(world.a, django_capture_on_commit_callbacks)
    left, _ = traces(world.a, files)
    assert unaccounted(left) == {"subscribers.note.text", "subscribers.note.by_name"}


def test_the_activity_log_keeps_who_did_what_and_no_contents(world, django_capture_on_commit_callbacks):
    erase(world.a, django_capture_on_commit_callbacks)
    with isp_scope(world.a.isp):
        entry = AuditEntry.objects.get(pk=1)
        assert entry.details == {"erased": True}
        assert entry.actor_label
        last = AuditEntry.objects.get(verb="subscribers.subscriber.erased")
        assert last.details == {"number": 1}
        assert not found(str(AuditEntry.objects.get(pk=1).details))
