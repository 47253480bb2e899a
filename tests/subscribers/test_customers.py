"""Changing a customer's card, two at a time too, and letting a card go that never became a customer."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing.models import LedgerEntry
from billing.services.ledger import book
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from core.usage import InUse
from messaging.models import Message
from messaging.services import write_message
from subscribers.models import Note, PortalUser, Subscriber
from subscribers.services import customers
from subscribers.services.customers import ChangedMeanwhile, change_subscriber, changed_since, delete_subscriber
from tenants.models import ISP
from tests.factories.subscribers import (
    InvoiceGroupFactory,
    NoteFactory,
    PortalUserFactory,
    ServiceFactory,
    SubscriberDocumentFactory,
    SubscriberFactory,
    ZoneFactory,
)


@pytest.fixture
def clerk(in_isp):
    return PortalUserFactory(username="clerk")


@pytest.fixture
def ana(in_isp):
    return SubscriberFactory(first_name="Ana", last_name="Ruiz", city="Puebla", zone=ZoneFactory(name="Norte"))


def test_each_changed_field_is_audited_with_before_and_after(ana, clerk):
    group = InvoiceGroupFactory(name="Empresas")
    values = {"first_name": "Eva", "city": "Puebla", "zone": None, "group": group, "tax_id": "GODE561231GR8"}
    changes = change_subscriber(by=clerk, subscriber=ana, version=1, **values)
    ana.refresh_from_db()
    assert (ana.first_name, ana.zone, ana.group, ana.version) == ("Eva", None, group, 2)
    entry = AuditEntry.objects.get(verb="subscribers.subscriber.changed")
    assert (entry.actor_label, entry.target_id, entry.details["version"]) == ("clerk", str(ana.pk), 2)
    assert entry.details["changes"] == changes
    assert changes == {
        "first_name": ["Ana", "Eva"],
        "zone": ["Norte", ""],
        "group": ["", "Empresas"],
        "tax_id": ["", "GODE561231GR8"],
    }


def test_saving_what_is_there_already_leaves_no_trace(ana, clerk):
    assert change_subscriber(by=clerk, subscriber=ana, version=1, first_name="Ana", zone=ana.zone) == {}
    ana.refresh_from_db()
    assert ana.version == 1
    assert not AuditEntry.objects.filter(verb="subscribers.subscriber.changed").exists()


def test_an_older_version_is_refused_and_told_what_changed(ana, clerk):
    change_subscriber(by=clerk, subscriber=ana, version=1, city="Toluca", mobile="+525511112222")
    change_subscriber(by=None, subscriber=ana, version=2, city="Tunja")
    with pytest.raises(ChangedMeanwhile) as refused:
        change_subscriber(by=clerk, subscriber=ana, version=1, first_name="Eva")
    now = refused.value.subscriber
    assert (now.first_name, now.version) == ("Ana", 3)
    found = {each.field: each for each in changed_since(now, 1)}
    assert (found["city"].before, found["city"].after, found["city"].by) == ("Puebla", "Tunja", "")
    assert (found["mobile"].after, found["mobile"].by) == ("+525511112222", "clerk")
    assert [each.field for each in changed_since(now, 2)] == ["city"]
    # On top of what is there, on purpose.
    change_subscriber(by=clerk, subscriber=ana, version=3, first_name="Eva")
    change_subscriber(by=clerk, subscriber=ana, version=None, first_name="Eve")
    ana.refresh_from_db()
    assert (ana.first_name, ana.version) == ("Eve", 5)


def test_what_was_changed_and_changed_back_is_not_told(ana, clerk):
    change_subscriber(by=clerk, subscriber=ana, version=1, city="Toluca")
    change_subscriber(by=clerk, subscriber=ana, version=2, city="Puebla")
    ana.refresh_from_db()
    assert changed_since(ana, 1) == []


@pytest.mark.parametrize("defence", [True, False])
def test_of_two_who_save_the_same_version_at_once_one_is_refused(committed, monkeypatch, defence):
    """Without the lock both read the old version, and the second overwrites the first without a word."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        subscriber = Subscriber.objects.create(number=990_001, first_name="Race")
    both_read, outcomes = threading.Barrier(2), []
    set_fields = customers.set_fields

    def wait_for_the_other(row, values, **also):
        if not defence:
            both_read.wait(timeout=20)
        return set_fields(row, values, **also)

    monkeypatch.setattr(customers, "set_fields", wait_for_the_other)
    if not defence:
        monkeypatch.setattr(type(Subscriber.objects.all()), "select_for_update", lambda rows, **kwargs: rows)

    def save(city):
        try:
            with isp_scope(isp), transaction.atomic():
                change_subscriber(by=None, subscriber=subscriber, version=1, city=city)
            outcomes.append("saved")
        except ChangedMeanwhile:
            outcomes.append("refused")
        except Exception as failure:
            outcomes.append(repr(failure))
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(city,)) for city in ("Toluca", "Tunja")]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert sorted(outcomes) == (["refused", "saved"] if defence else ["saved", "saved"])
    finally:
        with isp_scope(isp), transaction.atomic():
            AuditEntry.objects.filter(target_type="subscribers.subscriber", target_id=str(subscriber.pk)).delete()
            Subscriber.objects.filter(pk=subscriber.pk).delete()


class TestDeleting:
    def test_a_card_without_anything_goes_with_its_logins_and_notes(self, ana, clerk):
        PortalUserFactory(subscriber=ana, username="ana")
        NoteFactory(subscriber=ana)
        delete_subscriber(by=clerk, subscriber=ana)
        assert not Subscriber.objects.filter(pk=ana.pk).exists()
        assert not PortalUser.objects.filter(username="ana").exists()
        assert not Note.objects.exists()
        entry = AuditEntry.objects.get(verb="subscribers.subscriber.deleted")
        assert (entry.details["name"], entry.actor_label) == ("Ana Ruiz", "clerk")

    def test_what_waits_for_one_who_is_deleted_is_not_sent(self, ana, clerk, settings):
        settings.EMAIL_HOST = "localhost"
        mail = {"medium": "email", "to": "ana@mail.example", "text": "Welcome"}
        waiting, other = (write_message(**mail, about=pk) for pk in (ana.pk, None))
        gone = write_message(**mail, about=ana.pk)
        Message.objects.filter(pk=gone.pk).update(state="sent")
        delete_subscriber(by=clerk, subscriber=ana)
        states = dict(Message.objects.values_list("pk", "state"))
        assert states == {waiting.pk: "stopped", other.pk: "waiting", gone.pk: "sent"}
        assert Message.objects.get(pk=waiting.pk).error == "Stopped:deleted"

    @pytest.mark.parametrize(
        ("make", "what"),
        [
            (lambda ana: ServiceFactory(subscriber=ana, state="ended"), "1 service"),
            (lambda ana: SubscriberDocumentFactory(subscriber=ana), "1 document"),
            (
                lambda ana: book(
                    by=None,
                    subscriber=ana,
                    kind=LedgerEntry.Kind.CORRECTION,
                    amount=Decimal("1.00"),
                    on=date(2026, 1, 1),
                ),
                "1 ledger entry",
            ),
        ],
    )
    def test_one_who_has_something_stays_and_is_told_what(self, ana, clerk, make, what):
        make(ana)
        with pytest.raises(InUse) as refused:
            delete_subscriber(by=clerk, subscriber=ana)
        assert str(refused.value) == what
        assert Subscriber.objects.filter(pk=ana.pk).exists()
        assert not AuditEntry.objects.filter(verb="subscribers.subscriber.deleted").exists()
