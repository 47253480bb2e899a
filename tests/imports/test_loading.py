"""From a file to customers, and back."""

from billing.models import Account, LedgerEntry
from core.models import AuditEntry
from imports.models import Batch
from subscribers.models import Counter, PortalUser, Router, Service, ServiceChange, Subscriber, Tariff, Zone
from subscribers.services import customers
from tests.imports.exports import wisphub


def test_an_export_becomes_customers_with_all_they_have(importing):
    batch = importing.read(wisphub(60))
    assert batch.system == "wisphub"
    assert sorted(set(batch.mapping.values())) == sorted(batch.mapping.values())
    batch = importing.check(batch)
    assert (batch.state, batch.counts) == (Batch.State.CHECKED, {"new": 60})
    assert not Subscriber.objects.exists()
    batch = importing.run(batch)
    assert batch.state == Batch.State.DONE
    assert Subscriber.objects.count() == Service.objects.count() == PortalUser.objects.count() == 60
    assert ServiceChange.objects.count() == 60
    first = Subscriber.objects.get(id_number="CURP00000007")
    assert (first.first_name, first.last_name, first.mobile) == ("Juan Carlos", "López López", "+522221000007")
    service = first.services.get()
    assert (service.number, service.ip_address, service.router.name) == (8, "10.50.0.9", "RB-1")
    assert service.tariff.name == "Hogar 100 Megas"
    assert str(service.started_on) == "2022-08-08"
    owed = dict(Account.objects.values_list("subscriber__id_number", "balance"))
    assert owed
    assert sum(owed.values()) == sum(LedgerEntry.objects.values_list("amount", flat=True))
    assert {entry.kind for entry in LedgerEntry.objects.all()} == {"carried_over"}
    assert AuditEntry.objects.filter(verb="imports.batch.loaded").count() == 1
    assert AuditEntry.objects.filter(verb="subscribers.subscriber.created").count() == 0
    # Nobody gets a number twice afterwards.
    assert (
        customers.create_subscriber(by=None, first_name="R").number
        == max(Subscriber.objects.exclude(first_name="R").values_list("number", flat=True)) + 1
    )


def test_undone_at_once_nothing_is_left(importing):
    before = {model: model.objects.count() for model in (Subscriber, Tariff, Zone, Router, PortalUser, Account)}
    batch = importing.undo(importing.load(wisphub(60)))
    assert (batch.state, batch.counts["undone"], batch.counts["kept"]) == (Batch.State.UNDONE, 60, 0)
    assert {model: model.objects.count() for model in before} == before
    assert not Service.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert Counter.objects.get(name="subscriber").last > 0
