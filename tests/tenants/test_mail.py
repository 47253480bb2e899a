"""The platform's own mail: written with its cause, delivered after commit, never left behind."""

from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone

from core.models import OutgoingMail
from core.scope import isp_scope, public_scope
from messaging.models import Message
from tenants import tasks
from tenants.models import PlatformMail
from tenants.services.mail import send_platform_mail

LINK = "http://localhost/sign-up/confirm/x/"


def write(**context: object) -> OutgoingMail:
    return send_platform_mail(
        template="tenants/confirm_sign_up",
        language="en",
        to="ada@example.com",
        **{"slug": "fibrasur", "url": LINK, "days": 3, **context},
    )


@pytest.fixture
def enqueued(monkeypatch) -> list[int]:
    calls: list[int] = []
    monkeypatch.setattr(tasks.deliver_platform_mail, "delay", lambda *, mail_id: calls.append(mail_id))
    return calls


def test_in_an_isps_scope_too_the_mail_is_the_platforms(isp, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), isp_scope(isp):
        row = write()
        assert Message.objects.count() == 0
    with public_scope():
        assert PlatformMail.objects.get().pk == row.pk
    assert enqueued == [row.pk]


def test_nothing_is_enqueued_before_the_cause_is_durable(in_public, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        write()
    assert (enqueued, len(callbacks)) == ([], 1)


def test_the_task_hands_the_mail_over_once(in_public):
    row = write()
    tasks.deliver_platform_mail(mail_id=row.pk)
    tasks.deliver_platform_mail(mail_id=row.pk)
    [message] = outbox.outbox
    assert (message.to, message.subject) == (["ada@example.com"], "Confirm your e-mail address for Lastmile")
    assert LINK in message.body
    assert "3 days" in message.body
    assert message.extra_headers["X-Lastmile-Scope"] == "platform"


def test_texts_are_not_escaped_as_html(in_public):
    assert "R&D <x>" in write(slug="R&D <x>").text


def test_the_sweeper_finds_what_is_due_and_nothing_else(in_public, enqueued):
    left, later, sent, stuck = [write() for _ in range(4)]
    PlatformMail.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(minutes=5))
    PlatformMail.objects.filter(pk=sent.pk).update(state=OutgoingMail.State.SENT)
    PlatformMail.objects.filter(pk=stuck.pk).update(state=OutgoingMail.State.SENDING)
    tasks.sweep_platform_mail()
    assert sorted(enqueued) == [left.pk, stuck.pk]
