"""What was written stays to be read: by staff, on the card, for as long as the ISP keeps it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from messaging import services
from messaging.models import Message, MessageSettings
from messaging.tasks import forget_messages
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory


def a_mail(**fields) -> Message:
    values = {"to": "Rosa@mail.example", "subject": "Su visita", "text": "Mañana a las 10.\n", "state": "sent"}
    return Message.objects.create(**(values | fields))


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.SUPPORT, name="Sara Support", email="sara@wispmega.example")


def test_a_mail_says_what_it_is_about_and_in_whose_matter(in_isp, mailoutbox):
    ana = SubscriberFactory()
    mail = services.send_mail(
        template="subscribers/profile_refused", language="es", to="ana@mail.example", about=ana.pk, name="Ana"
    )
    mail.refresh_from_db()
    assert (mail.occasion, mail.subscriber_key) == ("subscribers/profile_refused", ana.pk)


def test_what_was_given_up_is_tried_again(in_isp, clerk):
    mail = a_mail(state="failed", attempts=6, error="TimeoutError")
    services.resend(by=clerk, mail=mail)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.error) == ("waiting", 0, "")
    assert AuditEntry.objects.get(verb="messaging.mail.resent").actor_label.startswith("Sara Support")
    # A second click finds it on its way.
    with pytest.raises(services.CannotResend):
        services.resend(by=clerk, mail=mail)


@pytest.mark.parametrize("fields", [{"state": "sent"}, {"state": "failed", "has_secret": True}])
def test_what_was_sent_or_lets_somebody_in_is_not_sent_again(in_isp, clerk, fields):
    mail = a_mail(**fields)
    with pytest.raises(services.CannotResend):
        services.resend(by=clerk, mail=mail)
    assert Message.objects.get(pk=mail.pk).state == fields["state"]


def test_old_mails_go_and_those_on_their_way_stay(isp):
    at = timezone.now()
    with isp_scope(isp):
        _old, young, waiting = a_mail(), a_mail(), a_mail(state="waiting", due_at=at + timedelta(days=1))
        Message.objects.exclude(pk=young.pk).update(created_at=at - timedelta(days=800))
    forget_messages(isp_id=isp.pk)
    with isp_scope(isp):
        assert set(Message.objects.all()) == {young, waiting}
        Message.objects.update(state="sent", created_at=at - timedelta(days=8000))
        MessageSettings.objects.create(pk=1, kept_months=0)
    forget_messages(isp_id=isp.pk)
    with isp_scope(isp):
        assert Message.objects.count() == 2  # the control: with 0 nothing goes
