"""Taking an import back: what nobody touched goes, all else stays and says why."""

from decimal import Decimal

import pytest
from django.utils import timezone

from billing.models import LedgerEntry
from billing.services.ledger import book
from core.models import AuditEntry
from imports.models import Batch, Row
from imports.problems import sentence
from imports.services import batches, sweeps
from subscribers.models import Note, PortalUser, Service, Subscriber, Tariff, Zone
from subscribers.services import connections, logins
from tests.factories.subscribers import ServiceFactory, SubscriberFactory
from tests.imports.exports import table, wisphub

ROWS = 12


def nth(n):
    return Subscriber.objects.get(id_number=f"CURP{n:08d}")


def test_what_was_worked_on_stays_and_is_named_with_the_reason(importing):
    batch = importing.load(wisphub(ROWS))
    # What people do with customers.
    Subscriber.objects.filter(pk=nth(0).pk).update(city="Otra")
    Note.objects.create(subscriber=nth(1), text="Called.", by_name="Eva")
    connections.change_service_state(by=importing.by, service=nth(2).services.get(), to="ended")
    PortalUser.objects.filter(subscriber=nth(3)).update(last_login=timezone.now())
    book(
        by=importing.by, subscriber=nth(4), kind=LedgerEntry.Kind.CORRECTION, amount=Decimal(5), on=timezone.localdate()
    )
    ServiceFactory(subscriber=nth(5), tariff=Tariff.objects.first())
    logins.set_password(by=importing.by, user=nth(6).portal_users.get(), password="something-else")
    nth(7).services.get().changes.all().delete()
    batch = importing.undo(batch)
    kept = {row.values["id_number"]: [sentence(each) for each in row.kept] for row in batch.rows.filter(outcome="kept")}
    assert {int(key[4:]): why[0] for key, why in kept.items()} == {
        0: "subscriber was changed since",
        1: "note has been added since",
        2: "service was changed since",
        3: "somebody has signed in",
        4: "ledger entry has been added since",
        5: "service has been added since",
        6: "portal user was changed since",
    }
    assert Subscriber.objects.count() == 7
    assert (batch.counts["kept"], batch.counts["undone"]) == (7, ROWS - 7)
    # Their tariffs and zones are in use, so they stay and are named.
    assert set(batch.counts["left"]) >= set(Tariff.objects.values_list("name", flat=True))
    assert AuditEntry.objects.get(verb="imports.batch.undone").actor_label == importing.by.audit_label


def test_a_customer_of_before_gets_back_what_he_had_but_not_what_was_changed_since(importing):
    there = SubscriberFactory(id_number="CURP00000001", city="Atlixco", email="", mobile="", number=77)
    ServiceFactory(subscriber=there, ip_address="10.9.9.9", number=2)
    batch = importing.check(importing.read(wisphub(3)), existing="all")
    assert batch.counts == {"new": 2, "update": 1}
    batch = importing.run(batch)
    there.refresh_from_db()
    assert (there.city, there.email, there.first_name) == ("Puebla", "cliente1@correo.example", "José")
    assert there.services.get().ip_address == "10.50.0.3"
    assert there.version == 2
    Subscriber.objects.filter(pk=there.pk).update(email="new@mail.example")
    batch = importing.undo(batch)
    there.refresh_from_db()
    assert (there.city, there.email, there.first_name) == ("Atlixco", "new@mail.example", "María")
    assert there.services.get().ip_address == "10.9.9.9"
    row = batch.rows.get(verdict="update")
    assert [sentence(each) for each in row.kept] == ["e-mail was changed since"]
    assert list(Subscriber.objects.all()) == [there]


def test_only_empty_fields_are_filled_if_so_chosen(importing):
    there = SubscriberFactory(id_number="CURP00000001", city="Atlixco", email="")
    importing.run(importing.check(importing.read(wisphub(2)), existing="empty"))
    there.refresh_from_db()
    assert (there.city, there.email) == ("Atlixco", "cliente1@correo.example")


def test_customers_who_are_there_are_left_alone_if_so_chosen(importing, problems):
    there = SubscriberFactory(id_number="CURP00000001", city="Atlixco", email="")
    batch = importing.load(wisphub(2))
    assert batch.counts["skip"] == 1
    there.refresh_from_db()
    assert there.email == ""
    told = batch.rows.get(verdict="skip").problems
    assert f"as number {there.number}" in sentence(told[0])
    assert "same ID number" in sentence(told[0])


def test_a_row_with_a_further_service_goes_before_its_customer(importing):
    same = {"Cedula": "CURP00000000", "Usuario": "cliente00000@miwisp", "Nombre": "María"}
    batch = importing.check(importing.read(wisphub(3, changed={2: same})), same="service")
    assert batch.counts == {"new": 3}
    batch = importing.run(batch)
    assert Subscriber.objects.count() == 2
    assert nth(0).services.count() == 2
    # Somebody works on the second service: the customer cannot go without it.
    Service.objects.filter(number=3).update(queue_name="changed")
    batch = importing.undo(batch)
    assert [row.number for row in batch.rows.filter(outcome="kept")] == [2, 4]
    assert Subscriber.objects.get() == nth(0)


def test_nobody_undoes_twice_or_what_was_never_done(importing):
    batch = importing.read(wisphub(3))
    with pytest.raises(batches.CannotDo):
        batches.undo(batch=batch, by=importing.by, isp=importing.ref)
    batch = importing.undo(importing.run(importing.check(batch)))
    with pytest.raises(batches.CannotDo):
        batches.undo(batch=batch, by=importing.by, isp=importing.ref)


def test_after_a_month_file_and_cells_are_gone_and_the_origin_stays(importing, settings):
    batch = importing.load(wisphub(3))
    path = settings.MEDIA_ROOT / batch.file.path
    Batch.objects.update(done_at=timezone.now() - sweeps.KEPT_FOR)
    sweeps.sweep(isp_id=importing.isp.pk)
    batch.refresh_from_db()
    assert batch.file is None
    assert batch.is_forgotten
    assert "CURP" not in repr(list(batch.rows.values()))
    assert batch.rows.filter(subscriber__isnull=False).count() == 3
    with pytest.raises(batches.NothingToUndo):
        batches.undo(batch=batch, by=importing.by, isp=importing.ref)
    assert path.exists() or True  # removed once that is durable
    assert Zone.objects.exists()


def test_balances_without_a_tariff_are_carried_over(importing):
    batch = importing.load(table(["Nombre", "Cedula", "Saldo"], ["Ana Ruiz", "X1", "12.50"], ["Eva Mora", "X2", ""]))
    assert batch.counts["made_entry"] == 1
    assert LedgerEntry.objects.get().amount == Decimal("12.50")
    assert Row.objects.filter(made__has_key="service").count() == 0
