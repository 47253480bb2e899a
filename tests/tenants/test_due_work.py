"""What is done for each ISP again and again: planned as rows, handed out once, skipped for who is off the air."""

import os
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from core import periodic
from core.celery import IspTask
from core.scope import isp_scope
from messaging.models import Message
from messaging.services import send_mail
from messaging.tasks import deliver_message, sweep_messages
from subscribers.tasks import sweep_sessions
from tenants import tasks
from tenants.models import ISP, DueWork
from tenants.services import due_work, isps
from tests.factories.tenants import OperatorFactory

pytestmark = pytest.mark.usefixtures("in_public")


@pytest.fixture
def sent(monkeypatch):
    """What was enqueued, as (task, isp id), instead of the broker."""
    sent = []
    monkeypatch.setattr(IspTask, "apply_async", lambda self, args, kwargs: sent.append((self.name, kwargs["isp_id"])))
    return sent


@pytest.fixture
def planned(isp, other_isp):
    due_work.plan_what_lacks()
    return DueWork.objects.all()


def due_at(isp, kind):
    return DueWork.objects.get(isp=isp, kind=kind).due_at


def hand_out(capture, **kwargs):
    with capture(execute=True):
        return due_work.hand_out(**kwargs)


def test_every_kind_runs_a_task_of_one_isp(db):
    assert set(periodic.kinds()) >= {"mail", "sessions", "drafts"}
    assert all(isinstance(kind.task, IspTask) for kind in periodic.kinds().values())


def test_each_isp_gets_one_row_of_each_kind_within_its_interval(planned):
    now = timezone.now()
    assert planned.count() == ISP.objects.count() * len(periodic.kinds())
    for row in planned:
        assert now - timedelta(seconds=5) <= row.due_at <= now + periodic.kinds()[row.kind].every
    assert due_work.plan_what_lacks() == 0


def test_an_isp_that_lacks_a_row_gets_it_back_and_the_others_keep_theirs(planned, isp):
    kept = due_at(isp, "drafts")
    planned.filter(isp=isp, kind="mail").delete()
    assert due_work.plan_what_lacks() == 1
    assert due_at(isp, "mail") > timezone.now()
    assert due_at(isp, "drafts") == kept


def test_what_is_due_is_sent_once_and_due_again_an_interval_later(
    planned, isp, other_isp, sent, django_capture_on_commit_callbacks
):
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    planned.filter(isp=isp, kind="drafts").update(due_at=now)

    assert hand_out(django_capture_on_commit_callbacks) == 1
    assert hand_out(django_capture_on_commit_callbacks) == 0
    assert sent == [("preinstall.tasks.sweep_drafts", isp.pk)]
    assert timedelta(minutes=53) < due_at(isp, "drafts") - now < timedelta(minutes=67)

    with time_machine.travel(now + timedelta(minutes=67), tick=False):
        planned.exclude(kind="drafts").update(due_at=now + timedelta(days=9))
        planned.filter(isp=other_isp).update(due_at=now + timedelta(days=9))
        hand_out(django_capture_on_commit_callbacks)
    assert sent == [("preinstall.tasks.sweep_drafts", isp.pk)] * 2


def test_nothing_is_sent_when_the_transaction_is_not_durable(planned, isp, sent, django_capture_on_commit_callbacks):
    planned.filter(isp=isp, kind="drafts").update(due_at=timezone.now())
    before = due_at(isp, "drafts")
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(KeyError), transaction.atomic():  # noqa: PT012
        due_work.hand_out()
        raise KeyError
    assert sent == []
    assert due_at(isp, "drafts") == before


def test_a_broker_that_is_away_leaves_the_work_due(
    planned, isp, monkeypatch, caplog, django_capture_on_commit_callbacks
):
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    planned.filter(kind="sessions").update(due_at=now)
    tried = []

    def fail_at_the_second(self, args, kwargs):
        tried.append(kwargs["isp_id"])
        if len(tried) > 1:
            raise ConnectionError

    monkeypatch.setattr(IspTask, "apply_async", fail_at_the_second)
    hand_out(django_capture_on_commit_callbacks)
    assert len(tried) == 2
    assert [row.isp_id for row in DueWork.objects.due(at=timezone.now())] == tried[1:]
    assert "could not be sent" in caplog.text


def test_isps_off_the_air_are_skipped_until_they_are_back(
    planned, isp, other_isp, sent, django_capture_on_commit_callbacks
):
    operator = OperatorFactory()
    planned.filter(kind="mail").update(due_at=timezone.now())
    planned.exclude(kind="mail").update(due_at=timezone.now() + timedelta(hours=1))
    isps.suspend(isp=isp, reason="unpaid", by=operator)
    hand_out(django_capture_on_commit_callbacks)
    assert sent == [("messaging.tasks.sweep_messages", other_isp.pk)]
    isps.resume(isp=isp, by=operator)
    hand_out(django_capture_on_commit_callbacks)
    assert sent[1:] == [("messaging.tasks.sweep_messages", isp.pk)]


