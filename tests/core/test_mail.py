"""Mails whose texts and addresses come from people who mean no good."""

import pytest
from django.core import mail as outbox
from django.utils import timezone

from core import mail
from tenants.models import PlatformMail
from tenants.services.mail import send_platform_mail

UNWRITABLE = f"a@{'ü' * 60}.example"  # passes as an address, and is longer in A-labels than a domain can be


def invite(**context):
    values = {"isp_name": "WispMega", "inviter": "Olga", "role": "Support", "days": 7, "url": "http://x/", **context}
    return send_platform_mail(template="accounts/invitation", language="en", to="nina@example.com", **values)


@pytest.mark.parametrize("break_", ["\n", "\r", "\r\n", "\u2028", "\x0b", "\x85"])
def test_a_name_adds_no_line_to_a_mail_and_no_header(in_public, break_):
    sent = invite(isp_name=f"Wisp{break_}Bcc: all@example.com", inviter=f"Olga{break_}Your account is locked")
    assert sent.subject == "Invitation to work for Wisp Bcc: all@example.com"
    assert "\nOlga Your account is locked invites you" in sent.text
    assert mail.deliver(PlatformMail, sent.pk)
    assert outbox.outbox[0].recipients() == ["nina@example.com"]


@pytest.mark.parametrize("field", ["to", "reply_to"])
def test_an_address_that_cannot_be_written_fails_once_and_for_good(in_public, field):
    made = PlatformMail.objects.create(**{"to": "a@example.com", "subject": "x", "text": "x", field: UNWRITABLE})
    assert mail.deliver(PlatformMail, made.pk) is False
    made.refresh_from_db()
    assert (made.state, made.attempts) == (PlatformMail.State.FAILED, 1)
    assert "Unwritable" in made.error
    assert outbox.outbox == []


def test_a_mail_that_takes_its_worker_down_each_time_is_given_up(in_public, monkeypatch):
    def die(each):
        raise SystemExit

    made = PlatformMail.objects.create(to="a@example.com", subject="x", text="x")
    monkeypatch.setattr(mail, "_send", die)
    for _ in range(mail.ATTEMPTS):
        with pytest.raises(SystemExit):
            mail.deliver(PlatformMail, made.pk)
        PlatformMail.objects.update(due_at=timezone.now())
    assert mail.deliver(PlatformMail, made.pk) is False
    made.refresh_from_db()
    assert (made.state, made.error, made.attempts) == (PlatformMail.State.FAILED, "WorkerLost", mail.ATTEMPTS)


def test_a_link_that_lets_somebody_in_is_not_kept_once_it_was_sent(in_public):
    sent = invite(url="http://app.localhost/invitation/secret/")
    assert mail.deliver(PlatformMail, sent.pk)
    assert "secret" in outbox.outbox[0].body
    sent.refresh_from_db()
    assert (sent.state, sent.text) == (PlatformMail.State.SENT, "")
