"""The same file again, the refused rows again, two imports at once, a worker that dies."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from core.lease import lease
from core.scope import isp_scope, public_scope
from imports.models import Batch, Row
from imports.services import batches, loading, rejects, sweeps, work
from subscribers.models import Counter, PortalUser, Service, Subscriber
from subscribers.services import connections, customers
from tenants.models import ISP
from tests.imports.conftest import Importing
from tests.imports.exports import wisphub
from tests.imports.test_pages import HOME, filled, office, upload, work_on

__all__ = ["office"]
BAD = {
    3: {"Email": "nope"},
    4: {"Ip": "10.50.0.2"},  # of row 0, on the same router
    5: {"Telefono": "1"},
}


def test_the_refused_rows_mended_and_loaded_again_double_nobody(importing):
    batch = importing.load(wisphub(20, changed=BAD))
    assert (batch.counts["new"], batch.counts["bad"]) == (17, 3)
    text = "".join(rejects.lines(batch))
    lines = text.splitlines()
    assert lines[0].endswith(",Reasons")
    assert len(lines) == 4
    assert "Email: “nope” is not an e-mail address." in lines[1]
    mended = text.replace("nope", "ok@mail.example").replace("10.50.0.2,", "10.77.0.2,").replace(",1,", ",2229999999,")
    second = importing.load(mended.encode())
    assert (second.counts["new"], second.counts.get("bad", 0), second.counts.get("skip", 0)) == (3, 0, 0)
    assert Subscriber.objects.count() == Service.objects.count() == 20


def test_the_refused_rows_as_they_are_stay_refused(importing):
    batch = importing.load(wisphub(20, changed=BAD))
    second = importing.check(importing.read("".join(rejects.lines(batch)).encode()))
    assert second.counts == {"bad": 3}
    assert {code for row in second.rows.all() for code in [each["code"] for each in row.problems]} >= {"ip_taken"}


def test_the_whole_file_again_doubles_nobody(importing):
    importing.load(wisphub(20))
    again = importing.check(importing.read(wisphub(20)))
    assert again.counts == {"skip": 20}
    assert batches.earlier(again).counts["new"] == 20


def test_the_same_file_is_known_and_has_to_be_confirmed(isp, office):
    for turn in (1, 2):
        page = upload(office, wisphub(4))["Location"]
        work_on(isp)
        text = office.get(f"{page}columns/").content.decode()
        assert ("The same file was imported on" in text) == (turn == 2)
        office.post(f"{page}columns/", filled(office.get(f"{page}columns/").context["form"]))
        office.post(f"{page}questions/", filled(office.get(f"{page}questions/").context["form"], existing="all"))
        assert work_on(isp).state == Batch.State.CHECKED
        if turn == 2:
            response = office.post(f"{page}run/")
            assert response.status_code == 422
            assert "Confirm that the same file" in response.content.decode()
        assert office.post(f"{page}run/", {"again": "on"})["Location"] == page
        assert work_on(isp).state == Batch.State.DONE
    with isp_scope(isp):
        assert Subscriber.objects.count() == 4


def test_duplicates_inside_the_file_are_told_with_the_row(importing, problems):
    changed = {
        5: {"Cedula": "CURP00000001"},
        6: {"Usuario": "CLIENTE00002@miwisp"},
        7: {"Id Servicio": "1"},
        8: {"Telefono": "222 100 0003"},
    }
    batch = importing.check(importing.read(wisphub(10, changed=changed)), same="bad")
    assert problems(batch) == {key: ["same_in_file"] for key in (7, 8, 9, 10)}
    assert batch.counts == {"new": 7, "bad": 3}, "a shared phone is told, and no mistake"
    assert batch.rows.get(number=7).problems[0]["with"] == {"what": "id_number", "row": 3, "value": "CURP00000001"}


def test_what_was_taken_since_the_check_is_refused_and_the_rest_comes_in(importing):
    batch = importing.check(importing.read(wisphub(6)))
    tariff_owner = customers.create_subscriber(by=None, first_name="R", id_number="CURP00000002")
    from tests.factories.subscribers import TariffFactory

    connections.create_service(by=None, subscriber=tariff_owner, tariff=TariffFactory(), number=5)
    batch = importing.run(batch)
    refused = {row.number for row in batch.rows.filter(verdict="bad")}
    assert refused == {4, 6}
    assert Subscriber.objects.count() == 5
    assert batch.state == Batch.State.DONE


def test_what_the_check_before_the_write_misses_the_database_refuses_row_by_row(importing, monkeypatch):
    """The control of the look before: without it the constraint stops one row, and only that one."""
    batch = importing.check(importing.read(wisphub(6)))
    owner = customers.create_subscriber(by=None, first_name="R")
    from tests.factories.subscribers import TariffFactory

    connections.create_service(by=None, subscriber=owner, tariff=TariffFactory(), number=5)
    monkeypatch.setattr(loading.checking, "meanwhile", lambda rows, existing: None)
    batch = importing.run(batch)
    assert [row.number for row in batch.rows.filter(verdict="bad")] == [6]
    assert Subscriber.objects.count() == 6


def test_a_second_start_is_refused(importing):
    batch = importing.check(importing.read(wisphub(3)))
    batches.run(batch=batch, by=importing.by, isp=importing.ref)
    with pytest.raises(batches.CannotDo):
        batches.run(batch=batch, by=importing.by, isp=importing.ref)


def test_a_second_import_waits_for_the_first_and_says_so(isp, office, importing, monkeypatch):
    first = importing.check(importing.read(wisphub(3)))
    second = importing.check(importing.read(wisphub(4)))
    for batch in (first, second):
        batches.run(batch=batch, by=importing.by, isp=importing.ref)
    assert "Waiting: another import" in office.get(f"{HOME}{second.uuid}/").content.decode()
    with lease("imports", isp.pk):
        # As if another worker was at the first one.
        assert importing.work(second).state == Batch.State.RUNNING
        assert not Subscriber.objects.exists()
    sent = []
    monkeypatch.setattr(work.tasks.work_on_batch, "delay", lambda **kwargs: sent.append(kwargs))
    assert importing.work(first).state == Batch.State.DONE
    assert sent == [{"isp_id": isp.pk, "batch_id": second.pk}], "whoever is done hands over"


def test_a_sweep_goes_on_with_what_a_lost_worker_left(importing, django_capture_on_commit_callbacks, monkeypatch):
    batch = importing.check(importing.read(wisphub(3)))
    batches.run(batch=batch, by=importing.by, isp=importing.ref)
    sent = []
    monkeypatch.setattr(work.tasks.work_on_batch, "delay", lambda **kwargs: sent.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        sweeps.sweep(isp_id=importing.isp.pk)
    assert sent == [{"isp_id": importing.isp.pk, "batch_id": batch.pk}]


@pytest.mark.parametrize("chunk", [1, 2])
def test_a_fault_of_ours_in_the_middle_leaves_what_can_be_undone_and_loaded_again(
    importing, monkeypatch, caplog, chunk
):
    monkeypatch.setattr(loading, "CHUNK", 5)
    batch = importing.check(importing.read(wisphub(12)))
    made, calls = loading.make, []

    def failing(rows, with_what):
        calls.append(1)
        if len(calls) == chunk:
            raise RuntimeError("A fault.")
        made(rows, with_what)

    monkeypatch.setattr(loading, "make", failing)
    batch = importing.run(batch)
    monkeypatch.setattr(loading, "make", made)
    assert "An import could not go on." in caplog.text
    if chunk == 1:
        assert (batch.state, batch.trouble["code"]) == (Batch.State.CHECKED, "failed")
        batch = importing.run(batch)
        assert Subscriber.objects.count() == 12
        return
    assert (batch.state, batch.trouble["code"], Subscriber.objects.count()) == (Batch.State.DONE, "stopped", 5)
    with pytest.raises(batches.CannotDo):
        batches.discard(batch=batch, by=importing.by)
    again = importing.load(wisphub(12))
    assert (again.counts["new"], again.counts["skip"], Subscriber.objects.count()) == (7, 5, 12)
    importing.undo(batch)
    assert Subscriber.objects.count() == 7


class Killed(BaseException):
    """What a killed worker is to the code: no handler runs."""


@pytest.fixture
def real(committed, monkeypatch):
    """An import with commits of its own, in chunks of ten rows; all is removed afterwards."""
    from billing.models import Account, LedgerEntry
    from company.models import InvoiceGroup
    from core.models import AuditEntry, StoredFile
    from subscribers.models import Router, Tariff, Zone

    with public_scope():
        isp = ISP.objects.get(slug="wispmega")

    class Clerk:
        pk, audit_kind, audit_label = 1, "staff_user", "Clara Clerk"

    for module in ("checking", "loading", "undoing"):
        monkeypatch.setattr(f"imports.services.{module}.CHUNK", 10)
    monkeypatch.setattr(work.tasks.work_on_batch, "delay", lambda **kwargs: None)
    with isp_scope(isp):
        yield Committing(isp, Clerk())
        with transaction.atomic():
            Row.objects.all().delete()
            for model in (Batch, LedgerEntry, Account, Service, PortalUser, Subscriber, Tariff, Router, Zone,
                          InvoiceGroup, Counter, AuditEntry, StoredFile):  # fmt: skip
                model.objects.all().delete()


class Committing(Importing):
    """Each verb in a transaction of its own, as in a request."""

    def work(self, batch):
        work.work_on(batch_id=batch.pk, isp_id=self.isp.pk)
        with transaction.atomic():
            batch.refresh_from_db()
        return batch

    def checked(self, data):
        from tests.imports.conftest import tariffs

        with transaction.atomic():
            batch = batches.take_file(upload=SimpleUploadedFile("a.csv", data), by=self.by, isp=self.ref)
        batch = self.work(batch)
        with transaction.atomic():
            answers = {**batch.answers, "tariffs": tariffs(batch)}
            batches.check(batch=batch, answers=answers, isp=self.ref)
        return self.work(batch)


def counts():
    with transaction.atomic():
        return Subscriber.objects.count(), Service.objects.count(), Row.objects.filter(outcome="loaded").count()


@pytest.mark.parametrize("defended", [True, False])
def test_a_worker_killed_in_the_middle_of_a_run_doubles_and_loses_nobody(real, monkeypatch, defended):
    """It dies after it has written customers and before it commits, and again after a commit.

    The second run is the control: chunks that are not one transaction leave half a chunk behind.
    """
    batch = real.checked(wisphub(45))
    with transaction.atomic():
        batches.run(batch=batch, by=real.by, isp=real.ref)
    written = loading._write
    deaths = []

    def dying(rows):
        if len(deaths) < 2 and rows[0].number > 20 * (len(deaths) + 1) - 10:
            deaths.append(rows[0].number)
            if not defended:
                # The defence off: what was made is durable before the rows say so.
                connection.connection.commit()
            raise Killed
        written(rows)

    monkeypatch.setattr(loading, "_write", dying)
    for _ in range(4):
        try:
            real.work(batch)
        except Killed:
            connection.close()
    assert len(deaths) == 2
    if defended:
        assert counts() == (45, 45, 45)
        with transaction.atomic():
            batch.refresh_from_db()
        assert batch.state == Batch.State.DONE
    else:
        assert counts() != (45, 45, 45)


def test_a_worker_killed_while_it_reads_begins_anew_and_one_killed_while_undoing_goes_on(real, monkeypatch):
    from imports.services import reading, undoing

    monkeypatch.setattr(reading, "CHUNK", 10)
    whole = reading._insert
    calls = []

    def dying(batch, rows):
        calls.append(len(rows))
        if len(calls) == 3:
            raise Killed
        whole(batch, rows)

    with transaction.atomic():
        batch = batches.take_file(upload=SimpleUploadedFile("a.csv", wisphub(45)), by=real.by, isp=real.ref)
    monkeypatch.setattr(reading, "_insert", dying)
    with pytest.raises(Killed):
        real.work(batch)
    connection.close()
    batch = real.work(batch)
    assert (batch.state, batch.shape["rows"]) == (Batch.State.OPEN, 45)
    from tests.imports.conftest import tariffs

    with transaction.atomic():
        batches.check(batch=batch, answers={**batch.answers, "tariffs": tariffs(batch)}, isp=real.ref)
    batch = real.work(batch)
    with transaction.atomic():
        batches.run(batch=batch, by=real.by, isp=real.ref)
    batch = real.work(batch)
    assert counts() == (45, 45, 45)
    with transaction.atomic():
        batches.undo(batch=batch, by=real.by, isp=real.ref)
    once = undoing._write
    died = []

    def dying_once(rows):
        if len(died) == 0 and rows[-1].number < 30:
            died.append(1)
            raise Killed
        once(rows)

    monkeypatch.setattr(undoing, "_write", dying_once)
    with pytest.raises(Killed):
        real.work(batch)
    connection.close()
    batch = real.work(batch)
    assert (batch.state, batch.counts["undone"]) == (Batch.State.UNDONE, 45)
    assert counts()[:2] == (0, 0)
