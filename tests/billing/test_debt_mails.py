"""Reminders and warnings: once for an invoice and rule, never to whoever has paid, never at night."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from billing import tasks
from billing.models import LedgerEntry, ReminderRule, SentNotice, SuspensionSettings
from billing.services import debt_mails, reliefs
from messaging.models import Message
from tests.billing.test_suspensions import Somebody, pay
from tests.factories.billing import AT, TODAY, owe, rule
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory


@pytest.fixture(autouse=True)
def _noon(in_isp):
    with time_machine.travel(AT, tick=False):
        yield


def remind(at=AT):
    while debt_mails.send_reminders(at=at):
        pass
    return list(Message.objects.order_by("pk").values_list("subject", flat=True))


def warn(at=AT):
    while debt_mails.send_warnings(at=at):
        pass
    return list(Message.objects.order_by("pk").values_list("subject", flat=True))


def test_reminders_before_and_after_the_due_date_each_on_its_day(in_isp):
    for days in (-3, 0, 7):
        ReminderRule.objects.create(days=days)
    for late in (-3, 0, 7, 4, -5):
        owe(SubscriberFactory(first_name=f"Late {late}"), late=late)
    subjects = remind()
    # On the due date the mail of three days before is not sent late besides.
    assert sorted(subject.partition("bill from WispMega is ")[2] for subject in subjects) == [
        *(["due in 3 days", "due today", "overdue"]),
    ]


def test_a_day_without_a_worker_is_made_up_for(in_isp):
    ReminderRule.objects.create(days=-3)
    owe(SubscriberFactory(), late=-2)
    assert remind() == ["Your bill from WispMega is due in 2 days"]


def test_the_mail_names_invoice_amount_and_link(in_isp):
    ReminderRule.objects.create(days=7)
    ana = SubscriberFactory(first_name="Ana", email="ana@example.com", billing_email="books@example.com")
    invoice = owe(ana, "1250.50", late=7)
    remind()
    mail = Message.objects.get()
    assert (mail.to, mail.from_name) == ("books@example.com", "WispMega")
    assert f"- {invoice.number}: MX$1,250.50, due March 10, 2026" in mail.text
    assert "/notice/s/" in mail.text


def test_ucrm_2_3_3_the_same_invoice_is_reminded_of_once_however_often_the_sweep_comes(in_isp):
    ReminderRule.objects.create(days=7)
    owe(SubscriberFactory(), late=7)
    for hours in range(5):
        remind(AT + timedelta(hours=hours))
    remind(AT + timedelta(days=1))
    assert Message.objects.count() == 1
    sent = SentNotice.objects.get()
    with pytest.raises(IntegrityError, match="one_reminder_for_an_entry"), transaction.atomic():
        SentNotice.objects.create(subscriber=sent.subscriber, entry=sent.entry, reminder=sent.reminder)


def test_without_the_row_the_same_invoice_would_be_reminded_of_every_time(in_isp, monkeypatch):
    """The control."""
    ReminderRule.objects.create(days=7)
    owe(SubscriberFactory(), late=7)
    monkeypatch.setattr(debt_mails, "_note", lambda entries, **rule: True)
    for _ in range(3):
        debt_mails.send_reminders(at=AT)
    assert Message.objects.count() == 3


def test_ucrm_63_nobody_who_has_paid_is_reminded_or_warned(in_isp):
    ReminderRule.objects.create(days=7)
    rule(days=8, warn_days=1)
    service = ServiceFactory()
    owe(service.subscriber, late=7)
    pay(service.subscriber, "500")
    assert remind() == warn() == []


def test_a_payment_between_the_look_and_the_mail_is_seen(in_isp, monkeypatch):
    """What is owed is read behind the lock of the subscriber, which a payment takes."""
    ReminderRule.objects.create(days=7)
    ana = SubscriberFactory()
    owe(ana, late=7)
    real = debt_mails.Subscriber.objects.select_for_update

    def paid_meanwhile(**options):
        pay(ana, "500")
        return real(**options)

    monkeypatch.setattr(debt_mails.Subscriber.objects, "select_for_update", paid_meanwhile, raising=False)
    assert debt_mails.send_reminders(at=AT) is False
    assert not Message.objects.exists()
    assert not SentNotice.objects.exists()


def test_several_invoices_of_one_customer_go_into_one_mail(in_isp):
    ReminderRule.objects.create(days=7)
    ana = SubscriberFactory()
    owe(ana, "100", late=7)
    owe(ana, "200", late=7)
    remind()
    assert "Together: MX$300.00" in Message.objects.get().text
    assert SentNotice.objects.count() == 2


def test_a_rule_that_was_just_made_says_nothing_of_old_debts(in_isp):
    owe(SubscriberFactory(), late=60)
    ReminderRule.objects.create(days=1)
    assert remind() == []


def test_what_is_switched_off_is_not_sent(in_isp):
    ReminderRule.objects.create(days=7, is_on=False)
    owe(SubscriberFactory(), late=7)
    owe(SubscriberFactory(email=""), late=7)
    assert remind() == []


def test_whoever_will_be_cut_is_warned_once_with_the_day(in_isp):
    rule(days=5, warn_days=2)
    service = ServiceFactory()
    owe(service.subscriber, late=3)
    owe(ServiceFactory().subscriber, late=2)
    owe(SubscriberFactory(), late=3)  # without a service
    for _ in range(2):
        warn()
    mail = Message.objects.get()
    assert mail.to == service.subscriber.email
    assert "from March 19, 2026 on" in mail.subject
    assert "works again by itself" in mail.text


def test_whoever_is_held_back_is_warned_when_that_is_over(in_isp):
    rule(days=5, warn_days=2)
    service = ServiceFactory()
    owe(service.subscriber, late=3)
    SuspensionSettings(pk=1, promises=True).save()
    reliefs.make_promise(by=Somebody(), subscriber=service.subscriber, until=TODAY, at=AT)
    assert warn() == []
    assert len(warn(AT + timedelta(days=1))) == 1


def test_mails_go_out_by_day_where_the_isp_is(in_isp):
    assert debt_mails.is_hour_for_mails(AT)
    assert not debt_mails.is_hour_for_mails(AT + timedelta(hours=8))  # eight in the evening in Mexico City
    ReminderRule.objects.create(days=7)
    owe(SubscriberFactory(), late=7)
    with time_machine.travel(AT + timedelta(hours=12), tick=False):
        tasks.send_reminders.run(isp_id=in_isp.pk)
    assert not Message.objects.exists()
    tasks.send_reminders.run(isp_id=in_isp.pk)
    assert Message.objects.count() == 1


def test_a_mail_is_in_the_language_of_the_login(in_isp):
    ReminderRule.objects.create(days=7)
    ana = SubscriberFactory()
    PortalUserFactory(subscriber=ana, language="es")
    owe(ana, late=7)
    assert remind() == ["Su factura de WispMega está vencida"]


def test_each_part_is_a_number_of_customers(in_isp, monkeypatch):
    monkeypatch.setattr(debt_mails, "PART", 2)
    ReminderRule.objects.create(days=7)
    for _ in range(5):
        owe(SubscriberFactory(), late=7)
    assert [debt_mails.send_reminders(at=AT) for _ in range(4)] == [True, True, True, False]
    assert Message.objects.count() == LedgerEntry.objects.count() == 5
