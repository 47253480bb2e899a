"""Two at once, and what is swept."""

import os
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.models import StoredFile
from core.scope import isp_scope, owner_scope, public_scope
from messaging.models import ChannelAccount, EventRule, Message
from preinstall.models import DraftUpload, InstallRequest, RequestCounter, RequestDocument
from preinstall.services import requests as services
from preinstall.tasks import sweep_drafts
from tenants.directory import reference
from tenants.models import ISP
from tests.factories.preinstall import DraftUploadFactory, RequestDocumentFactory, upload

DATA = {"first_name": "Rosa", "last_name": "Q", "mobile": "+525512345678", "address": "Calle 1"}


@pytest.fixture
def committed_isp(committed):
    """WispMega, outside any transaction; what the test leaves in its tables is removed."""
    with public_scope(), transaction.atomic():
        isp = reference(ISP.objects.with_state().get(slug="wispmega"))
    yield isp
    with owner_scope(isp), transaction.atomic():
        connection.cursor().execute(
            "TRUNCATE preinstall_installrequest, preinstall_draftupload, preinstall_requestcounter,"
            " core_storedfile, core_auditentry, messaging_message RESTART IDENTITY CASCADE"
        )


def at_once(work, times):
    """Run `work(i)` in as many threads, each with a connection of its own, and return what they returned."""
    start, results, errors = threading.Barrier(times), [], []

    def run(i):
        try:
            start.wait(10)
            results.append(work(i))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not errors, errors
    return results


def test_a_form_sent_twice_at_once_is_one_request(committed_isp):
    isp, submission = committed_isp, uuid4()
    with isp_scope(isp), transaction.atomic():
        services.keep_draft(submission=submission, kind="id_front", upload=upload())

    def send(_):
        with isp_scope(isp), transaction.atomic():
            made = services.submit_request(isp=isp, submission=submission, language="es", **DATA)
            return made.number, services.receipt(made)

    assert len(set(at_once(send, 4))) == 1
    with isp_scope(isp), transaction.atomic():
        assert InstallRequest.objects.count() == 1
        assert RequestDocument.objects.count() == 1
        assert RequestCounter.load().last == 1


def test_many_forms_at_once_have_numbers_in_a_row(committed_isp):
    isp = committed_isp

    def send(i):
        with isp_scope(isp), transaction.atomic():
            made = services.submit_request(isp=isp, submission=uuid4(), language="es", **DATA)
            if i == 1:
                transaction.set_rollback(True)
            return made.number

    at_once(send, 5)
    with isp_scope(isp), transaction.atomic():
        assert sorted(InstallRequest.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_the_same_document_sent_twice_at_once_is_one(committed_isp):
    isp, submission = committed_isp, uuid4()

    def send(i):
        with isp_scope(isp), transaction.atomic():
            services.keep_draft(submission=submission, kind="id_front", upload=upload(name=f"{i}.jpg"))

    at_once(send, 3)
    with isp_scope(isp), transaction.atomic():
        assert DraftUpload.objects.count() == 1
        assert StoredFile.objects.count() == 1


def test_the_database_itself_refuses_a_second_request(in_isp):
    submission = uuid4()
    services.submit_request(isp=in_isp, submission=submission, language="es", **DATA)
    with pytest.raises(IntegrityError), transaction.atomic():
        InstallRequest.objects.create(submission=submission, number=99, language="es", **DATA)


def test_old_drafts_go_and_everything_else_stays(isp, other_isp, settings, django_capture_on_commit_callbacks):
    old = timezone.now() - timedelta(hours=25)
    with isp_scope(isp):
        gone, fresh = DraftUploadFactory(), DraftUploadFactory()
        kept = RequestDocumentFactory()
        DraftUpload.objects.filter(pk=gone.pk).update(created_at=old)
        orphan = settings.MEDIA_ROOT / str(isp.uuid) / ("f" * 32)
        orphan.write_bytes(b"x")
        os.utime(orphan, (0, 0))
    with isp_scope(other_isp):
        theirs = DraftUploadFactory()
        DraftUpload.objects.update(created_at=old)
    with django_capture_on_commit_callbacks(execute=True):
        for each in (isp, other_isp):
            sweep_drafts(isp_id=each.pk)
    for draft, is_there in ((gone, False), (fresh, True), (theirs, False), (kept, True)):
        assert (settings.MEDIA_ROOT / draft.file.path).exists() == is_there
    assert not orphan.exists()
    with isp_scope(isp):
        assert list(DraftUpload.objects.all()) == [fresh]
        assert StoredFile.objects.count() == 2


def test_a_form_that_anybody_can_send_floods_nobody_and_runs_up_no_bill(in_isp, monkeypatch):
    ChannelAccount.objects.create(channel="http_sms", medium="sms", price="0.5")
    EventRule.objects.create(event="preinstall/received", media=["sms", "email"])

    def told(**changed):
        before = set(Message.objects.values_list("pk", flat=True))
        data = {**DATA, "email": "rosa@mail.example", **changed}
        services.submit_request(isp=in_isp, submission=uuid4(), language="es", **data)
        rows = Message.objects.exclude(pk__in=before).filter(occasion="preinstall/received")
        return [row.medium for row in rows]

    # A phone is told of two forms a day, and an address of five, however often somebody sends one.
    assert [told() for _ in range(6)] == [["sms"]] * 2 + [["email"]] * 3 + [[]]
    # Far phones, and those that take no SMS, get none.
    assert told(mobile="+14155550123", email="eva@mail.example") == ["email"]
    # All together cost a little an hour.
    monkeypatch.setattr(services, "TEXTS_OF_ISP", 3)
    numbers = [f"+5255123456{n}" for n in (10, 11, 12)]
    assert [told(mobile=each, email="ana@mail.example") for each in numbers] == [["sms"], ["email"], ["email"]]