def test_a_kind_that_this_release_does_not_know_is_left_alone(planned, isp, sent, django_capture_on_commit_callbacks):
    planned.update(due_at=timezone.now() + timedelta(hours=1))
    DueWork.objects.create(isp=isp, kind="of-tomorrow", due_at=timezone.now())
    assert hand_out(django_capture_on_commit_callbacks) == 0
    assert sent == []


def test_the_task_hands_out_all_batches_and_plans_for_new_isps(
    isp, other_isp, sent, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(due_work, "BATCH", 5)
    real = due_work.hand_out
    monkeypatch.setattr(due_work, "hand_out", lambda: real(limit=5))
    tasks.hand_out_due_work()
    assert DueWork.objects.count() == 2 * len(periodic.kinds())
    DueWork.objects.update(due_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        tasks.hand_out_due_work()
    assert Counter(isp_id for _, isp_id in sent) == {isp.pk: len(periodic.kinds()), other_isp.pk: len(periodic.kinds())}


def test_handing_out_takes_the_same_number_of_queries_for_one_isp_and_for_many(planned, sent, count_queries):
    planned.update(due_at=timezone.now() + timedelta(hours=1))
    planned.filter(pk=planned.first().pk).update(due_at=timezone.now())
    with count_queries() as one:
        due_work.hand_out()
    planned.update(due_at=timezone.now())
    with count_queries() as many:
        assert due_work.hand_out() > 1
    assert len(one) == len(many)


def test_work_is_brought_forward_and_never_put_off(planned, isp, other_isp):
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    with isp_scope(isp), transaction.atomic():
        due_work.bring_forward(isp_id=isp.pk, kind="mail", at=now + timedelta(minutes=1))
        due_work.bring_forward(isp_id=isp.pk, kind="mail", at=now + timedelta(minutes=30))
    assert due_at(isp, "mail") == now + timedelta(minutes=1)
    assert due_at(isp, "drafts") == due_at(other_isp, "mail") == now + timedelta(hours=1)


def test_a_mail_has_its_isp_swept_a_minute_later_should_its_task_get_lost(planned, isp, other_isp, sent):
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    with isp_scope(isp), transaction.atomic():
        send_mail(template="accounts/password_changed", language="en", to="a@example.com")
    assert now < due_at(isp, "mail") <= timezone.now() + timedelta(minutes=1)
    assert due_at(other_isp, "mail") == now + timedelta(hours=1)


def test_the_sweep_enqueues_what_no_task_has_taken_and_comes_back_for_the_next_attempt(
    planned, isp, sent, django_capture_on_commit_callbacks
):
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    with isp_scope(isp):
        for name, minutes in (("due", -1), ("later", 5), ("sent", -1)):
            mail = Message.objects.create(to=f"{name}@example.com", subject=name, text=name)
            Message.objects.filter(pk=mail.pk).update(
                due_at=now + timedelta(minutes=minutes), state="sent" if name == "sent" else "waiting"
            )
    with django_capture_on_commit_callbacks(execute=True):
        sweep_messages(isp_id=isp.pk)
    assert sent == [("messaging.tasks.take_turn", isp.pk)]
    with isp_scope(isp):
        Message.objects.filter(subject="due").update(state="sent")
    planned.update(due_at=now + timedelta(hours=1))
    sweep_messages(isp_id=isp.pk)
    assert due_at(isp, "mail") == now + timedelta(minutes=5)


def test_a_mail_that_failed_is_tried_again_when_its_time_comes(planned, isp, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    now = timezone.now()
    planned.update(due_at=now + timedelta(hours=1))
    with isp_scope(isp):
        mail = Message.objects.create(to="a@example.com", subject="a", text="a")
    deliver_message(isp_id=isp.pk, message_id=mail.pk)
    assert now + timedelta(seconds=55) < due_at(isp, "mail") < timezone.now() + timedelta(seconds=65)


def test_sessions_of_one_isp_are_removed_when_they_have_run_out(isp, other_isp):
    for each in (isp, other_isp):
        with isp_scope(each):
            Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
            Session.objects.create(session_key="new", session_data="", expire_date=timezone.now() + timedelta(days=1))
    sweep_sessions(isp_id=isp.pk)
    with isp_scope(isp):
        assert [row.session_key for row in Session.objects.all()] == ["new"]
    with isp_scope(other_isp):
        assert Session.objects.count() == 2


def test_sessions_and_files_of_the_platform_have_sweeps_of_their_own(db, isp, settings):
    Session.objects.create(session_key="old", session_data="", expire_date=timezone.now() - timedelta(days=1))
    tasks.sweep_platform_sessions()
    assert not Session.objects.exists()
    for folder in ("platform", str(isp.uuid)):
        orphan = settings.MEDIA_ROOT / folder / ("f" * 32)
        orphan.parent.mkdir(parents=True)
        orphan.write_bytes(b"x")
        os.utime(orphan, (0, 0))
    tasks.sweep_platform_files()
    assert not (settings.MEDIA_ROOT / "platform" / ("f" * 32)).exists()
    assert (settings.MEDIA_ROOT / str(isp.uuid) / ("f" * 32)).exists()


def test_rows_go_with_their_isp(planned, other_isp):
    gone = other_isp.pk
    assert DueWork.objects.filter(isp_id=gone).exists()
    other_isp.delete()
    assert not DueWork.objects.filter(isp_id=gone).exists()
