"""An erasure and somebody who adds or changes something at the same time. Commits for real."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from subscribers.models import Erased, Note, Subscriber, SubscriberQuerySet
from subscribers.services import customers, erasures, notes
from tenants.directory import reference
from tenants.models import ISP


class Clerk:
    pk, audit_kind, audit_label = 1, "staff_user", "Clara Clerk"


@pytest.fixture
def race(committed):
    """`race(act)`: an erasure that holds its locks until the act has begun to wait for them; what the act came to."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
        ref = reference(ISP.objects.with_state().get(slug="wispmega"))
    with isp_scope(isp), transaction.atomic():
        person = Subscriber.objects.create(number=990011, first_name="Race")

    def run(act):
        locked, results = threading.Event(), []

        def other():
            try:
                locked.wait(timeout=20)
                with isp_scope(isp), transaction.atomic():
                    results.append(act(person))
            except Exception as failure:
                results.append(failure)
            finally:
                connection.close()

        thread = threading.Thread(target=other)
        thread.start()
        with isp_scope(isp), transaction.atomic():
            erasures.erase(by=Clerk, isp=ref, subscriber=person, at=timezone.now())
            locked.set()
            thread.join(timeout=1)  # it cannot end before this transaction does, unless it needs no lock
        thread.join(timeout=60)
        return results

    run.isp, run.person = isp, person
    yield run
    with isp_scope(isp), transaction.atomic():
        Subscriber.objects.filter(number=990011).delete()
        AuditEntry.objects.filter(details__number=990011).delete()
        AuditEntry.objects.filter(details__subscriber=990011).delete()


ACTS = {
    "note": lambda person: notes.add_note(by=Clerk, subscriber=person, text="Race"),
    "edit": lambda person: customers.change_subscriber(by=Clerk, subscriber=person, version=None, last_name="Race"),
}


@pytest.mark.parametrize("name", ACTS)
def test_what_comes_during_an_erasure_waits_and_is_refused(race, name):
    [failure] = race(ACTS[name])
    assert isinstance(failure, Erased)
    with isp_scope(race.isp), transaction.atomic():
        assert not Note.objects.filter(subscriber=race.person.pk).exists()
        assert Subscriber.objects.get(number=990011).last_name == ""


def test_without_the_lock_a_note_is_left_on_an_erased_customer(race, monkeypatch):
    """The control: who does not ask under a lock writes about somebody who is erased."""
    monkeypatch.setattr(SubscriberQuerySet, "lock_to_add", lambda rows, pk: rows.get(pk=pk))
    race(ACTS["note"])
    with isp_scope(race.isp), transaction.atomic():
        assert Note.objects.filter(subscriber=race.person.pk, text="Race").exists()
